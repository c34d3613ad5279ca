"""What people let apps of others do for them, and taking it back (RULES PRI-1, PRI-4)."""

from auth.oauth.consents import Consent, consents_of, withdraw_consent
from domain.errors import ErrorCode, Refusal
from resolvers.sessions import own_account
from resolvers.unit_of_work import UnitOfWork


async def own(uow: UnitOfWork) -> list[Consent]:
    """The own consents that stand."""
    return await consents_of(uow.session, own_account(uow))


async def withdraw(uow: UnitOfWork, *, client_id: str) -> int:
    """Take back what an app was allowed (consentWithdraw): its tokens are refused at their next request.

    ``NOT_FOUND`` where nothing was allowed, whether or not there is such an app. How many sign-ins ended.
    """
    ended = await withdraw_consent(uow.session, own_account(uow), client_id, uow.now)
    if ended is None:
        raise Refusal(ErrorCode.NOT_FOUND, "clientId")
    return ended
