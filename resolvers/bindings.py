"""What a proved claim does: the account acts for the owner's record, with the grants of all that the owner holds."""

import uuid
from collections.abc import Iterable
from datetime import date

from sqlalchemy import select

from auth.grants import Reach, Source, end_grants, open_grant
from domain.claims import ClaimState
from domain.errors import ErrorCode, Refusal
from domain.roles import Role
from models.claims import UnitClaim
from models.estates import Ownership, Unit
from models.people import Owner
from resolvers.unit_of_work import UnitOfWork

LIVE = (ClaimState.BOUND.value, ClaimState.CONTESTED.value)


async def holders(uow: UnitOfWork, unit_id: uuid.UUID) -> list[Owner]:
    """The owners who hold the unit now."""
    held = (
        select(Owner)
        .join(Ownership, (Ownership.county == Owner.county) & (Ownership.owner_id == Owner.id))
        .where(
            Owner.county == uow.county,
            Ownership.county == uow.county,
            Ownership.unit_id == unit_id,
            Ownership.valid_to.is_(None),
        )
        .order_by(Owner.id)
    )
    return list((await uow.session.scalars(held)).all())


async def holder(uow: UnitOfWork, unit_id: uuid.UUID, owner_id: uuid.UUID, field: str = "ownerId") -> Owner:
    """One of the unit's present owners, locked; ``INVALID_INPUT`` for anybody else."""
    if owner_id not in {owner.id for owner in await holders(uow, unit_id)}:
        raise Refusal(ErrorCode.INVALID_INPUT, field)
    return await uow.session.get_one(Owner, (uow.county, owner_id), with_for_update=True, populate_existing=True)


async def bind(uow: UnitOfWork, claim: UnitClaim, owner: Owner) -> None:
    """The claim's account acts for the owner from today on, and nobody else's does."""
    await _release(uow, owner)
    for other in await _live_claims(uow, [owner.id]):
        if other.id != claim.id:
            other.ended_on = uow.today
            await uow.reschedule(other)
    owner.account_id = claim.applicant_id
    claim.owner_id, claim.bound_on = owner.id, uow.today
    for row in await _holdings(uow, owner.id):
        unit = await uow.session.get_one(Unit, (uow.county, row.unit_id))
        await open_owner_grants(uow, unit, row, owner)


async def unbind(uow: UnitOfWork, claim: UnitClaim) -> None:
    """The claim's account no longer acts for the owner."""
    if claim.owner_id is None or claim.bound_on is None:
        return
    owner = await uow.session.get_one(Owner, (uow.county, claim.owner_id), with_for_update=True)
    if owner.account_id == claim.applicant_id:
        await _release(uow, owner)


async def end_with_ownership(uow: UnitOfWork, unit_id: uuid.UUID, former: Iterable[uuid.UUID], on: date) -> None:
    """These owners no longer hold the unit: claims to it end, and whoever holds nothing more has no account here."""
    gone = set(former) - {owner.id for owner in await holders(uow, unit_id)}
    for claim in await _live_claims(uow, gone):
        if claim.unit_id == unit_id:
            claim.ended_on = on
            await uow.reschedule(claim)
    for owner_id in sorted(gone):
        if not await _holdings(uow, owner_id):
            owner = await uow.session.get_one(Owner, (uow.county, owner_id), with_for_update=True)
            owner.account_id = None


async def open_owner_grants(uow: UnitOfWork, unit: Unit, row: Ownership, owner: Owner) -> None:
    """The owner's account, and a minor's guardian's, act for the unit while the ownership lasts."""
    accounts = {owner.account_id}
    if owner.guardian_id is not None:
        guardian = await uow.session.get_one(Owner, (uow.county, owner.guardian_id))
        accounts.add(guardian.account_id)
    for account_id in sorted(accounts - {None}, key=str):
        await open_grant(
            uow.session,
            Role.OWNER,
            uow.county,
            Source("ownership", row.id),
            account_id=account_id,
            reach=reach_of(unit),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )


def reach_of(unit: Unit) -> Reach:
    """What a grant covers that follows from a unit."""
    return Reach(unit_id=unit.id, estate_id=unit.estate_id, area_id=unit.area_id)


async def _release(uow: UnitOfWork, owner: Owner) -> None:
    """End the grants that the owner's present account has from what the owner holds."""
    if owner.account_id is None:
        return
    for row in await _holdings(uow, owner.id):
        await end_grants(uow.session, Source("ownership", row.id), uow.today, account_id=owner.account_id)
    owner.account_id = None


async def _holdings(uow: UnitOfWork, owner_id: uuid.UUID) -> list[Ownership]:
    held = select(Ownership).where(
        Ownership.county == uow.county, Ownership.owner_id == owner_id, Ownership.valid_to.is_(None)
    )
    return list((await uow.session.scalars(held.order_by(Ownership.id))).all())


async def _live_claims(uow: UnitOfWork, owners: Iterable[uuid.UUID]) -> list[UnitClaim]:
    live = select(UnitClaim).where(
        UnitClaim.county == uow.county, UnitClaim.owner_id.in_(sorted(owners)), UnitClaim.state.in_(LIVE)
    )
    return list((await uow.session.scalars(live.order_by(UnitClaim.id).with_for_update())).all())
