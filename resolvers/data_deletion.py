"""What a decided request does to a person's records: corrected, or pseudonymised where nothing requires keeping them."""

import uuid
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, true

from auth.grants import Source, end_grants
from auth.identities import end_bindings
from domain.bills import BillState
from domain.claims import InvitationState
from domain.errors import ErrorCode, Refusal
from domain.estates import OwnerKind, SearchKind
from domain.identifiers import mask_name
from domain.people import born_on
from domain.personal_data import Hold, Standing, holds, pseudonym
from domain.roles import RESIDENTS, Role
from domain.text import name_key
from models.accounts import Account, AccountGrant, AccountStatus
from models.claims import Invitation, UnitClaim
from models.data_requests import DataRequest
from models.estates import Occupancy, Ownership, Unit
from models.fees import FeeBill
from models.filings import Referral, ReferralSubject
from models.people import Owner
from models.personal_data import LegalHold
from models.sealed import Kind, reveal, seal_into
from models.sessions import SessionDevice
from resolvers.case_kinds import KINDS
from resolvers.search import index_texts
from resolvers.unit_of_work import UnitOfWork


async def holds_of(uow: UnitOfWork, owner: Owner, *, but: uuid.UUID | None = None) -> tuple[Hold, ...]:
    """What requires keeping a person's data today; ``but`` is the request itself."""
    return holds(await _standing(uow, owner, but), uow.today, kept_years=uow.profile.personal_data_kept_years)


async def apply_correction(uow: UnitOfWork, request: DataRequest) -> None:
    """Write the new values of a request into the record that it names."""
    model, key = (Owner, request.owner_id) if request.owner_id else (Occupancy, request.occupancy_id)
    row: Any = await uow.session.get_one(model, (uow.county, key), with_for_update=True)
    if request.new_name is not None:
        row.name = request.new_name
        if isinstance(row, Owner):
            row.name_mask, row.name_sort = mask_name(row.name), name_key(row.name)
    if request.new_document_index is not None:
        await _check_free(uow, row, request)
        number = reveal(request, "new_document", uow.vault)
        row.document_kind = request.new_document_kind
        seal_into(row, "document", number, Kind.ID_NUMBER, uow.vault)
        if request.new_document_kind == "ID_CARD" and number is not None:
            row.born_on = born_on(number)
    if request.new_phone_index is not None:
        seal_into(row, "phone", reveal(request, "new_phone", uow.vault), Kind.PHONE, uow.vault)
    # The request has done its work: the record holds the values now, and nothing else needs them.
    seal_into(request, "new_document", None, Kind.ID_NUMBER, uow.vault)
    seal_into(request, "new_phone", None, Kind.PHONE, uow.vault)
    request.new_name = request.new_document_kind = None
    await uow.session.flush()  # the search table is written by statements of its own
    if isinstance(row, Owner):
        await index_texts(uow.session, uow.county, SearchKind.OWNER, row.id, row.name, row.credit_code)
    uow.notify(row)


async def erase(uow: UnitOfWork, owner: Owner) -> None:
    """Take everything personal out of a person's records. Ownerships, bills and events stay: they count."""
    if owner.kind != OwnerKind.PERSON.value:
        raise Refusal(ErrorCode.INVALID_INPUT, "id")
    account_id = owner.account_id
    owner.name = owner.name_mask = pseudonym(str(owner.id))
    owner.name_sort = owner.name
    owner.document_kind = owner.born_on = owner.guardian_id = owner.account_id = owner.agent_name = None
    owner.is_minor = False
    for attribute, kind in (("document", Kind.ID_NUMBER), ("phone", Kind.PHONE), ("agent_phone", Kind.PHONE)):
        seal_into(owner, attribute, None, kind, uow.vault)
    await uow.session.flush()  # the search table is written by statements of its own
    await index_texts(uow.session, uow.county, SearchKind.OWNER, owner.id)
    ownerships = select(Ownership.id).where(Ownership.county == uow.county, Ownership.owner_id == owner.id)
    for ownership_id in (await uow.session.scalars(ownerships)).all():
        await end_grants(uow.session, Source("ownership", ownership_id), uow.today)
    await _erase_claims(uow, owner.id, account_id)
    if account_id is not None:
        await _erase_occupancies(uow, account_id)
        await _close_account(uow, account_id)
    uow.notify(owner)


async def _erase_occupancies(uow: UnitOfWork, account_id: uuid.UUID) -> None:
    found = select(Occupancy).where(Occupancy.county == uow.county, Occupancy.account_id == account_id)
    for row in (await uow.session.scalars(found)).all():
        row.name, row.account_id = pseudonym(str(row.id)), None
        seal_into(row, "phone", None, Kind.PHONE, uow.vault)


async def _erase_claims(uow: UnitOfWork, owner_id: uuid.UUID, account_id: uuid.UUID | None) -> None:
    """Claims that the person made or that name the person's record, and invitations to it. None of them is under way."""
    claims = select(UnitClaim).where(
        UnitClaim.county == uow.county, or_(UnitClaim.owner_id == owner_id, UnitClaim.applicant_id == account_id)
    )
    for claim in (await uow.session.scalars(claims)).all():
        claim.name = claim.name_mask = pseudonym(str(owner_id))
        claim.id_tail = claim.code_hash = None
        seal_into(claim, "phone", None, Kind.PHONE, uow.vault)
        if claim.applicant_id == account_id:
            await end_grants(uow.session, Source("unit_claim", claim.id), uow.today)
    invitations = select(Invitation).where(Invitation.county == uow.county, Invitation.owner_id == owner_id)
    for invitation in (await uow.session.scalars(invitations)).all():
        invitation.code_hash = None
        seal_into(invitation, "phone", None, Kind.PHONE, uow.vault)
        if invitation.state == InvitationState.ISSUED.value:
            invitation.state = InvitationState.REVOKED.value
        invitation.version, invitation.updated_at = invitation.version + 1, uow.now


async def _close_account(uow: UnitOfWork, account_id: uuid.UUID) -> None:
    """A login that opens nothing anywhere any more goes with the data."""
    grants = select(func.count()).where(AccountGrant.account_id == account_id, _holds(AccountGrant, uow.today))
    if (await uow.session.execute(grants)).scalar_one():
        return
    account = await uow.session.get_one(Account, account_id, with_for_update=True)
    account.display_name, account.status = pseudonym(str(account.id)), AccountStatus.CLOSED.value
    account.grants_version += 1
    await end_bindings(uow.session, account_id, uow.now)
    await uow.session.execute(delete(SessionDevice).where(SessionDevice.account_id == account_id))
    seal_into(account, "phone", None, Kind.PHONE, uow.vault)


async def _check_free(uow: UnitOfWork, row: Owner, request: DataRequest) -> None:
    taken = select(Owner.id).where(
        Owner.county == uow.county,
        Owner.document_kind == request.new_document_kind,
        Owner.document_index == request.new_document_index,
        Owner.id != row.id,
    )
    if await uow.session.scalar(taken) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "documentNumber")


async def _standing(uow: UnitOfWork, owner: Owner, but: uuid.UUID | None) -> Standing:
    county, account_id = uow.county, owner.account_id
    held = select(Ownership).where(Ownership.county == county, Ownership.owner_id == owner.id).subquery()
    used = select(Occupancy).where(Occupancy.county == county, Occupancy.account_id == account_id).subquery()
    units = select(held.c.unit_id)
    unpaid = select(FeeBill.id).where(
        FeeBill.county == county,
        FeeBill.state != BillState.VOIDED.value,
        FeeBill.settled < FeeBill.amount + FeeBill.adjusted,
        select(held.c.id)
        .where(
            held.c.unit_id == FeeBill.unit_id,
            held.c.valid_from <= FeeBill.period_to,
            or_(held.c.valid_to.is_(None), held.c.valid_to > FeeBill.period_from),
        )
        .exists(),
    )
    posts = select(AccountGrant.id).where(
        AccountGrant.account_id == account_id,
        AccountGrant.county == county,
        AccountGrant.role.not_in(sorted(RESIDENTS | {Role.APPLICANT})),
        _holds(AccountGrant, uow.today),
    )
    estates = select(Unit.estate_id).where(Unit.county == county, Unit.id.in_(units))
    referred = (
        select(Referral.id)
        .join(
            ReferralSubject,
            (ReferralSubject.county == Referral.county) & (ReferralSubject.referral_id == Referral.id),
        )
        .where(
            Referral.county == county,
            Referral.expires_on >= uow.today,
            Referral.revoked_on.is_(None),
            or_(
                ReferralSubject.subject_id == owner.id,
                ReferralSubject.subject_id.in_(units),
                ReferralSubject.subject_id.in_(estates),
            ),
        )
    )
    orders = select(LegalHold.id).where(
        LegalHold.county == county, LegalHold.owner_id == owner.id, LegalHold.lifted_on.is_(None)
    )
    return Standing(
        holds_units=await _count(uow, select(held.c.id).where(_holds(held.c, uow.today))),
        uses_units=await _count(uow, select(used.c.id).where(_holds(used.c, uow.today))),
        unpaid_bills=await _count(uow, unpaid),
        open_cases=await _open_cases(uow, account_id, but),
        posts=await _count(uow, posts),
        disclosures=await _count(uow, referred),
        orders=await _count(uow, orders),
        last_held_on=await uow.session.scalar(select(func.max(held.c.valid_to))),
    )


def _holds(row: Any, today: date) -> ColumnElement[bool]:
    return and_(row.valid_from <= today, or_(row.valid_to.is_(None), row.valid_to > today))


async def _count(uow: UnitOfWork, found: Select[Any]) -> int:
    return int((await uow.session.execute(select(func.count()).select_from(found.subquery()))).scalar_one())


async def _open_cases(uow: UnitOfWork, account_id: uuid.UUID | None, but: uuid.UUID | None) -> int:
    """Cases of every kind that the person opened and that neither are over nor rest."""
    if account_id is None:
        return 0
    total = 0
    for model, kind in KINDS.items():
        over = sorted(kind.resting.union(*(workflow.terminal for workflow in kind.workflows)))
        found: Select[Any] = select(model.id).where(
            model.county == uow.county,
            model.applicant_id == account_id,
            model.state.not_in(over),
            model.id != but if but is not None else true(),
        )
        total += await _count(uow, found)
    return total
