"""What applicants and offices do with filings: one mutation per act."""

import datetime

import strawberry

from domain.covenant_filings import CovenantKind
from domain.filing_records import CancellationTestKind, ModelTextKind
from domain.premises_filings import PremisesPurpose
from resolvers import (
    company_filings,
    contracts,
    covenant_filings,
    filing_partners,
    filings,
    leader_filings,
    model_texts,
    premises_filings,
)
from schema import filings as filings_schema
from schema.acts import COUNTY, act
from schema.common import Area
from schema.engine.intents import given, inputs, ref

ENUMERATIONS_FROM = (filings_schema,)
"""Its module gives the enumerations below to the schema."""

VERSION = "The `version` that was read: refused with VERSION_CONFLICT when somebody changed the filing since."
DOCUMENTS = "Documents to attach, uploaded and confirmed."


@inputs("Begin a company's filing.")
class CompanyFilingOpenInput:
    company_id: strawberry.ID = ref("Company", "The company.")
    document_ids: list[strawberry.ID] | None = ref("Document", DOCUMENTS)


@inputs("Hand a company's filing in.")
class CompanyFilingSubmitInput:
    id: strawberry.ID = ref("Filing", "The filing.")
    document_ids: list[strawberry.ID] | None = ref("Document", DOCUMENTS)
    expected_version: int | None = given(VERSION)


@inputs("Report that something filed has changed.")
class CompanyFilingChangeReportInput:
    id: strawberry.ID = ref("Filing", "The filing.")
    changed_on: datetime.date = given("Day of the change.")
    what: str = given("What changed.")
    document_ids: list[strawberry.ID] | None = ref("Document", DOCUMENTS)


@inputs("File a reported change, or leave the filing as it was.")
class CompanyFilingChangeDecideInput:
    id: strawberry.ID = ref("Filing", "The filing.")
    accepted: bool = given("Whether the change is filed.")
    reason: str | None = given("Why it is not.")


@inputs("Order a company to put something right by a day.")
class CompanyRectificationOrderInput:
    id: strawberry.ID = ref("Filing", "The company's filing.")
    reason: str = given("What is to be put right.")
    rectify_by: datetime.date = given("The last day.")


@inputs("Find that an order was followed.")
class CompanyRectificationClearInput:
    id: strawberry.ID = ref("Filing", "The company's filing.")
    document_ids: list[strawberry.ID] | None = ref("Document", DOCUMENTS)


@inputs("Let a company's filing rest, or make the company leave, because an order was not followed.")
class CompanySanctionInput:
    id: strawberry.ID = ref("Filing", "The company's filing.")
    reason: str = given("Why.")
    refused: bool | None = given("The company refused before the order's last day.")


@inputs("Record one of the three tests of a dead company.")
class FilingCancellationTestRecordInput:
    id: strawberry.ID = ref("Filing", "The company's filing.")
    test: CancellationTestKind = given("Which test.")
    met: bool = given("Whether it was found so: no business record, no staff, no office.")
    finding: str = given("What was found.")
    document_id: strawberry.ID | None = ref("Document", "The evidence, uploaded and confirmed.")


@inputs("Cancel the filing of a dead company. MARKET and BUREAU both decide.")
class FilingCancelZombieInput:
    id: strawberry.ID = ref("Filing", "The company's filing.")
    reason: str = given("Why.")


@inputs("Hand a signed contract in.")
class ContractFilingSubmitInput:
    id: strawberry.ID = ref("Filing", "The contract's filing.")
    document_ids: list[strawberry.ID] | None = ref("Document", DOCUMENTS)
    expected_version: int | None = given(VERSION)


@inputs("Begin the filing of a project leader in post.")
class ProjectLeaderFilingOpenInput:
    project_leader_id: strawberry.ID = ref("ProjectLeader", "The leader.")
    document_ids: list[strawberry.ID] | None = ref("Document", DOCUMENTS)


@inputs("Hand a draft of a leader's, a covenant's or premises' filing in.")
class SimpleFilingSubmitInput:
    id: strawberry.ID = ref("Filing", "The filing.")
    document_ids: list[strawberry.ID] | None = ref("Document", DOCUMENTS)
    expected_version: int | None = given(VERSION)


@inputs("Begin a covenant's filing.")
class CovenantFilingOpenInput:
    county: str | None = given(COUNTY)
    area_code: str = given("The property area, by its code.")
    kind: CovenantKind = given("The owners' own covenant, or the developer's temporary one.")
    adopted_on: datetime.date = given("Day on which it was adopted, or issued by the developer.")
    decision_reference: str | None = given("Where the owners' decision is found; needed for their own covenant.")
    developer_name: str | None = given("The developer; needed for a temporary covenant.")
    model_text_id: strawberry.ID | None = ref("ModelText", "The model text it is written on.")
    document_ids: list[strawberry.ID] | None = ref("Document", DOCUMENTS)


@inputs("One of the service premises as planned.", item=True)
class PremisesInput:
    purpose: PremisesPurpose = given("What it is for.")
    location: str = given("Building, entrance, floor and room, as the plan says.")
    floor: int = given("Storey: 1 at ground level, negative below ground; there is no storey 0.")
    area: Area = given("Building area.")
    unit_id: strawberry.ID | None = ref("Unit", "The unit in the register, where it is entered already.")


@inputs("Begin the pre-filing of a development's service premises.")
class PremisesFilingOpenInput:
    county: str | None = given(COUNTY)
    area_code: str = given("The property area, by its code.")
    developer_name: str = given("The developer (建设单位).")
    developer_credit_code: str = given("Its unified social credit code.")
    permit_number: str = given("Number of the planning permit whose plan shows the premises.")
    total_area: Area = given("Building area of the development, or of the phase whose premises are filed.")
    premises: list[PremisesInput] = given("The premises.")
    document_ids: list[strawberry.ID] | None = ref("Document", DOCUMENTS)


@inputs("Write a development and its premises anew into a draft or a returned filing.")
class PremisesFilingChangeInput:
    id: strawberry.ID = ref("Filing", "The filing.")
    developer_name: str = given("The developer (建设单位).")
    developer_credit_code: str = given("Its unified social credit code.")
    permit_number: str = given("Number of the planning permit whose plan shows the premises.")
    total_area: Area = given("Building area of the development, or of the phase whose premises are filed.")
    premises: list[PremisesInput] = given("The premises, all of them.")
    expected_version: int | None = given(VERSION)


@inputs("Take a company's filing in for review.")
class FilingTakeInInput:
    id: strawberry.ID = ref("Filing", "The filing.")
    expected_version: int | None = given(VERSION)


@inputs("Agree, as an office that checks before the filing body decides.")
class FilingReviewInput:
    id: strawberry.ID = ref("Filing", "The filing.")
    opinion: str | None = given("The office's opinion.")
    document_ids: list[strawberry.ID] | None = ref("Document", DOCUMENTS)
    expected_version: int | None = given(VERSION)


@inputs("File it, and give the certificate.")
class FilingApproveInput:
    id: strawberry.ID = ref("Filing", "The filing.")
    signed: bool | None = given("The responsible person signed (签字).")
    sealed: bool | None = given("The office's seal is on it (盖章).")
    opinion: str | None = given("The office's opinion.")
    expected_version: int | None = given(VERSION)


@inputs("Return a filing with reasons.")
class FilingReturnInput:
    id: strawberry.ID = ref("Filing", "The filing.")
    reasons: list[str] = given("What has to be mended, one by one.")
    expected_version: int | None = given(VERSION)


@inputs("Hand a returned filing in again.")
class FilingResubmitInput:
    id: strawberry.ID = ref("Filing", "The filing.")
    document_ids: list[strawberry.ID] | None = ref("Document", DOCUMENTS)
    expected_version: int | None = given(VERSION)


@inputs("Take an undecided filing back.")
class FilingWithdrawInput:
    id: strawberry.ID = ref("Filing", "The filing.")
    reason: str | None = given("Why.")
    expected_version: int | None = given(VERSION)


@inputs("Issue an edition of a model text.")
class ModelTextIssueInput:
    county: str | None = given(COUNTY)
    kind: ModelTextKind = given("What it is for.")
    edition: str = given("The edition's name; each is used once.")
    title: str = given("Its title.")
    basis: str = given("Who issued it, under which number.")
    valid_from: datetime.date = given("First day on which it is used.")
    document_id: strawberry.ID | None = ref("Document", "The text, uploaded and confirmed.")


@inputs("Open companies or areas to a partner for one case.")
class ReferralEnterInput:
    county: str | None = given(COUNTY)
    client_id: str = given("The partner's client.")
    purpose: str = given("What for.")
    legal_basis: str = given("On what legal basis.")
    case_number: str = given("The case or instruction.")
    scope: list[str] = given("What may be read, in words of the agreement.")
    expires_on: datetime.date = given("Last day.")
    company_ids: list[strawberry.ID] | None = ref("Company", "Companies that it opens.")
    area_ids: list[strawberry.ID] | None = ref("PropertyArea", "Property areas that it opens.")


@inputs("End a referral before its day.")
class ReferralRevokeInput:
    id: strawberry.ID = ref("Referral", "The referral.")
    reason: str = given("Why.")


_FILING, _REFERRAL = {"filing": "Filing"}, {"referral": "Referral"}

MUTATIONS = [
    act("companyFilingOpen", company_filings.open_, CompanyFilingOpenInput, "Begin a company's filing.", _FILING),
    act("companyFilingSubmit", company_filings.submit, CompanyFilingSubmitInput, "Hand it in.", _FILING),
    act(
        "companyFilingChangeReport",
        company_filings.change_report,
        CompanyFilingChangeReportInput,
        "Report a change.",
        _FILING,
    ),
    act(
        "companyFilingChangeDecide",
        company_filings.change_decide,
        CompanyFilingChangeDecideInput,
        "Decide on a reported change.",
        _FILING,
    ),
    act(
        "companyRectificationOrder",
        company_filings.rectification_order,
        CompanyRectificationOrderInput,
        "Order rectification.",
        _FILING,
    ),
    act(
        "companyRectificationClear",
        company_filings.rectification_clear,
        CompanyRectificationClearInput,
        "Find that the order was followed.",
        _FILING,
    ),
    act("companyFilingSuspend", company_filings.suspend, CompanySanctionInput, "Let a filing rest.", _FILING),
    act("companyFilingRemove", company_filings.remove, CompanySanctionInput, "Make a company leave.", _FILING),
    act(
        "filingCancellationTestRecord",
        company_filings.cancellation_test_record,
        FilingCancellationTestRecordInput,
        "Record a test of a dead company.",
        {"test": "CancellationTest"},
    ),
    act(
        "filingCancelZombie",
        company_filings.cancel_zombie,
        FilingCancelZombieInput,
        "Cancel a dead company's filing (GT-11).",
        _FILING,
    ),
    act("contractFilingSubmit", contracts.filing_submit, ContractFilingSubmitInput, "Hand a contract in.", _FILING),
    act(
        "projectLeaderFilingOpen",
        leader_filings.open_,
        ProjectLeaderFilingOpenInput,
        "Begin a project leader's filing (项目负责人备案).",
        _FILING,
    ),
    act("projectLeaderFilingSubmit", leader_filings.submit, SimpleFilingSubmitInput, "Hand it in.", _FILING),
    act(
        "covenantFilingOpen",
        covenant_filings.open_,
        CovenantFilingOpenInput,
        "Begin a covenant's filing (管理规约备案).",
        _FILING,
    ),
    act("covenantFilingSubmit", covenant_filings.submit, SimpleFilingSubmitInput, "Hand it in.", _FILING),
    act(
        "premisesFilingOpen",
        premises_filings.open_,
        PremisesFilingOpenInput,
        "Begin the pre-filing of a development's service premises (物业服务用房前期备案).",
        _FILING,
    ),
    act(
        "premisesFilingChange",
        premises_filings.change,
        PremisesFilingChangeInput,
        "Write its development and premises anew.",
        _FILING,
    ),
    act("premisesFilingSubmit", premises_filings.submit, SimpleFilingSubmitInput, "Hand it in.", _FILING),
    act("filingTakeIn", filings.take_in, FilingTakeInInput, "Take a filing in (受理).", _FILING),
    act("filingReview", filings.review, FilingReviewInput, "Agree as a checking office.", _FILING),
    act("filingApprove", filings.approve, FilingApproveInput, "File it (备案).", _FILING),
    act("filingReturn", filings.return_, FilingReturnInput, "Return it with reasons (退回补正).", _FILING),
    act("filingResubmit", filings.resubmit, FilingResubmitInput, "Hand it in again.", _FILING),
    act("filingWithdraw", filings.withdraw, FilingWithdrawInput, "Take it back.", _FILING),
    act("modelTextIssue", model_texts.issue, ModelTextIssueInput, "Issue a model text.", {"modelText": "ModelText"}),
    act("referralEnter", filing_partners.refer, ReferralEnterInput, "Open rows to a partner.", _REFERRAL),
    act("referralRevoke", filing_partners.refer_revoke, ReferralRevokeInput, "End a referral.", _REFERRAL),
]
