"""The matrix, executed: on two demo counties every login sees of every type exactly the rows and fields that the matrix gives.

One document per type asks for every field that the reference can answer, one level deep: through the type's list, and by id
for rows chosen so that each relation to each grant is there, visible or not, of this county and of the other.

Then the same is asked again, and what Python fills in, searches, figures and queues besides, while there is more of what the
login does not see: no byte of any answer is another one.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Any

import orjson
import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type, is_union_type

from app.serve import DEMO_BOTH, DEMO_ROLES
from auth.actor import Actor, Grant
from domain.roles import PARTNERS, Role
from models.base import new_id
from models.estates import Estate, Unit
from models.personal_data import PersonalDataRead
from schema.api import graphql_schema
from schema.engine import declare
from schema.engine.declare import ENTITIES, Entity, declaration_of
from schema.filing_partners import having_asked
from tests.access.conftest import HOME, OTHER, Bytes, Demo
from tests.access.doubles import doubled, hidden
from tests.access.matrix import PARENTS, Places, matrix
from tests.engine.conftest import Ask
from tests.engine.operations import answerable
from tests.engine.reference import ENTITY_OF, Reference, opaque

OF_A_KIND = 3
"""Rows asked for by id of each relation to each grant."""

TWO_HOMES, TENANT, APPLICANT, NOBODY = "two homes", "tenant", "applicant", "nobody"
UNTRIED = {
    "AuditEvent": "COMPANY_STAFF COURT MARKET PRICE PROJECT_LEADER",
    "Ballot": "COMMITTEE",
    "BillAdjustment": "TENANT",
    "Checkout": "BUREAU COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TENANT",
    "CheckoutBill": "BUREAU COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TENANT",
    "CommonIncomeEntry": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TOWNSHIP",
    "CommonIncomeSplit": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TOWNSHIP",
    "ContractProblem": "COMMITTEE COMPANY_ADMIN COMPANY_STAFF PROJECT_LEADER",
    "Custodian": "BANK BUREAU",
    "CustodianAssessment": "BANK BUREAU",
    "CustodianBid": "BANK BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF MARKET OWNER PRICE PROJECT_LEADER"
    " TENANT TOWNSHIP",
    "CustodianMeasures": "BANK BUREAU",
    "CustodianTender": "BANK BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF MARKET OWNER PRICE PROJECT_LEADER"
    " TENANT TOWNSHIP",
    "CustodyTransfer": "BANK BUREAU COMMITTEE",
    "DailyClose": "COMPANY_ADMIN COMPANY_STAFF PROJECT_LEADER",
    "DataRequest": "BANK BUREAU COMMUNITY COMPANY_ADMIN COURT MARKET OWNER PRICE PROJECT_LEADER TENANT TOWNSHIP",
    "Document": "BANK",
    "DunningCase": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF COURT OWNER PROJECT_LEADER TENANT TOWNSHIP",
    "DunningClaim": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TENANT TOWNSHIP",
    "DunningRecord": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF COURT OWNER PROJECT_LEADER TENANT"
    " TOWNSHIP",
    "FeeAccount": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF OWNER PRICE PROJECT_LEADER TENANT TOWNSHIP",
    "FeeInvoice": "BUREAU COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TENANT",
    "FeeQuestion": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF OWNER PRICE PROJECT_LEADER TENANT TOWNSHIP",
    "FeeReceipt": "BUREAU COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TENANT",
    "FeeRefund": "BUREAU COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TENANT",
    "FilingQuery": "BANK BUREAU COURT",
    "Finding": "COMMITTEE OWNER PRICE TENANT",
    "FundDemand": "OWNER",
    "FundObjection": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TENANT TOWNSHIP",
    "FundPoolUse": "BANK BUREAU COMMITTEE",
    "FundReceipt": "OWNER",
    "FundRecovery": "BUREAU COMMITTEE COMMUNITY TOWNSHIP",
    "FundRefund": "BUREAU COMMITTEE OWNER",
    "FundRenewalLine": "BUREAU COMMITTEE COMMUNITY OWNER TOWNSHIP",
    "FundRenewalPlan": "BUREAU COMMITTEE COMMUNITY OWNER TOWNSHIP",
    "FundReview": "BUREAU OWNER",
    "Instalment": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF COURT OWNER PROJECT_LEADER TENANT TOWNSHIP",
    "Invitation": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF PROJECT_LEADER TOWNSHIP",
    "LedgerCheck": "BUREAU",
    "LedgerFinding": "BUREAU",
    "LegalHold": "BUREAU",
    "ListExport": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF MARKET OWNER PRICE PROJECT_LEADER TENANT"
    " TOWNSHIP",
    "Meter": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TENANT TOWNSHIP",
    "MeterReading": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TENANT TOWNSHIP",
    "Occupancy": "OWNER TENANT",
    "PayBill": "BUREAU COMPANY_ADMIN COMPANY_STAFF",
    "PayDifference": "BUREAU COMPANY_ADMIN COMPANY_STAFF",
    "PayMerchant": "BUREAU COMPANY_ADMIN COMPANY_STAFF",
    "PaySettlement": "BUREAU COMPANY_ADMIN COMPANY_STAFF",
    "PersonalDataRead": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF MARKET OWNER PRICE PROJECT_LEADER"
    " TENANT TOWNSHIP",
    "PriceIncrease": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF OWNER PRICE PROJECT_LEADER TENANT"
    " TOWNSHIP",
    "Rectification": "COMMITTEE OWNER PRICE TENANT",
    "Referral": "BANK MARKET PRICE TOWNSHIP",
    "RegisterJob": "BUREAU",
    "SharedCost": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TENANT TOWNSHIP",
    "SharedCostPart": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TENANT TOWNSHIP",
    "StatementFile": "BUREAU",
    "SuitBatch": "BUREAU COMPANY_ADMIN COMPANY_STAFF COURT PROJECT_LEADER",
    "SuitEvidence": "BUREAU COMPANY_ADMIN COMPANY_STAFF COURT OWNER PROJECT_LEADER TENANT",
    "SuitLine": "BUREAU COMPANY_ADMIN COMPANY_STAFF COURT OWNER PROJECT_LEADER TENANT",
    "SuitPack": "COMPANY_ADMIN COURT PROJECT_LEADER",
    "SuitParty": "BUREAU COMPANY_ADMIN COMPANY_STAFF COURT OWNER PROJECT_LEADER TENANT",
    "Task": "COURT MARKET PRICE TENANT",
    "UnitClaim": "BUREAU COMMUNITY OWNER TOWNSHIP",
    "UnitVacancy": "BUREAU COMMUNITY COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TENANT TOWNSHIP",
    "WarrantyDeposit": "BANK BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TOWNSHIP",
    "WarrantyObjection": "BUREAU COMMITTEE COMMUNITY OWNER TOWNSHIP",
    "WarrantyPayout": "BUREAU COMMITTEE COMMUNITY COMPANY_ADMIN COMPANY_STAFF OWNER PROJECT_LEADER TOWNSHIP",
}
"""Type and the roles that the matrix shows it to, of which the demo has no example; their stems' tests have."""

OF_THE_OTHER = ("bureau", "township", "company", "committee", "resident", "bank")
LOGINS = [
    *(f"{HOME}-{name}" for name in DEMO_ROLES),
    *(f"{OTHER}-{name}" for name in OF_THE_OTHER),
    DEMO_BOTH,
    TWO_HOMES,
    TENANT,
    APPLICANT,
    NOBODY,
]
"""Everybody of one county, some of another with a profile of its own, and those who fit no login of the demo."""


def actor_of(town: Demo, login: str) -> Actor:
    """Who signs in; besides, an owner of homes in two estates, a tenant, somebody who claims a home, and somebody without any
    grant."""
    resident = town.actors[f"{HOME}-resident"]
    if login == APPLICANT:
        claiming = Grant(new_id(), Role.APPLICANT, HOME, account_id=resident.account_id)
        return replace(resident, grants=(claiming,))
    if login == TENANT:
        return replace(resident, grants=(replace(resident.grants[0], id=new_id(), role=Role.TENANT),))
    if login == NOBODY:
        return replace(resident, account_id=new_id(), grants=())
    if login == TWO_HOMES:
        (first,) = resident.grants
        homes = [unit for unit in town.world.rows[Unit] if unit.county == HOME and unit.estate_id != first.estate_id]
        other = next(unit for unit in homes if unit.area_id is not None)
        second = replace(first, id=new_id(), unit_id=other.id, estate_id=other.estate_id, area_id=other.area_id)
        return replace(resident, grants=(first, second))
    return town.actors[login]


def places_of(town: Demo) -> Places:
    return Places(town.world, {model: entity.name for model, entity in ENTITY_OF.items()})


# -- documents ----------------------------------------------------------------------------------------------------------


@cache
def all_fields(type_name: str, but: frozenset[str] = frozenset()) -> str:
    """Every field that the reference can answer; of other rows their ids, of lists their figures."""
    type_ = graphql_schema().get_type(type_name)
    assert isinstance(type_, GraphQLObjectType)
    names = [name for name in type_.fields if answerable(type_name, name) and name not in but]
    return " ".join(["__typename", *(name + below(get_named_type(type_.fields[name].type)) for name in names)])


def below(type_: Any) -> str:
    if is_leaf_type(type_):
        return ""
    if is_union_type(type_):
        return f" {{ __typename {' '.join(f'... on {member.name} {{ id }}' for member in type_.types)} }}"
    if type_.name.endswith("Connection"):
        return "(first: 2) { totalCount nodes { id } }"
    return " { id }"


def the_list(type_name: str) -> str:
    return f"{{ {roots()[type_name]}(first: 5) {{ {figures(type_name)} nodes {{ id }} }} }}"


def by_id(type_name: str, but: frozenset[str] = frozenset()) -> str:
    return f"query Q($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {type_name} {{ {all_fields(type_name, but)} }} }} }}"


def figures(type_name: str) -> str:
    entity = ENTITIES[type_name]
    states = ["countsByState { state count }"] if entity.states is not None else []
    return " ".join(["totalCount", *entity.sums, *states])


@cache
def roots() -> dict[str, str]:
    """Type → the query that lists it."""
    found: dict[str, str] = {}
    for name in graphql_schema().query_type.fields:  # type: ignore[union-attr]
        declared = declaration_of("Query", name)
        if isinstance(declared, declare.Listing) and declared.before is None:
            found.setdefault(declared.target, name)
    return found


# -- rows ---------------------------------------------------------------------------------------------------------------


def cell(places: Places, actor: Actor, grant: Any, entity: Entity, row: Any) -> str:
    """The matrix's column that judges a row for a grant."""
    if getattr(row, "county", grant.county) != grant.county:
        return "other county"
    return "own" if entity.model in PARENTS else places.relation(actor, grant, row)


def chosen(places: Places, actor: Actor, entity: Entity) -> list[Any]:
    """Some rows of each relation to each of the actor's grants, visible and not."""
    if entity.shared:
        return places.world.rows[entity.model][:OF_A_KIND]
    kinds: dict[Any, list[Any]] = {}
    for row in places.world.rows[entity.model]:
        seen = places.sees(actor, entity.model, row)
        relations = tuple(cell(places, actor, grant, entity, row) for grant in actor.grants)
        kept = kinds.setdefault((seen, relations, getattr(row, "county", "")), [])
        if len(kept) < OF_A_KIND:
            kept.append(row)
    return list(islice((row for kept in kinds.values() for row in kept), 100))


WRITTEN_BY_ASKING = {PersonalDataRead}
"""The log of reads grows by these very questions (tests/personal_data shows who sees it)."""


# -- the matrix, executed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", LOGINS)
async def test_every_type_as_the_matrix_says(login: str, town: Demo, demo_ask: Ask) -> None:
    actor, places = actor_of(town, login), places_of(town)
    reference = Reference(town.world, actor, places.sees)
    wrong: list[str] = []
    for type_name, entity in ENTITIES.items():
        if type_name in roots() and entity.model not in WRITTEN_BY_ASKING:
            text = the_list(type_name)
            wrong += differences(await demo_ask(actor, text), reference.answer(text, {}), type_name)
        ids = [opaque(entity, row) for row in chosen(places, actor, entity)]
        text = by_id(type_name)
        wrong += differences(await demo_ask(actor, text, ids=ids), reference.answer(text, {"ids": ids}), type_name)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("login", [f"{HOME}-bank", f"{HOME}-court"])
async def test_partners_reach_filings_once_they_have_said_why(login: str, town: Demo, demo_ask: Ask) -> None:
    actor = actor_of(town, login)
    reference = Reference(town.world, having_asked(actor), places_of(town).sees)
    text = f"""{{ filings(first: 12, purpose: {{ legalBasis: "b", caseNumber: "c" }}) {{
      {figures("Filing")} nodes {{ {all_fields("Filing")} }} }} }}"""
    wrong = list(differences(await demo_ask(actor, text), reference.answer(text, {}), "Filing"))
    assert not wrong, "\n".join(wrong)
    unasked = await demo_ask(actor, "{ filings { totalCount } }")
    assert unasked["data"] == {"filings": None}


def differences(found: Any, expected: Any, path: str) -> Iterator[str]:
    """Where the engine's answer and the matrix's part."""
    if "errors" in found:
        yield f"{path}: {found['errors']}"
    else:
        yield from _parting(found["data"], expected["data"], path)


def _parting(found: Any, expected: Any, path: str) -> Iterator[str]:
    if isinstance(found, dict) and isinstance(expected, dict) and list(found) == list(expected):
        for key in found:
            yield from _parting(found[key], expected[key], f"{path}.{key}")
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for at, (one, other) in enumerate(zip(found, expected, strict=True)):
            yield from _parting(one, other, f"{path}[{at}]")
    elif found != expected:
        yield f"{path}: engine {str(found)[:150]}, matrix {str(expected)[:150]}"


# -- what is hidden makes no difference ---------------------------------------------------------------------------------


def filled_in(type_name: str) -> str:
    """The fields that the reference cannot answer, since Python fills them in; addresses are signed anew each time."""
    type_ = graphql_schema().get_type(type_name)
    assert isinstance(type_, GraphQLObjectType)
    names = [name for name in type_.fields if not answerable(type_name, name) and name not in ("downloadUrl", "upload")]
    return " ".join(["id", *(name + whole(get_named_type(type_.fields[name].type)) for name in names)])


def whole(type_: Any) -> str:
    """Everything of a value that is no row."""
    if isinstance(type_, GraphQLObjectType) and type_.name not in ENTITIES and not type_.name.endswith("Connection"):
        return f" {{ {' '.join(name + whole(get_named_type(field.type)) for name, field in type_.fields.items())} }}"
    return below(type_)


TOTALS = {"Estate": frozenset({"fundBalance"}), "Vote": frozenset({"participatingArea", "participatingHeads"})}
"""Figures that are there to tell of rows which their readers do not see: how many voted, what an estate's fund holds."""

FIGURES = """{
  viewer { counties grants { id } taskCounts { caseType open overdue } doneTasks(first: 5) { totalCount nodes { id } } }
  estates(where: { keyword: "小区" }, last: 5) { totalCount edges { cursor } pageInfo { hasPreviousPage startCursor } }
  owners(where: { keyword: "王" }, last: 5) { totalCount edges { cursor } pageInfo { hasPreviousPage startCursor } }
  collectionRate(dueFrom: "2020-01-01", dueTo: "2035-12-31", county: "370303") { bills due collected recovered overdue }
  formation: statistics(measure: FORMATION, by: TOWNSHIP, county: "370303") { covered total }
  service: statistics(measure: SERVICE, by: COMMUNITY, county: "370303") { covered total }
  party: statistics(measure: PARTY, by: COUNTY, county: "370303") { covered total }
  platform: statistics(measure: PLATFORM, by: COMMUNITY, county: "370303") { covered total }
  inspectorCandidates(county: "370303") { id }
}"""


def questions(places: Places, actor: Actor) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the matrix's test asks, and what it cannot judge."""
    for type_name, entity in ENTITIES.items():
        if type_name in roots() and entity.model not in WRITTEN_BY_ASKING:
            yield the_list(type_name), {}
        rows = chosen(places, actor, entity)
        yield by_id(type_name, TOTALS.get(type_name, frozenset())), {"ids": [opaque(entity, row) for row in rows]}
        seen = [opaque(entity, row) for row in rows if entity.shared or places.sees(actor, entity.model, row)]
        if seen and filled_in(type_name) != "id":
            yield (
                f"query Q($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {type_name} {{ {filled_in(type_name)} }} }} }}",
                {"ids": seen[:8]},
            )
    yield FIGURES, {}


@pytest.mark.parametrize("login", LOGINS)
async def test_more_of_what_is_hidden_changes_no_byte(login: str, town: Demo, demo_bytes: Bytes) -> None:
    actor, places = actor_of(town, login), places_of(town)
    asked = list(questions(places, actor))
    before = [await demo_bytes(actor, text, **given) for text, given in asked]
    counties = [entity for entity in ENTITIES.values() if not entity.shared]
    unseen = [row for entity in counties for row in hidden(places, actor, entity)]
    wrong = []
    async with doubled(town.database.superuser_url, unseen) as made:
        assert {row.county for row in unseen} >= {HOME, OTHER} - actor.counties
        missing = {type(row).__tablename__ for row in unseen} - set(made)
        assert not missing, f"no doubles of {sorted(missing)}"
        for (text, given), answer in zip(asked, before, strict=True):
            if (now := await demo_bytes(actor, text, **given)) != answer:
                wrong.append(f"{text}\n  {apart(answer, now)}")
    assert not wrong, "\n".join(wrong)


async def test_more_of_what_is_seen_does(town: Demo, demo_bytes: Bytes) -> None:
    """Doubles are rows like others: whoever sees their originals sees them, in counts, lists and searches."""
    actor, places = town.actors[f"{HOME}-bureau"], places_of(town)
    estates = [row for row in town.world.rows[Estate] if places.sees(actor, Estate, row)][:2]
    text = '{ estates(last: 2) { totalCount nodes { id } } found: estates(where: { keyword: "小区" }) { totalCount } }'
    before = orjson.loads(await demo_bytes(actor, text))["data"]
    async with doubled(town.database.superuser_url, estates) as made:
        after = orjson.loads(await demo_bytes(actor, text))["data"]
    assert made == {"estate": 2}
    assert after["estates"]["totalCount"] == before["estates"]["totalCount"] + 2
    assert orjson.loads(await demo_bytes(actor, text))["data"] == before


def apart(one: bytes, other: bytes) -> str:
    """Where two answers part."""
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return (
        f"{one[max(0, at - 150) : at + 80].decode(errors='replace')} || {other[at : at + 80].decode(errors='replace')}"
    )


# -- nothing untried ----------------------------------------------------------------------------------------------------


def test_the_matrix_was_tried_for_every_type_and_role(town: Demo) -> None:
    """Rows by id are compared with the matrix above; here, that among them each role and relation had a visible one."""
    places = places_of(town)
    seen = set()
    for login in LOGINS:
        actor = actor_of(town, login)
        actor = having_asked(actor) if actor.roles & PARTNERS else actor
        for type_name, entity in ENTITIES.items():
            for row in chosen(places, actor, entity):
                for grant in actor.grants:
                    if grant.role in places.sees(actor, entity.model, row):
                        seen.add((type_name, grant.role, cell(places, actor, grant, entity, row)))
    told = {
        (type_name, role)
        for type_name, access in matrix().items()
        for role in access.rows
        if not ENTITIES[type_name].shared and not visible_parts_only(type_name, role)
    }
    untried = told - {(name, role) for name, role, _ in seen}
    known = {(type_name, Role(role)) for type_name, roles in UNTRIED.items() for role in roles.split()}
    untried = {(name, role) for name, role in untried if role is not Role.APPLICANT}  # nobody of the demo claims a unit
    assert sorted(untried) == sorted(known)


def visible_parts_only(type_name: str, role: Role) -> bool:
    """The matrix names a role for a part of a case although the case itself is never shown to it."""
    model = ENTITIES[type_name].model
    if model not in PARENTS:
        return False
    return role not in matrix()[ENTITY_OF[PARENTS[model][1]].name].rows
