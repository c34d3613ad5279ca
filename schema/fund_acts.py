"""What people do with fund requests: one mutation per step of SM-6 and SM-7."""

import datetime

import strawberry

from domain.funds import EmergencyCode, Exclusion, FundScope, FundUse, VoteMode
from resolvers import emergency_funds, fund_quotas, fund_votes, funds
from schema import funds as types
from schema.acts import act
from schema.common import Area, Fen
from schema.engine.intents import given, inputs, ref

ENUMERATIONS_FROM = types
"""Its module gives the enumerations below to the schema."""

REQUEST = "The request."
REASON = "Why, for the record and for the applicant."
PAPERS = "Confirmed documents to attach; those attached before count as well."
FIRST, LAST = "First day of the posting; today or before.", "Last day of the posting, which runs to its 24:00."
CONTACT = "Where owners object: a phone or an address, as it stands on the board."


@inputs("Prepare an ordinary request.")
class FundRequestDraftInput:
    estate_id: strawberry.ID = ref("Estate", "The estate.")
    scope: FundScope = given("Whose asset it is, and so who bears the cost.")
    building_id: strawberry.ID | None = ref("Building", "The building, for a building's or an entrance's asset.")
    entrance: str | None = given("The entrance (单元) of the building, for an asset of one.")
    title: str = given("What is to be repaired.")
    description: str = given("What is broken and what shall be done.")
    budget: Fen = given("What it shall cost, in fen.")
    facility_id: strawberry.ID | None = ref("Facility", "The shared facility, where it is in the register.")
    warranty_checked: bool | None = given("Whether the builder's warranty was looked up; posting needs it.")
    warranty_ends_on: datetime.date | None = given("Last day of that warranty; left out where there is none.")
    use: FundUse | None = given("What the money buys; a repair where left out.")
    exclusion: Exclusion | None = given("Why somebody else is liable; the fund then may not pay.")
    exclusion_note: str | None = given("On that reason.")
    contractor: str | None = given("The proposed contractor.")
    contractor_credit_code: str | None = given("Its unified social credit code.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Correct a draft, or a request that was returned: all of its particulars anew.")
class FundRequestChangeInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    expected_version: int = given("The `version` that was read: VERSION_CONFLICT when it changed since.")
    title: str = given("What is to be repaired.")
    description: str = given("What is broken and what shall be done.")
    budget: Fen = given("What it shall cost, in fen.")
    facility_id: strawberry.ID | None = ref("Facility", "The shared facility, where it is in the register.")
    warranty_checked: bool | None = given("Whether the builder's warranty was looked up.")
    warranty_ends_on: datetime.date | None = given("Last day of that warranty; left out where there is none.")
    use: FundUse | None = given("What the money buys; a repair where left out.")
    exclusion: Exclusion | None = given("Why somebody else is liable.")
    exclusion_note: str | None = given("On that reason.")
    contractor: str | None = given("The proposed contractor.")
    contractor_credit_code: str | None = given("Its unified social credit code.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Report a danger that must be repaired at once.")
class FundRequestReportInput:
    estate_id: strawberry.ID = ref("Estate", "The estate.")
    emergency_code: EmergencyCode = given("The matter on the county's list.")
    scope: FundScope = given("Whose asset it is, and so who bears the cost.")
    building_id: strawberry.ID | None = ref("Building", "The building, for a building's or an entrance's asset.")
    entrance: str | None = given("The entrance (单元) of the building, for an asset of one.")
    concerned_unit_id: strawberry.ID | None = ref("Unit", "The unit of the owner concerned.")
    title: str = given("What is wrong.")
    description: str = given("What happened and what shall be done.")
    budget: Fen = given("The estimate, in fen.")
    facility_id: strawberry.ID | None = ref("Facility", "The shared facility, where it is in the register.")
    warranty_checked: bool | None = given("Whether the builder's warranty was looked up; approval needs it.")
    warranty_ends_on: datetime.date | None = given("Last day of that warranty; left out where there is none.")
    exclusion: Exclusion | None = given("Why somebody else is liable.")
    exclusion_note: str | None = given("On that reason.")
    contractor: str | None = given("Who shall repair it.")
    contractor_credit_code: str | None = given("Its unified social credit code.")
    document_ids: list[strawberry.ID] = ref("Document", "Confirmed documents, a photo among them.")


@inputs("Post plan and budget, or settlement and shares, to the owners (公示).")
class FundRequestPostInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    posted_from: datetime.date = given(FIRST)
    posted_to: datetime.date = given(LAST)
    objection_contact: str = given(CONTACT)
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Open the owners' vote.")
class FundRequestOpenVoteInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    mode: VoteMode | None = given("How they vote; by the law's majorities when left out.")
    on_platform: bool | None = given(
        "Whether to hold it here: a vote is prepared, and its result becomes the request's."
    )
    clause_id: strawberry.ID | None = ref("ModeClause", "For a special mode on the platform: the clause that names it.")


@inputs("A counted vote.", item=True)
class VoteFiguresInput:
    scope_area: Area = given("Area of the owners asked.")
    scope_heads: int = given("Their heads (V-9).")
    participating_area: Area = given("Area that took part.")
    participating_heads: int = given("Heads that took part.")
    for_area: Area = given("Area that is for it.")
    for_heads: int = given("Heads that are for it.")


@inputs("Record the attested outcome of the vote.")
class FundRequestRecordVoteInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    voted_on: datetime.date = given("Day of the result.")
    figures: VoteFiguresInput = given("What was counted.")
    passed_in_mode: bool | None = given("In a special mode: what that mode gave.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Approve within a quota that owners adopted.")
class FundRequestUseQuotaInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    quota_id: strawberry.ID = ref("FundQuota", "The quota; `PropertyArea.fundQuotas` has them.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("A step that needs nothing but the request.")
class FundRequestStepInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    reason: str | None = given("A remark.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Verify as the township (镇办签字盖章).")
class FundRequestVerifyInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    signed: bool = given("Whether the paper bears the responsible person's signature.")
    sealed: bool = given("Whether the paper bears the office's seal.")
    reason: str | None = given("A remark.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("A step that needs a reason.")
class FundRequestReasonInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    reason: str = given(REASON)


@inputs("Hand in a returned request, corrected.")
class FundRequestResubmitInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    posted_from: datetime.date | None = given("First day of a new posting, where the settlement changed.")
    posted_to: datetime.date | None = given("Last day of that posting.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Take part in the joint check on site.")
class FundRequestCheckSiteInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    is_emergency: bool = given("Whether it is an emergency.")
    note: str = given("What was found.")
    photo_ids: list[strawberry.ID] | None = ref("Document", "Photos.")


@inputs("Go on as an ordinary request.")
class FundRequestContinueInput:
    id: strawberry.ID = ref("FundRequest", "The emergency report that was none.")


@inputs("Record the repair of an emergency.")
class FundRequestRecordRepairInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    repaired_on: datetime.date = given("Day of the repair.")
    settled_cost: Fen = given("What it cost, in fen.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Accept the repair (验收).")
class FundRequestAcceptInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    note: str | None = given("What was seen.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


_CASE = {"fundRequest": "FundRequest"}

MUTATIONS = [
    act("fundRequestDraft", funds.draft, FundRequestDraftInput, "Prepare an ordinary request.", _CASE),
    act("fundRequestChange", funds.change, FundRequestChangeInput, "Correct a draft or a returned request.", _CASE),
    act(
        "fundRequestPostPlan",
        funds.post_plan,
        FundRequestPostInput,
        "Post plan and budget to the owners, for the profile's days at least.",
        _CASE,
    ),
    act(
        "fundRequestOpenVote",
        fund_votes.open_vote,
        FundRequestOpenVoteInput,
        "Open the vote after the posting. COMMITTEE, or who stands in for it.",
        _CASE,
    ),
    act(
        "fundRequestRecordVote",
        fund_votes.record_vote,
        FundRequestRecordVoteInput,
        "Record the attested outcome. COMMITTEE, or who stands in for it.",
        _CASE,
    ),
    act(
        "fundRequestUseQuota",
        fund_quotas.draw,
        FundRequestUseQuotaInput,
        "Approve within a quota instead of a vote. COMMITTEE; on a collective one who stands in for it.",
        _CASE,
    ),
    act(
        "fundRequestApprove",
        funds.approve,
        FundRequestStepInput,
        "Approve as the committee or in its stead; an emergency as who decides on it.",
        _CASE,
    ),
    act("fundRequestCheck", funds.check, FundRequestStepInput, "Find the materials true. COMMUNITY.", _CASE),
    act("fundRequestVerify", funds.verify, FundRequestVerifyInput, "Verify with signature and seal. TOWNSHIP.", _CASE),
    act("fundRequestGrant", funds.grant, FundRequestStepInput, "Approve and earmark the amount. BUREAU.", _CASE),
    act(
        "fundRequestReturn",
        funds.return_,
        FundRequestReasonInput,
        "Return it for correction, as often as the county allows. The office whose turn it is.",
        _CASE,
    ),
    act("fundRequestResubmit", funds.resubmit, FundRequestResubmitInput, "Hand it in corrected.", _CASE),
    act("fundRequestReject", funds.reject, FundRequestReasonInput, "Reject it with reasons. BUREAU.", _CASE),
    act("fundRequestCancel", funds.cancel, FundRequestReasonInput, "Cancel it; an earmark is released.", _CASE),
    act(
        "fundRequestReport", emergency_funds.report, FundRequestReportInput, "Report an emergency, with photos.", _CASE
    ),
    act(
        "fundRequestCheckSite",
        emergency_funds.check_site,
        FundRequestCheckSiteInput,
        "Take part in the check on site: an owner, committee or community, company.",
        _CASE,
    ),
    act("fundRequestDecline", emergency_funds.decline, FundRequestReasonInput, "Find that it is none.", _CASE),
    act(
        "fundRequestContinue",
        emergency_funds.continue_ordinary,
        FundRequestContinueInput,
        "Go on with what was no emergency as an ordinary request.",
        _CASE,
    ),
    act(
        "fundRequestRecordRepair",
        emergency_funds.record_repair,
        FundRequestRecordRepairInput,
        "Record the repair and its cost.",
        _CASE,
    ),
    act(
        "fundRequestAccept",
        emergency_funds.accept,
        FundRequestAcceptInput,
        "Accept the repair: an owner, and the committee or who stands in for it.",
        _CASE,
    ),
    act(
        "fundRequestPost",
        emergency_funds.post,
        FundRequestPostInput,
        "Post settlement, households and shares of an emergency, for the profile's days at least.",
        _CASE,
    ),
]
