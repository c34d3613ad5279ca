"""Invitations: a code that the company, the committee or an office sends to the phone of a unit's owner."""

import uuid
from datetime import timedelta

from sqlalchemy import select

from auth.codes import Limit, admit
from domain.claims import ATTEMPTS, INVITATION_LIFETIME, InvitationState
from domain.errors import CountedRefusal, ErrorCode, Refusal
from domain.identifiers import check_phone
from domain.roles import COMPANY, Role
from models.accounts import Account
from models.base import new_id
from models.claims import Invitation, UnitClaim
from models.estates import Estate, Unit
from models.people import Owner
from models.sealed import Kind, reveal, seal_into
from resolvers.bindings import holder, holders
from resolvers.claims import begin_bound, ends_alike
from resolvers.codes import is_code_of, send_code
from resolvers.jobs import job
from resolvers.unit_of_work import UnitOfWork

ISSUERS = (*sorted(COMPANY), Role.COMMITTEE, Role.COMMUNITY, Role.TOWNSHIP)
CODE_DIGITS = 8
PER_PHONE = (Limit("invitation-phone-day", 3, timedelta(days=1)),)
PER_UNIT = (Limit("invitation-unit-day", 6, timedelta(days=1)),)
TRIES = (Limit("invitation-try-day", 20, timedelta(days=1)),)


async def issue(uow: UnitOfWork, *, unit_id: uuid.UUID, owner_id: uuid.UUID, phone: str) -> Invitation:
    """Invite an owner of a unit (invitationIssue): a code goes to the phone, which nobody else gets to see.

    Whoever accepts also gives name and document as the register has them, so an invitation to a wrong phone opens
    nothing. ``ALREADY_REGISTERED`` where an account acts for the owner: what is wrong with it is for the community.
    """
    unit = await uow.load(Unit, unit_id, field="unitId")
    grant = await uow.act(ISSUERS, Unit, unit)
    number = check_phone(phone)
    owner = await holder(uow, unit.id, owner_id)
    if owner.account_id is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "ownerId", value=owner.name_mask)
    await admit(uow.session, uow.vault, PER_PHONE, number, uow.now)
    await admit(uow.session, uow.vault, PER_UNIT, str(unit.id), uow.now)
    estate = await uow.session.get_one(Estate, (uow.county, unit.estate_id))
    invitation = Invitation(
        county=uow.county,
        id=new_id(),
        unit_id=unit.id,
        owner_id=owner.id,
        area_id=unit.area_id,
        township=estate.township,
        community=estate.community,
        state=InvitationState.ISSUED.value,
        issued_by=uow.actor.account_id,
        issued_role=grant.role.value,
        expires_at=uow.now + INVITATION_LIFETIME,
        attempts=0,
        version=1,
    )
    seal_into(invitation, "phone", number, Kind.PHONE, uow.vault)
    uow.session.add(invitation)
    await uow.session.flush()  # the event and the job name it
    await uow.enqueue("invitation_send", invitation_id=invitation.id)
    await uow.audit("invitationIssue", invitation, grant=grant, to_state=invitation.state)
    return invitation


async def revoke(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> Invitation:
    """Take an invitation back that nobody has accepted (invitationRevoke)."""
    invitation = await uow.load(Invitation, id, lock=True)
    grant = await uow.act(ISSUERS, Invitation, invitation)
    if invitation.state != InvitationState.ISSUED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="invitationRevoke", state=invitation.state)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    invitation.state = InvitationState.REVOKED.value
    _changed(uow, invitation)
    await uow.audit("invitationRevoke", invitation, grant=grant, reason=reason.strip(), to_state=invitation.state)
    return invitation


async def accept(uow: UnitOfWork, *, code: str, name: str, id_tail: str) -> UnitClaim:
    """Accept an invitation that was sent to the own phone (invitationAccept): the account then acts for the owner.

    ``WRONG_CODE`` alike for a wrong or old code, a name or document that is not the register's, and a phone that
    nobody invited; each try counts, and an invitation stands five.
    """
    grant = await uow.act((Role.APPLICANT,))
    account = await uow.session.get_one(Account, uow.actor.account_id)
    await admit(uow.session, uow.vault, TRIES, str(account.id), uow.now)
    phone = reveal(account, "phone", uow.vault)
    wanted = uow.vault.index(phone or "", Kind.PHONE, uow.county)
    sent = select(Invitation).where(
        Invitation.county == uow.county,
        Invitation.phone_index == wanted,
        Invitation.state == InvitationState.ISSUED.value,
        Invitation.expires_at > uow.now,
        Invitation.attempts < ATTEMPTS,
    )
    accepted: Invitation | None = None
    for invitation in (await uow.session.scalars(sent.order_by(Invitation.id).with_for_update())).all():
        invitation.attempts += 1
        owner = await uow.session.get_one(Owner, (uow.county, invitation.owner_id))
        # All three are asked every time, so that nothing tells which one failed.
        facts = (
            is_code_of(uow.vault, invitation, code.strip()),
            owner.name == name.strip(),
            ends_alike(owner, id_tail),
        )
        if all(facts):
            accepted = invitation
    if accepted is None:
        raise CountedRefusal(ErrorCode.WRONG_CODE, "code")
    if accepted.owner_id not in {owner.id for owner in await holders(uow, accepted.unit_id)}:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "code", action="invitationAccept", state="NO_LONGER_OWNER")
    owner = await holder(uow, accepted.unit_id, accepted.owner_id)
    unit = await uow.session.get_one(Unit, (uow.county, accepted.unit_id))
    claim = await begin_bound(uow, unit, owner, grant, accepted.id)
    accepted.state, accepted.code_hash = InvitationState.ACCEPTED.value, None
    _changed(uow, accepted)
    return claim


@job("invitation_send")
async def send(uow: UnitOfWork, *, invitation_id: uuid.UUID) -> None:
    """Send an invitation's code."""
    invitation = await uow.session.get(Invitation, (uow.county, invitation_id), with_for_update=True)
    if invitation is not None and invitation.state == InvitationState.ISSUED:
        await send_code(uow, invitation, digits=CODE_DIGITS)


def _changed(uow: UnitOfWork, invitation: Invitation) -> None:
    invitation.version += 1
    invitation.updated_at = uow.now
