"""Officials' postings as clients see and make them."""

import datetime
from typing import TYPE_CHECKING

import strawberry

from domain.officials import PostingDuty, PostingState
from domain.roles import Role
from models import officials as models
from resolvers import officials
from resolvers.reauthentication import NOTE
from schema.acts import act
from schema.cases import events_of
from schema.common import DateTime
from schema.conditions import equal, since
from schema.engine.declare import column, computed, descending, entity, filters, listing, one, orders
from schema.engine.intents import given, inputs, ref
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.cases import AuditEvent

for _enumeration in (PostingDuty, PostingState):
    described(_enumeration)

OFFICIAL_ORDERS = orders(
    "OfficialOrder",
    "How postings are ordered.",
    NEWEST=(descending(models.Official.updated_at), "Last changed first."),
)


@filters("Which postings. All given conditions must hold.")
class OfficialFilter:
    role: Role | None = equal("role", "Of this office's role.")
    duty: PostingDuty | None = equal("duty", "With this duty.")
    state: PostingState | None = equal("state", "In this state.")
    township: str | None = equal("township", "Of this township, or of its communities: 9 digits.")
    community: str | None = equal("community", "Of this community: 12 digits.")
    updated_since: DateTime | None = since()


@entity(
    models.Official,
    "An official's posting (任职): an office, a duty, a first and a last day. The official's grants follow from it.",
    orders=OFFICIAL_ORDERS,
    filters=OfficialFilter,
    states=models.Official.state,
)
class Official:
    name: str = column(models.Official.name, "The official's name.")
    role: Role = column(models.Official.role, "The role that the office gives.")
    duty: PostingDuty = column(models.Official.duty, "What the official is there for.")
    office: str = column(models.Official.office, "The office's name, as events show it.")
    township: str | None = column(models.Official.township, "Township or subdistrict code, 9 digits.")
    community: str | None = column(models.Official.community, "Community code, 12 digits.")
    state: PostingState = column(models.Official.state, "Where the posting stands.")
    valid_from: datetime.date = column(models.Official.valid_from, "The first day.")
    valid_to: datetime.date | None = column(
        models.Official.valid_to, "The first day after it; null until further notice."
    )
    basis: str = column(models.Official.basis, "The paper that appoints (任命文件).")
    acting_for: "Official | None" = one(models.Official.acting_for_id, "Whose holder this one stands in for (代理).")
    predecessor: "Official | None" = one(models.Official.predecessor_id, "The posting that ended when it began (交接).")
    by_console: bool = computed(
        lambda _run, proposed_by: proposed_by is None,
        "Made on the operator's console, as a county's first administrators are.",
        needs=[models.Official.proposed_by],
    )
    proposed_by_me: bool = computed(
        lambda run, proposed_by: proposed_by is not None and proposed_by == str(run.actor.account_id),
        "The caller proposed it, so somebody else has to confirm it.",
        needs=[models.Official.proposed_by],
    )
    confirmed_at: DateTime | None = column(models.Official.confirmed_at, "When a second person confirmed it.")
    ended_on: datetime.date | None = column(models.Official.ended_on, "The first day on which it no longer held.")
    ended_reason: str | None = column(models.Official.ended_reason, "Why it ended or was refused.")
    version: int = column(models.Official.version, "Counts up with every change.")
    updated_at: DateTime = column(models.Official.updated_at, "Last change.")
    events: Connection["AuditEvent"] = events_of(models.Official)


_NAME, _PHONE = "The official's name.", "Mobile number, with which the official signs in."
_BASIS = "The paper that appoints, with its number."


@inputs("Appoint an official.", keyed=True)
class OfficialAppointInput:
    county: str | None = given("The county, by its six-digit code; needed only by who acts in several.")
    name: str = given(_NAME)
    phone: str = given(_PHONE)
    role: Role = given("The office's role: COMMUNITY, TOWNSHIP, BUREAU, PRICE or MARKET.")
    duty: PostingDuty = given("What the official is there for.")
    office: str = given("The office's name, as events show it.")
    township: str | None = given("Of a township's office: its code, 9 digits.")
    community: str | None = given("Of a community's office: its code, 12 digits.")
    valid_from: datetime.date = given("The first day.")
    valid_to: datetime.date | None = given("The first day after it; left out until further notice.")
    basis: str = given(_BASIS)


@inputs("Let somebody stand in for an official.", keyed=True)
class OfficialDeputiseInput:
    id: strawberry.ID = ref("Official", "The posting whose holder is away.")
    name: str = given("The deputy's name.")
    phone: str = given("The deputy's mobile number.")
    valid_from: datetime.date = given("The first day.")
    valid_to: datetime.date = given("The first day after it.")
    basis: str = given(_BASIS)


@inputs("Pass a posting on to a successor.", keyed=True)
class OfficialHandOverInput:
    id: strawberry.ID = ref("Official", "The posting.")
    name: str = given("The successor's name.")
    phone: str = given("The successor's mobile number.")
    on: datetime.date = given("The successor's first day; today or later.")
    valid_to: datetime.date | None = given(
        "The first day after the successor's posting; left out until further notice."
    )
    basis: str = given(_BASIS)


@inputs("Let a posting hold longer, or shorter.", keyed=True)
class OfficialExtendInput:
    id: strawberry.ID = ref("Official", "The posting.")
    valid_to: datetime.date | None = given("The first day after it; left out until further notice.")
    reason: str = given("On what paper.")


@inputs("Confirm what another administrator proposed.", keyed=True)
class OfficialConfirmInput:
    id: strawberry.ID = ref("Official", "The proposed posting.")


@inputs("Refuse what another administrator proposed, or take the own proposal back.", keyed=True)
class OfficialRefuseInput:
    id: strawberry.ID = ref("Official", "The proposed posting.")
    reason: str = given("Why.")


@inputs("End a posting.", keyed=True)
class OfficialEndInput:
    id: strawberry.ID = ref("Official", "The posting.")
    on: datetime.date = given("The first day without it; today or later.")
    reason: str = given("Why.")


QUERIES = {"officials": listing("Official", "Officials' postings that the caller may see.")}

_ONE = {"official": "Official"}
_TWO = f"At the bureau, administrators and approvers are proposed by one and confirmed by another. {NOTE}"

MUTATIONS = [
    act("officialAppoint", officials.appoint, OfficialAppointInput, f"Appoint an official. {_TWO}", _ONE),
    act("officialDeputise", officials.deputise, OfficialDeputiseInput, f"Let somebody stand in (代理). {_TWO}", _ONE),
    act("officialHandOver", officials.hand_over, OfficialHandOverInput, f"Pass a posting on (交接). {_TWO}", _ONE),
    act("officialExtend", officials.extend, OfficialExtendInput, f"Change how long a posting holds. {_TWO}", _ONE),
    act(
        "officialConfirm", officials.confirm, OfficialConfirmInput, "Confirm a proposed posting.", _ONE, sensitive=True
    ),
    act("officialRefuse", officials.refuse, OfficialRefuseInput, "Refuse a proposed posting.", _ONE),
    act("officialEnd", officials.end, OfficialEndInput, "End a posting; its grants end with it.", _ONE),
]
