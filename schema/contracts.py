"""Service contracts and the problem list, as clients see and change them."""

import datetime
from typing import TYPE_CHECKING

import strawberry
from sqlalchemy import Boolean, Date

from domain.contracts import ContractKind, ContractMode, ContractState, EndReason, ProblemReason, SelectionBasis
from domain.profiles.parameters import BuildingType
from domain.roles import IN_THE_COUNTY
from models import contracts as models
from models.filings import Filing as FilingRow
from resolvers import contract_filings, contract_problems, contracts
from schema.acts import COUNTY, VERSION, act
from schema.common import DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import (
    ascending,
    column,
    descending,
    entity,
    filters,
    latest,
    listing,
    many,
    matches,
    one,
    orders,
)
from schema.engine.intents import given, included, inputs, ref
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.committees import Committee
    from schema.companies import Company
    from schema.filings import Filing, ModelText

for _enumeration in (
    ContractKind,
    ContractMode,
    ContractState,
    EndReason,
    ProblemReason,
    SelectionBasis,
    BuildingType,
):
    described(_enumeration)

"""Banks and courts see of a published contract what is posted in the estate."""

CONTRACT_ORDERS = orders(
    "ServiceContractOrder",
    "How contracts are ordered.",
    NEWEST=(descending(models.ServiceContract.starts_on), "Last begun first."),
    OLDEST=(ascending(models.ServiceContract.starts_on), "First begun first."),
)


@filters("Which contracts. All given conditions must hold.")
class ServiceContractFilter:
    state: ContractState | None = equal("state", "In this state.")
    kind: ContractKind | None = equal("kind", "Of this kind.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")
    company: strawberry.ID | None = of("Company", "company_id", "With this company.")
    township: str | None = equal("township", "Township or subdistrict code, 9 digits.")
    community: str | None = equal("community", "Community code, 12 digits.")
    ends_before: datetime.date | None = matches(
        lambda row, value: row.ends_on < value, Date(), "Whose term ends before this day."
    )
    model_text: bool | None = equal("model_text", "Written on the model text, or not.", Boolean())
    published: bool | None = equal("published", "Published in the estate, or not.", Boolean())
    updated_since: DateTime | None = since()


@entity(
    models.ServiceContract,
    "A service contract (物业服务合同) of one property area with one company.",
    orders=CONTRACT_ORDERS,
    filters=ServiceContractFilter,
    states=models.ServiceContract.state,
)
class ServiceContract:
    number: str = column(models.ServiceContract.number, "The parties' number, or one given by the platform.")
    title: str = column(models.ServiceContract.title, "Its title.")
    kind: ContractKind = column(models.ServiceContract.kind, "Who chose the company.")
    mode: ContractMode = column(models.ServiceContract.mode, "How the company is paid.")
    area: "PropertyArea | None" = one(models.ServiceContract.area_id, "The property area.")
    company: "Company | None" = one(models.ServiceContract.company_id, "The company.")
    committee: "Committee | None" = one(models.ServiceContract.committee_id, "The body that signed for the owners.")
    renews: "ServiceContract | None" = one(models.ServiceContract.renews_id, "The contract that it renews.")
    township: str = column(models.ServiceContract.township, "Township or subdistrict code, 9 digits.")
    community: str = column(models.ServiceContract.community, "Community code, 12 digits.")
    state: ContractState = column(models.ServiceContract.state, "Where it stands.")
    signed_on: datetime.date | None = column(models.ServiceContract.signed_on, "Day of signing.")
    starts_on: datetime.date = column(models.ServiceContract.starts_on, "First day of its term.")
    ends_on: datetime.date = column(models.ServiceContract.ends_on, "Last day of its term.")
    price_terms: str = column(models.ServiceContract.price_terms, "Charge standards, in its words.")
    unit_price: Fen | None = column(models.ServiceContract.unit_price, "Price of dwellings, per m² and month.")
    building_type: BuildingType | None = column(
        models.ServiceContract.building_type, "The dwellings that the price is for."
    )
    service_star: int | None = column(models.ServiceContract.service_star, "Agreed service grade, one to five stars.")
    service_terms: str = column(models.ServiceContract.service_terms, "Service content and standard, in its words.")
    advance_months: int | None = column(
        models.ServiceContract.advance_months,
        "For how many months owners may pay in advance if they like; null: nothing is agreed, and none is taken (FEE-4).",
    )
    other_terms: str | None = column(models.ServiceContract.other_terms, "Other terms.", to=IN_THE_COUNTY)
    model_text: bool = column(models.ServiceContract.model_text, "Written on the county's model text (示范文本).")
    used_text: "ModelText | None" = one(models.ServiceContract.model_text_id, "Which edition.")
    adjustment_clause: bool = column(models.ServiceContract.adjustment_clause, "Says how its price is adjusted.")
    selection_basis: SelectionBasis = column(models.ServiceContract.selection_basis, "How the company was chosen.")
    selection_reference: str | None = column(
        models.ServiceContract.selection_reference, "Where the choice is on record.", to=IN_THE_COUNTY
    )
    selected_on: datetime.date | None = column(models.ServiceContract.selected_on, "Day of the choice.")
    developer_name: str | None = column(
        models.ServiceContract.developer_name, "The developer of an early-stage contract."
    )
    published: bool = column(models.ServiceContract.published, "Whether it was published in the estate.")
    published_at: DateTime | None = column(models.ServiceContract.published_at, "When.")
    ended_on: datetime.date | None = column(models.ServiceContract.ended_on, "Its last day, once it was ended.")
    end_reason: EndReason | None = column(models.ServiceContract.end_reason, "Why it ended.")
    version: int = column(models.ServiceContract.version, "Counts up with every change: give it as `expectedVersion`.")
    updated_at: DateTime = column(models.ServiceContract.updated_at, "Last change.")
    filing: "Filing | None" = latest(
        FilingRow.contract_id, "Its latest filing.", by=lambda row: [row.created_at.desc(), row.id.desc()]
    )
    filings: Connection["Filing"] = many(FilingRow.contract_id, "All its filings.")
    problems: Connection["ContractProblem"] = many(models.ContractProblem.contract_id, "Its entries of the list.")


PROBLEM_ORDERS = orders(
    "ContractProblemOrder",
    "How entries of the problem list are ordered.",
    DEADLINE=(ascending(models.ContractProblem.deadline), "Soonest deadline first."),
)


@filters("Which entries of the problem list. All given conditions must hold.")
class ContractProblemFilter:
    open: bool | None = equal("open", "Still on the list, or resolved.", Boolean())
    reason: ProblemReason | None = equal("reason", "Listed for this.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")
    company: strawberry.ID | None = of("Company", "company_id", "Of this company.")
    due_before: datetime.date | None = matches(
        lambda row, value: row.deadline < value, Date(), "With a deadline before this day."
    )


@entity(
    models.ContractProblem,
    "An entry of the problem list of contracts (问题清单).",
    orders=PROBLEM_ORDERS,
    filters=ContractProblemFilter,
    states=models.ContractProblem.reason,
)
class ContractProblem:
    contract: "ServiceContract | None" = one(models.ContractProblem.contract_id, "The contract.")
    area: "PropertyArea | None" = one(models.ContractProblem.area_id, "The property area.")
    company: "Company | None" = one(models.ContractProblem.company_id, "The company.")
    reason: ProblemReason = column(models.ContractProblem.reason, "What is wrong.")
    detail: str = column(models.ContractProblem.detail, "What to do.")
    listed_on: datetime.date = column(models.ContractProblem.listed_on, "When it was listed.")
    deadline: datetime.date = column(models.ContractProblem.deadline, "The last day to put it right.")
    open: bool = column(models.ContractProblem.open, "Whether it is still on the list.")
    resolved_on: datetime.date | None = column(models.ContractProblem.resolved_on, "When it was resolved.")
    resolved_by: "ServiceContract | None" = one(
        models.ContractProblem.resolved_by_id, "The contract that was signed and filed in its place."
    )


DOCUMENTS = "Documents to attach, uploaded and confirmed."


class ContractTerms:
    """What every contract says."""

    mode: ContractMode = given("How the company is paid.")
    title: str = given("Its title.")
    starts_on: datetime.date = given("First day of its term.")
    ends_on: datetime.date = given("Last day of its term.")
    price_terms: str = given("Charge standards.")
    service_terms: str = given("Service content and standard.")


class FurtherTerms:
    """What a contract may say."""

    other_terms: str | None = given("Other terms.")
    advance_months: int | None = given(
        "For how many months owners may pay in advance if they like, 1 to 12; left out: nothing is agreed (FEE-4)."
    )
    unit_price: Fen | None = given("Price of dwellings, per m² and month.")
    building_type: BuildingType | None = given("The dwellings that the price is for.")
    service_star: int | None = given("Agreed service grade, one to five stars.")
    model_text_id: strawberry.ID | None = ref("ModelText", "The model text that it is written on.")
    adjustment_clause: bool | None = given("It says how its price is adjusted.")


class CompanyChoice:
    """How the company was chosen."""

    developer_name: str | None = given("The developer of an early-stage contract.")
    selection_reference: str | None = given("Where the choice is on record.")
    selected_on: datetime.date | None = given("Day of the choice.")


@inputs("Draft a contract of the caller's company and open its filing.", keyed=True)
class ContractDraftInput:
    county: str | None = given(COUNTY)
    area_code: str = given("The property area, by its public code.")
    kind: ContractKind = given("Who chooses the company.")
    terms: ContractTerms = included()
    selection_basis: SelectionBasis = given("How the company is chosen; OWNERS_DECISION for a normal contract.")
    number: str | None = given("The parties' number; left out, the platform gives one.")
    further_terms: FurtherTerms = included()
    whole_transfer: bool | None = given("It hands the whole service on to another firm; such a contract is not filed.")
    choice: CompanyChoice = included()
    renews_id: strawberry.ID | None = ref("ServiceContract", "The contract that it renews.")
    document_ids: list[strawberry.ID] | None = ref("Document", DOCUMENTS)


@inputs("Write other terms into a draft, or into a contract whose filing was returned.", keyed=True)
class ContractChangeInput:
    id: strawberry.ID = ref("ServiceContract", "The contract.")
    expected_version: int | None = given(VERSION)
    kind: ContractKind = given("Who chooses the company; as before.")
    terms: ContractTerms = included()
    selection_basis: SelectionBasis = given("How the company is chosen.")
    number: str | None = given("The parties' number; as before when left out.")
    further_terms: FurtherTerms = included()
    whole_transfer: bool | None = given("It hands the whole service on to another firm.")
    choice: CompanyChoice = included()
    renews_id: strawberry.ID | None = ref("ServiceContract", "The contract that it renews; as before.")


@inputs("Record that a contract is signed.", keyed=True)
class ContractSignInput:
    id: strawberry.ID = ref("ServiceContract", "The contract.")
    signed_on: datetime.date = given("Day of signing.")
    decision_reference: str | None = given("The owners' decision that chose the company; needed of a body.")
    decided_on: datetime.date | None = given("Day of that decision.")
    document_ids: list[strawberry.ID] | None = ref("Document", DOCUMENTS)


@inputs("Open another filing for a contract whose filing lapsed or was withdrawn.", keyed=True)
class ContractFilingOpenAgainInput:
    id: strawberry.ID = ref("ServiceContract", "The contract.")
    document_ids: list[strawberry.ID] | None = ref("Document", DOCUMENTS)


@inputs("Publish a filed contract in its estates.", keyed=True)
class ContractPublishInput:
    id: strawberry.ID = ref("ServiceContract", "The contract.")
    objection_contact: str = given("Where an owner objects.")


@inputs("Record the contract that follows.", keyed=True)
class ContractRenewInput:
    id: strawberry.ID = ref("ServiceContract", "The contract that is followed.")
    successor_id: strawberry.ID = ref("ServiceContract", "The signed contract that follows.")


@inputs("End a contract after due notice.", keyed=True)
class ContractTerminateInput:
    id: strawberry.ID = ref("ServiceContract", "The contract.")
    end_reason: EndReason = given("Why it ends.")
    noticed_on: datetime.date = given("Day of the written notice.")
    ended_on: datetime.date = given("Its last day; not before the notice has run its time.")
    reason: str = given("The reason in words.")
    document_ids: list[strawberry.ID] | None = ref("Document", "The written notice, uploaded and confirmed.")


@inputs("Put a contract on the problem list.", keyed=True)
class ContractListAsProblemInput:
    id: strawberry.ID = ref("ServiceContract", "The contract.")
    reason: ProblemReason = given("What is wrong.")
    detail: str = given("What to do.")
    deadline: datetime.date = given("The last day to put it right.")


@inputs("Take an entry off the problem list.", keyed=True)
class ContractProblemResolveInput:
    id: strawberry.ID = ref("ContractProblem", "The entry.")
    finding: str = given("What was found put right.")
    document_ids: list[strawberry.ID] | None = ref("Document", DOCUMENTS)


QUERIES = {
    "contracts": listing("ServiceContract", "Service contracts that the caller may see."),
    "contractProblems": listing("ContractProblem", "Entries of the problem list that the caller may see."),
}

_BOTH, _PROBLEM = {"contract": "ServiceContract", "filing": "Filing"}, {"problem": "ContractProblem"}

MUTATIONS = [
    act("contractDraft", contracts.draft, ContractDraftInput, "Draft a contract and open its filing.", _BOTH),
    act("contractChange", contracts.change, ContractChangeInput, "Change a draft.", {"contract": "ServiceContract"}),
    act("contractSign", contracts.sign, ContractSignInput, "Record that it is signed.", _BOTH),
    act(
        "contractFilingOpenAgain",
        contracts.filing_open_again,
        ContractFilingOpenAgainInput,
        "Open another filing.",
        _BOTH,
    ),
    act(
        "contractPublish",
        contract_filings.publish,
        ContractPublishInput,
        "Publish a filed contract.",
        {"contract": "ServiceContract", "disclosure": "Disclosure"},
    ),
    act("contractRenew", contracts.renew, ContractRenewInput, "Record the contract that follows.", _BOTH),
    act("contractTerminate", contracts.terminate, ContractTerminateInput, "End a contract.", _BOTH),
    act(
        "contractListAsProblem",
        contract_problems.list_problem,
        ContractListAsProblemInput,
        "Put it on the problem list.",
        _PROBLEM,
    ),
    act(
        "contractProblemResolve",
        contract_problems.resolve_problem,
        ContractProblemResolveInput,
        "Take an entry off the list.",
        _PROBLEM,
    ),
]
