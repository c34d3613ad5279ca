"""Failed proofs: counted towards lockouts (``domain.lockouts``), and kept for operators to look at.

    async with sessions.begin() as session:
        await refuse_locked(session, vault, caller, now)
    ...                                                  # the proof fails, and its own transaction ends
    async with sessions.begin() as session:
        await record_failure(session, vault, Failure(Proof.CODE, "WRONG_CODE", caller), now)

Nothing here knows whether an account has the phone or a client the id: known and unknown ones are treated alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from auth.sessions import masked_address
from domain import lockouts
from domain.errors import ErrorCode, Refusal
from domain.identifiers import mask_phone
from domain.lockouts import COUNTED, LOCKOUTS, Proof, Subject
from models.attempts import FailedAttempt, Lockout
from models.base import new_id
from models.sealed import SHARED, Kind, Vault

Rules = Mapping[Subject, lockouts.Lockout]


@dataclass(frozen=True)
class Caller:
    """Who tries: from which address (``auth.proxy.subscriber``), for which phone, as which client."""

    address: str
    phone: str | None = None
    client_id: str | None = None

    def subjects(self, vault: Vault) -> dict[bytes, tuple[Subject, str | None]]:
        """Whose failures these are, by blind index, each with what may be shown of it."""
        found = {Subject.ADDRESS: (self.address, self.address_mask)}
        if self.phone is not None:
            found[Subject.PHONE] = (self.phone, mask_phone(self.phone))
        if self.client_id is not None:
            found[Subject.CLIENT] = (f"{self.client_id}@{self.address}", f"{self.client_id}@{self.address_mask}")
        return {subject_index(vault, kind, value): (kind, mask) for kind, (value, mask) in found.items()}

    @property
    def address_mask(self) -> str | None:
        """The network of the address."""
        return masked_address(self.address.partition("/")[0])


@dataclass(frozen=True)
class Failure:
    """A proof that failed, and with which answer."""

    proof: Proof
    reason: str
    caller: Caller


def subject_index(vault: Vault, kind: Subject, value: str) -> bytes:
    """The blind index under which failures of a phone, an address or ``client@address`` are counted."""
    return vault.index(value, f"lockout-{kind}", SHARED)


async def refuse_locked(session: AsyncSession, vault: Vault, caller: Caller, now: datetime) -> None:
    """Refuse with ``LOCKED_OUT`` while one of the caller's phone, address or client is locked out."""
    subjects = caller.subjects(vault)
    locked = select(Lockout.locked_until).where(Lockout.subject.in_(subjects), Lockout.locked_until > now)
    until = await session.scalar(locked.order_by(Lockout.locked_until.desc()).limit(1))
    if until is not None:
        raise Refusal(ErrorCode.LOCKED_OUT, seconds=int((until - now).total_seconds()) + 1)


async def record_failure(
    session: AsyncSession, vault: Vault, failure: Failure, now: datetime, rules: Rules = LOCKOUTS
) -> None:
    """Keep a failed attempt, and count it towards the lockouts that it concerns (``domain.lockouts.COUNTED``)."""
    caller = failure.caller
    session.add(
        FailedAttempt(
            id=new_id(),
            at=now,
            proof=failure.proof,
            reason=failure.reason,
            client_id=caller.client_id,
            phone_index=None if caller.phone is None else vault.index(caller.phone, Kind.PHONE, SHARED),
            phone_mask=None if caller.phone is None else mask_phone(caller.phone),
            address_index=subject_index(vault, Subject.ADDRESS, caller.address),
            address_mask=caller.address_mask,
        )
    )
    # In one order, so that two failures of the same subjects do not wait for each other in a circle.
    for subject, (kind, mask) in sorted(caller.subjects(vault).items()):
        if kind in COUNTED[failure.proof]:
            await _count(session, subject, kind, mask, rules[kind], now)


async def _count(
    session: AsyncSession, subject: bytes, kind: Subject, mask: str | None, rule: lockouts.Lockout, now: datetime
) -> None:
    first = insert(Lockout).values(subject=subject, kind=kind, mask=mask, failures=1, last_failed_at=now)
    over = Lockout.last_failed_at < now - rule.forgets
    failures = await session.scalar(
        first.on_conflict_do_update(
            index_elements=[Lockout.subject],
            set_={"failures": case((over, 1), else_=Lockout.failures + 1), "last_failed_at": now},
        ).returning(Lockout.failures)
    )
    span = rule.span(failures or 0)
    if span is not None:
        await session.execute(update(Lockout).where(Lockout.subject == subject).values(locked_until=now + span))


async def forgive(session: AsyncSession, vault: Vault, caller: Caller) -> None:
    """A proof succeeded: the row of failures of the phone and the client is over. That of the address goes on, or who has
    an account of their own could try others' for ever."""
    over = [subject for subject, (kind, _) in caller.subjects(vault).items() if kind is not Subject.ADDRESS]
    await session.execute(delete(Lockout).where(Lockout.subject.in_(over)))


async def forget_attempts(session: AsyncSession, now: datetime) -> None:
    """Delete attempts kept for long enough, and rows of failures that are over (the worker's daily sweep)."""
    await session.execute(delete(FailedAttempt).where(FailedAttempt.at < now - lockouts.KEEP_ATTEMPTS))
    longest = max(rule.forgets for rule in LOCKOUTS.values())
    ended = func.coalesce(Lockout.locked_until, Lockout.last_failed_at) < now
    await session.execute(delete(Lockout).where(Lockout.last_failed_at < now - longest, ended))
