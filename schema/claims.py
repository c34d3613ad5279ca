"""Claims to units and invitations, as applicants, owners and offices see and make them."""

import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import select

from auth.codes import Limit, admit
from domain.claims import ClaimState, ClaimWay, InvitationState
from domain.estates import EstateState
from domain.personal_data import PersonalField
from domain.profiles import counties
from domain.roles import Role
from models import claims as models
from models.documents import Document as DocumentRow
from models.estates import Estate
from models.estates import Unit as UnitRow
from resolvers import claims, invitations
from resolvers.unit_of_work import UnitOfWork, transact
from schema.acts import act
from schema.cases import available_actions_of, events_of, reviews_of
from schema.common import DateTime
from schema.conditions import equal, of, since
from schema.engine.declare import answer, column, descending, entity, filters, listing, many, one, orders
from schema.engine.intents import changes, given, inputs, ref
from schema.engine.run import Run
from schema.engine.types import Connection, described, plain_type
from schema.engine.values import Ref, encode_id

if TYPE_CHECKING:
    from schema.attachments import Document
    from schema.cases import AuditEvent, Review
    from schema.estates import Unit
    from schema.people import Owner

for _enumeration in (ClaimState, ClaimWay, InvitationState):
    described(_enumeration)

OFFICES = frozenset({Role.COMMUNITY, Role.TOWNSHIP, Role.BUREAU})
WITH_NAMES = OFFICES | {Role.APPLICANT}
LOOK_UPS = (Limit("unit-look-up-hour", 60, datetime.timedelta(hours=1)),)

CLAIM_ORDERS = orders(
    "UnitClaimOrder",
    "How claims are ordered.",
    NEWEST=(descending(models.UnitClaim.updated_at), "Last changed first."),
)


@filters("Which claims. All given conditions must hold.")
class UnitClaimFilter:
    state: ClaimState | None = equal("state", "In this state.")
    way: ClaimWay | None = equal("way", "Proved in this way.")
    unit: strawberry.ID | None = of("Unit", "unit_id", "To this unit.")
    updated_since: DateTime | None = since()


@entity(
    models.UnitClaim,
    "That somebody claims to be a unit's owner (房屋绑定): proved by an invitation, against the owner register, or on papers.",
    orders=CLAIM_ORDERS,
    filters=UnitClaimFilter,
    states=models.UnitClaim.state,
)
class UnitClaim:
    title: str = column(models.UnitClaim.title, "Estate and unit, as queues show them.")
    way: ClaimWay = column(models.UnitClaim.way, "How it is proved.")
    state: ClaimState = column(models.UnitClaim.state, "Where it stands.")
    state_since: DateTime = column(models.UnitClaim.state_since, "Since when.")
    unit: "Unit | None" = one(models.UnitClaim.unit_id, "The unit, where the caller may see it.")
    name: str | None = column(
        models.UnitClaim.name,
        "The applicant's name; masked for others.",
        to=WITH_NAMES,
        mask=models.UnitClaim.name_mask,
        personal=PersonalField.NAME,
    )
    phone: str | None = column(models.UnitClaim.phone_mask, "The phone that was given, masked.", to=WITH_NAMES)
    id_tail: str | None = column(
        models.UnitClaim.id_tail,
        "The last characters of the document's number, as the applicant gave them.",
        to=OFFICES,
    )
    owner: "Owner | None" = one(models.UnitClaim.owner_id, "The owner's record to which it is bound.", to=OFFICES)
    township: str | None = column(models.UnitClaim.township, "Division code, 9 digits.")
    community: str | None = column(models.UnitClaim.community, "Division code, 12 digits.")
    due_on: datetime.date | None = column(models.UnitClaim.due_on, "The last day for the next act.")
    bound_on: datetime.date | None = column(models.UnitClaim.bound_on, "Since when the account acts for the owner.")
    ended_on: datetime.date | None = column(models.UnitClaim.ended_on, "When it was over.")
    version: int = column(models.UnitClaim.version, "Counts up with every change.")
    updated_at: DateTime = column(models.UnitClaim.updated_at, "Last change.")
    documents: Connection["Document"] = many(
        DocumentRow.subject_id, "Its papers.", where=lambda row: row.subject_type == "unit_claim"
    )
    reviews: Connection["Review"] = reviews_of(models.UnitClaim)
    events: Connection["AuditEvent"] = events_of(models.UnitClaim)
    available_actions: list["AvailableAction"] = available_actions_of(  # type: ignore[name-defined] # noqa: F821
        models.UnitClaim, models.UnitClaim.way, models.UnitClaim.ended_on, models.UnitClaim.unit_id
    )


INVITATION_ORDERS = orders(
    "InvitationOrder",
    "How invitations are ordered.",
    NEWEST=(descending(models.Invitation.updated_at), "Last changed first."),
)


@filters("Which invitations. All given conditions must hold.")
class InvitationFilter:
    state: InvitationState | None = equal("state", "In this state.")
    unit: strawberry.ID | None = of("Unit", "unit_id", "Of this unit.")
    updated_since: DateTime | None = since()


@entity(
    models.Invitation,
    "A code sent to an owner's phone, with which the owner binds an account (邀请码). Nobody else gets to see it.",
    orders=INVITATION_ORDERS,
    filters=InvitationFilter,
    states=models.Invitation.state,
)
class Invitation:
    unit: "Unit | None" = one(models.Invitation.unit_id, "The unit.")
    owner: "Owner | None" = one(models.Invitation.owner_id, "The owner who is invited.", to=OFFICES)
    phone: str | None = column(
        models.Invitation.phone_mask, "Where the code went, masked; null once the owner's data was deleted."
    )
    state: InvitationState = column(models.Invitation.state, "Where it stands.")
    issued_role: Role = column(models.Invitation.issued_role, "In which capacity it was sent.")
    expires_at: DateTime = column(models.Invitation.expires_at, "Until when it can be accepted.")
    version: int = column(models.Invitation.version, "Counts up with every change.")
    updated_at: DateTime = column(models.Invitation.updated_at, "Last change.")
    events: Connection["AuditEvent"] = events_of(models.Invitation)


UnitFound = plain_type(
    "UnitFound",
    "A unit that somebody may claim: nothing but its address.",
    {"id": ("strawberry.ID", "The unit's id, for a claim."), "title": ("str", "Estate and unit.")},
)


async def unit_look_up(
    run: Run,
    county: Annotated[str, strawberry.argument(description="The county, by its six-digit code.")],
    estate: Annotated[str, strawberry.argument(description="The estate's name, whole.")],
    unit: Annotated[str, strawberry.argument(description="The unit as it is said: 3幢2单元501.")],
) -> dict[str, Any] | None:
    """The query ``unitLookUp``."""
    if run.actor.account_id is None or county not in counties():
        return None

    async def look(uow: UnitOfWork) -> dict[str, Any] | None:
        await admit(uow.session, uow.vault, LOOK_UPS, str(uow.actor.account_id), uow.now)
        found = await uow.session.execute(
            select(UnitRow.id, Estate.name, UnitRow.name)
            .join(Estate, (Estate.county == UnitRow.county) & (Estate.id == UnitRow.estate_id))
            .where(
                UnitRow.county == uow.county,
                Estate.county == uow.county,
                Estate.name == estate.strip(),
                Estate.state == EstateState.APPROVED.value,
                UnitRow.name == unit.strip(),
            )
            .limit(2)
        )
        rows = found.all()
        if len(rows) != 1:
            return None
        return {"id": encode_id(Ref("Unit", uow.county, rows[0][0])), "title": f"{rows[0][1]} {rows[0][2]}"}

    async def shown(_uow: UnitOfWork, outcome: Any) -> Any:
        return outcome.row

    actor = run.actor.as_applicant(counties())
    return await transact(run.services.sessions, actor, county, look, answer=shown, vault=run.services.vault)  # type: ignore[no-any-return]


_NAME = "The owner's name, as in the register."
_TAIL = "The last four characters of the number of the owner's document; of an organisation, of its credit code."
_UNIT = "The unit, from `unitLookUp`."


@inputs("Claim a unit by what its owner register says.", keyed=True)
class UnitClaimVerifyInput:
    unit_id: strawberry.ID = ref("Unit", _UNIT)
    name: str = given(_NAME)
    id_tail: str = given(_TAIL)
    phone: str = given("The phone that the register has; a code goes there.")


@inputs("Redeem the code of a verification.", keyed=False)
class UnitClaimProveInput:
    id: strawberry.ID = ref("UnitClaim", "The claim.")
    code: str = given("The six digits.")


@inputs("Begin a claim on papers.", keyed=True)
class UnitClaimOpenInput:
    unit_id: strawberry.ID = ref("Unit", _UNIT)
    name: str = given("The owner's name, as in the document.")
    id_tail: str = given(_TAIL)


@inputs("Hand a claim in with its papers.", keyed=True)
class UnitClaimSubmitInput:
    id: strawberry.ID = ref("UnitClaim", "The claim.")
    document_ids: list[strawberry.ID] = ref("Document", "Proof of ownership, uploaded and confirmed.")
    reason: str | None = given("What else the community should know.")


@inputs("Find that the applicant is the owner.", keyed=True)
class UnitClaimApproveInput:
    id: strawberry.ID = ref("UnitClaim", "The claim.")
    owner_id: strawberry.ID = ref("Owner", "The record of one of the unit's present owners.")
    reason: str | None = given("On what grounds.")


@inputs("Refuse a claim.", keyed=True)
class UnitClaimRejectInput:
    id: strawberry.ID = ref("UnitClaim", "The claim.")
    reason: str = given("Why, for the applicant.")


@inputs("Withdraw the own claim.", keyed=True)
class UnitClaimWithdrawInput:
    id: strawberry.ID = ref("UnitClaim", "The claim.")


@inputs("Contest a claim to the own unit.", keyed=True)
class UnitClaimContestInput:
    id: strawberry.ID = ref("UnitClaim", "The claim.")
    reason: str = given("Why it is wrong.")


@inputs("Decide a contested claim for the applicant.", keyed=True)
class UnitClaimUpholdInput:
    id: strawberry.ID = ref("UnitClaim", "The claim.")
    reason: str = given("On what grounds.")
    owner_id: strawberry.ID | None = ref("Owner", "The owner's record; needed where the claim was not bound yet.")


@inputs("Decide a contested claim against the applicant.", keyed=True)
class UnitClaimDismissInput:
    id: strawberry.ID = ref("UnitClaim", "The claim.")
    reason: str = given("On what grounds.")


@inputs("Invite an owner to bind an account.", keyed=True)
class InvitationIssueInput:
    unit_id: strawberry.ID = ref("Unit", "The unit.")
    owner_id: strawberry.ID = ref("Owner", "One of its present owners.")
    phone: str = given("The owner's mobile number; the code goes there.")


@inputs("Take an invitation back.", keyed=True)
class InvitationRevokeInput:
    id: strawberry.ID = ref("Invitation", "The invitation.")
    reason: str = given("Why.")


@inputs("Accept an invitation that was sent to the own phone.", keyed=False)
class InvitationAcceptInput:
    county: str = given("The county, by its six-digit code.")
    code: str = given("The eight digits.")
    name: str = given(_NAME)
    id_tail: str = given(_TAIL)


QUERIES = {
    "unitClaims": listing(
        "UnitClaim", "Claims that the caller may see: the own ones, those to the own unit, an office's."
    ),
    "invitations": listing("Invitation", "Invitations that the caller may see."),
    "unitLookUp": answer(
        unit_look_up,
        "The unit of an address, for a claim, whoever is signed in; null where there is none or it is not clear.",
        shows="UnitFound | None",
    ),
}

_ONE = {"claim": "UnitClaim"}
_INVITATION = {"invitation": "Invitation"}
_ALIKE = "Right or wrong, the answer is the same."

MUTATIONS = [
    act(
        "unitClaimVerify",
        claims.verify,
        UnitClaimVerifyInput,
        f"Claim a unit by the register. {_ALIKE}",
        _ONE,
        newcomers=True,
    ),
    act("unitClaimProve", claims.prove, UnitClaimProveInput, "Redeem the code of a verification.", _ONE, keyed=False),
    act("unitClaimOpen", claims.open_, UnitClaimOpenInput, "Begin a claim on papers.", _ONE, newcomers=True),
    act("unitClaimSubmit", claims.submit, UnitClaimSubmitInput, "Hand a claim in.", _ONE),
    act(
        "unitClaimApprove",
        claims.approve,
        UnitClaimApproveInput,
        "Find that the applicant is the owner.",
        _ONE,
        sensitive=True,
    ),
    act("unitClaimReject", claims.reject, UnitClaimRejectInput, "Refuse a claim.", _ONE),
    act("unitClaimWithdraw", claims.withdraw, UnitClaimWithdrawInput, "Withdraw the own claim.", _ONE),
    act("unitClaimContest", claims.contest, UnitClaimContestInput, "Contest a claim to the own unit.", _ONE),
    act("unitClaimUphold", claims.uphold, UnitClaimUpholdInput, "Decide for the applicant.", _ONE, sensitive=True),
    act("unitClaimDismiss", claims.dismiss, UnitClaimDismissInput, "Decide against the applicant.", _ONE),
    act("invitationIssue", invitations.issue, InvitationIssueInput, "Invite an owner to bind an account.", _INVITATION),
    act("invitationRevoke", invitations.revoke, InvitationRevokeInput, "Take an invitation back.", _INVITATION),
    act(
        "invitationAccept",
        invitations.accept,
        InvitationAcceptInput,
        "Accept an invitation.",
        _ONE,
        keyed=False,
        newcomers=True,
    ),
]

SUBSCRIPTIONS = [changes("unitClaimChanged", "UnitClaim", "Claims as they change.")]
