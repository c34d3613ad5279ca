"""Claims to units (房屋绑定): opened by anybody signed in, proved by a code or by the community, contested, ended."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from auth.actor import Grant
from auth.codes import Limit, admit
from auth.grants import Source, extend_grants, open_grant
from domain.claims import ATTEMPTS, CODE_LIFETIME, KEPT, TAIL, UNIT_CLAIM, ClaimAction, ClaimState, ClaimWay
from domain.errors import CountedRefusal, ErrorCode, Refusal
from domain.identifiers import check_phone, mask_name
from domain.roles import Role
from models.base import new_id
from models.claims import UnitClaim
from models.estates import Estate, Unit
from models.people import Owner
from models.sealed import Kind, seal_into
from resolvers.bindings import bind, holder, holders, unbind
from resolvers.cases import case_kind
from resolvers.codes import is_code_of, send_code
from resolvers.jobs import job
from resolvers.unit_of_work import UnitOfWork

CODE_DIGITS = 6
PER_ACCOUNT = (Limit("claim-account-day", 10, timedelta(days=1)),)
PER_PHONE = (Limit("claim-phone-day", 5, timedelta(days=1)),)
PER_UNIT = (Limit("claim-unit-day", 10, timedelta(days=1)),)


async def verify(uow: UnitOfWork, *, unit_id: uuid.UUID, name: str, id_tail: str, phone: str) -> UnitClaim:
    """Claim a unit by what its owner register says (unitClaimVerify): name, end of the document's number, phone.

    Whether they match changes neither the answer nor the time it takes: if they do, a code goes to that phone, and
    ``prove`` redeems it. ``RATE_LIMITED`` by account, phone and unit.
    """
    number = check_phone(phone)
    unit, grant = await _begin(uow, unit_id, name, id_tail)
    await admit(uow.session, uow.vault, PER_PHONE, number, uow.now)
    wanted = uow.vault.index(number, Kind.PHONE, uow.county)
    matching = [owner for owner in await holders(uow, unit.id) if _is(owner, name, id_tail, wanted)]
    claim = await _claim(uow, unit, ClaimWay.VERIFICATION, name, matching[0].id if len(matching) == 1 else None)
    seal_into(claim, "phone", number, Kind.PHONE, uow.vault)
    await _open(uow, claim, grant)
    await uow.enqueue("claim_code_send", claim_id=claim.id)
    return claim


async def prove(uow: UnitOfWork, *, id: uuid.UUID, code: str) -> UnitClaim:
    """Redeem the code of a verification (unitClaimProve): the account then acts for the owner.

    ``WRONG_CODE`` alike for a wrong code, an old one, one tried too often, and a claim that matched nothing; each try
    counts. ``ALREADY_REGISTERED`` where another account has proved the same: that is for the community to decide.
    """
    claim = await _own(uow, id, ClaimWay.VERIFICATION, ClaimState.OPENED, "unitClaimProve")
    usable = claim.attempts < ATTEMPTS and claim.code_until is not None and uow.now < claim.code_until
    claim.attempts += 1
    if not (is_code_of(uow.vault, claim, code.strip()) and usable) or claim.owner_id is None:
        raise CountedRefusal(ErrorCode.WRONG_CODE, "code")
    owner = await holder(uow, claim.unit_id, claim.owner_id, "id")
    await _check_not_proved_by_another(uow, claim, owner)
    claim.code_hash = None
    await uow.advance(claim, ClaimAction.PROVE, facts={"proven": True})
    await bind(uow, claim, owner)
    return claim


async def open_(uow: UnitOfWork, *, unit_id: uuid.UUID, name: str, id_tail: str) -> UnitClaim:
    """Begin a claim on papers (unitClaimOpen), to which they are then attached; nobody sees it before ``submit``.

    ``ALREADY_REGISTERED`` while the account's claim to the unit is under way or holds, ``RATE_LIMITED``.
    """
    unit, grant = await _begin(uow, unit_id, name, id_tail)
    live = select(UnitClaim.id).where(
        UnitClaim.county == uow.county,
        UnitClaim.unit_id == unit.id,
        UnitClaim.applicant_id == uow.actor.account_id,
        UnitClaim.state.not_in(sorted(UNIT_CLAIM.terminal)),
        UnitClaim.way == ClaimWay.APPROVAL.value,
    )
    if await uow.session.scalar(live.limit(1)) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "unitId", value=unit.name)
    claim = await _claim(uow, unit, ClaimWay.APPROVAL, name, None)
    claim.id_tail = id_tail.strip().upper()
    await _open(uow, claim, grant)
    return claim


async def submit(
    uow: UnitOfWork, *, id: uuid.UUID, document_ids: Sequence[uuid.UUID] = (), reason: str | None = None
) -> UnitClaim:
    """Hand a claim in with its papers (unitClaimSubmit); the community finds it in its queue."""
    claim = await uow.load(UnitClaim, id, lock=True)
    await uow.advance(claim, ClaimAction.SUBMIT, documents=document_ids, reason=reason)
    return claim


async def approve(uow: UnitOfWork, *, id: uuid.UUID, owner_id: uuid.UUID, reason: str | None = None) -> UnitClaim:
    """Find that the applicant is this owner (unitClaimApprove): the account then acts for the owner's record.

    Where another account is bound to the record it has seven days to contest (``POSTING_PERIOD_NOT_OVER``).
    """
    claim = await uow.load(UnitClaim, id, lock=True)
    owner = await holder(uow, claim.unit_id, owner_id)
    taken = owner.account_id not in (None, claim.applicant_id)
    claim.owner_id = owner.id
    await uow.advance(claim, ClaimAction.APPROVE, facts={"record_taken": taken}, reason=reason)
    await bind(uow, claim, owner)
    return claim


async def reject(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> UnitClaim:
    """Refuse a claim with reasons (unitClaimReject)."""
    claim = await uow.load(UnitClaim, id, lock=True)
    await uow.advance(claim, ClaimAction.REJECT, reason=reason)
    return claim


async def withdraw(uow: UnitOfWork, *, id: uuid.UUID) -> UnitClaim:
    """Withdraw the own claim (unitClaimWithdraw); a binding that is contested ends with it."""
    claim = await uow.load(UnitClaim, id, lock=True)
    await uow.advance(claim, ClaimAction.WITHDRAW)
    return claim


async def contest(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> UnitClaim:
    """Contest somebody's claim to the own unit (unitClaimContest): the township then decides."""
    claim = await uow.load(UnitClaim, id, lock=True)
    await uow.advance(claim, ClaimAction.CONTEST, reason=reason)
    claim.contested_by = uow.actor.account_id
    return claim


async def uphold(uow: UnitOfWork, *, id: uuid.UUID, reason: str, owner_id: uuid.UUID | None = None) -> UnitClaim:
    """Decide a contested claim for the applicant (unitClaimUphold); ``owner_id`` unless the claim names the record."""
    claim = await uow.load(UnitClaim, id, lock=True)
    record = owner_id or claim.owner_id
    if record is None:
        raise Refusal(ErrorCode.REQUIRED, "ownerId")
    owner = await holder(uow, claim.unit_id, record)
    claim.owner_id = owner.id
    await uow.advance(claim, ClaimAction.UPHOLD, reason=reason)
    await bind(uow, claim, owner)
    return claim


async def dismiss(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> UnitClaim:
    """Decide a contested claim against the applicant (unitClaimDismiss); a binding ends at once."""
    claim = await uow.load(UnitClaim, id, lock=True)
    await uow.advance(claim, ClaimAction.DISMISS, reason=reason)
    return claim


@job("claim_code_send")
async def send(uow: UnitOfWork, *, claim_id: uuid.UUID) -> None:
    """Send a verification's code, if what was given matched the register."""
    claim = await uow.session.get(UnitClaim, (uow.county, claim_id), with_for_update=True)
    if claim is None or claim.state != ClaimState.OPENED or claim.owner_id is None:
        return
    claim.code_until, claim.attempts = uow.now + CODE_LIFETIME, 0
    await send_code(uow, claim, digits=CODE_DIGITS)


async def begin_bound(uow: UnitOfWork, unit: Unit, owner: Owner, grant: Grant, invitation_id: uuid.UUID) -> UnitClaim:
    """The claim of an accepted invitation, which is proved already."""
    claim = await _claim(uow, unit, ClaimWay.INVITATION, owner.name, owner.id)
    claim.invitation_id = invitation_id
    await _check_not_proved_by_another(uow, claim, owner)
    await _open(uow, claim, grant)
    await uow.advance(claim, ClaimAction.PROVE, facts={"proven": True})
    await bind(uow, claim, owner)
    return claim


def ends_alike(owner: Owner, id_tail: str) -> bool:
    """Whether the register's document, or credit code, ends with these characters; one without a number matches none."""
    number = owner.credit_code or owner.document_mask
    return number is not None and number[-TAIL:] == id_tail.strip().upper()


def _is(owner: Owner, name: str, id_tail: str, phone_index: bytes) -> bool:
    """All three at once, so that nothing tells which one failed."""
    facts = (
        owner.name == name.strip(),
        ends_alike(owner, id_tail),
        phone_index in (owner.phone_index, owner.agent_phone_index),
    )
    return all(facts)


async def _begin(uow: UnitOfWork, unit_id: uuid.UUID, name: str, id_tail: str) -> tuple[Unit, Grant]:
    grant = await uow.act((Role.APPLICANT,))
    if not name.strip():
        raise Refusal(ErrorCode.REQUIRED, "name")
    if len(id_tail.strip()) != TAIL or not id_tail.strip().isalnum():
        raise Refusal(ErrorCode.INVALID_INPUT, "idTail")
    unit = await uow.session.get(Unit, (uow.county, unit_id))
    if unit is None:
        raise Refusal(ErrorCode.NOT_FOUND, "unitId")
    await admit(uow.session, uow.vault, PER_ACCOUNT, str(uow.actor.account_id), uow.now)
    await admit(uow.session, uow.vault, PER_UNIT, str(unit.id), uow.now)
    return unit, grant


async def _claim(uow: UnitOfWork, unit: Unit, way: ClaimWay, name: str, owner_id: uuid.UUID | None) -> UnitClaim:
    estate = await uow.session.get_one(Estate, (uow.county, unit.estate_id))
    return UnitClaim(
        county=uow.county,
        id=new_id(),
        title=f"{estate.name} {unit.name}",
        township=estate.township,
        community=estate.community,
        estate_id=estate.id,
        area_id=unit.area_id,
        unit_id=unit.id,
        way=way.value,
        owner_id=owner_id,
        name=name.strip(),
        name_mask=mask_name(name.strip()),
        attempts=0,
    )


async def _open(uow: UnitOfWork, claim: UnitClaim, grant: Grant) -> None:
    """Store the claim; its applicant sees it until some time after its end."""
    await uow.open_case(claim, UNIT_CLAIM, grant=grant)
    await open_grant(
        uow.session,
        Role.APPLICANT,
        uow.county,
        Source("unit_claim", claim.id),
        account_id=uow.actor.account_id,
        valid_from=uow.today,
    )


async def _own(uow: UnitOfWork, claim_id: uuid.UUID, way: ClaimWay, state: ClaimState, action: str) -> UnitClaim:
    claim = await uow.load(UnitClaim, claim_id, lock=True)
    if claim.applicant_id != uow.actor.account_id:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    if claim.way != way or claim.state != state:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action=action, state=claim.state)
    return claim


async def _check_not_proved_by_another(uow: UnitOfWork, claim: UnitClaim, owner: Owner) -> None:
    """An account that the register merely knows by its phone gives way; one that proved itself does not."""
    another = select(UnitClaim.id).where(
        UnitClaim.county == uow.county,
        UnitClaim.owner_id == owner.id,
        UnitClaim.state.in_((ClaimState.BOUND.value, ClaimState.CONTESTED.value)),
        UnitClaim.bound_on.is_not(None),
        UnitClaim.id != claim.id,
    )
    if owner.account_id != uow.actor.account_id and await uow.session.scalar(another.limit(1)) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "id", value=claim.title)


async def _moved(uow: UnitOfWork, claim: Any, former: str) -> None:
    """A claim that is over ends its binding, and after a while its applicant's grant."""
    if claim.state not in UNIT_CLAIM.terminal:
        return
    if former in (ClaimState.BOUND, ClaimState.CONTESTED) and claim.state != ClaimState.ENDED:
        await unbind(uow, claim)
    claim.ended_on = claim.ended_on or uow.today
    await extend_grants(uow.session, Source("unit_claim", claim.id), uow.today + KEPT)


case_kind(
    UnitClaim,
    (UNIT_CLAIM,),
    facts=lambda claim: {"way": claim.way, "ended_on": claim.ended_on},
    resting=(ClaimState.OPENED, ClaimState.BOUND),
    asks=lambda _claim, role: role in (Role.COMMUNITY, Role.TOWNSHIP),
    moved=_moved,
)
