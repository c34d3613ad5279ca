"""What people do with their own sign-ins: end one, or all others (a lost phone)."""

import uuid

from auth.sessions import Session, revoke_sessions, session_of, sessions_of
from domain.errors import ErrorCode, Refusal
from resolvers.unit_of_work import UnitOfWork


async def revoke(uow: UnitOfWork, *, session_id: str) -> int:
    """End one of the own sessions with its tokens (sessionRevoke); refused at their next request.

    ``NOT_FOUND`` for somebody else's exactly as for one that does not exist. How many are left.
    """
    account_id = own_account(uow)
    try:
        wanted = uuid.UUID(session_id)
    except ValueError:
        raise Refusal(ErrorCode.NOT_FOUND, "sessionId") from None
    if not await revoke_sessions(uow.session, account_id, uow.now, only=wanted):
        raise Refusal(ErrorCode.NOT_FOUND, "sessionId")
    return len(await sessions_of(uow.session, account_id, uow.now))


async def revoke_others(uow: UnitOfWork) -> int:
    """End all own sessions but the one that asks (sessionsRevokeOthers); how many there were."""
    account_id, token_id = own_account(uow), uow.actor.token_id
    present = None if token_id is None else await session_of(uow.session, token_id)
    if present is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    return await revoke_sessions(uow.session, account_id, uow.now, but=present)


async def own(uow: UnitOfWork) -> tuple[list[Session], uuid.UUID | None]:
    """The own live sessions, and which of them asks."""
    token_id = uow.actor.token_id
    present = None if token_id is None else await session_of(uow.session, token_id)
    return await sessions_of(uow.session, own_account(uow), uow.now), present


def own_account(uow: UnitOfWork) -> uuid.UUID:
    """The caller's account; ``FORBIDDEN_ROLE`` for a partner."""
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    return uow.actor.account_id
