"""Companies, their project leaders and staff, as clients see and change them."""

import datetime
from typing import TYPE_CHECKING

import strawberry

from domain.companies import CompanyState, LeaderState, StaffKind
from domain.estates import SearchKind
from domain.roles import COMPANY, IN_THE_COUNTY, Role
from models import companies as models
from models.contracts import ServiceContract as ContractRow
from models.filings import Filing as FilingRow
from resolvers import companies, leaders
from schema.acts import COUNTY, VERSION, act
from schema.common import DateTime
from schema.conditions import equal, found_by, of, since
from schema.engine.declare import (
    ascending,
    column,
    count,
    descending,
    entity,
    filters,
    latest,
    listing,
    many,
    one,
    orders,
)
from schema.engine.intents import given, included, inputs, ref
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.contracts import ServiceContract
    from schema.filings import Filing

for _enumeration in (CompanyState, LeaderState, StaffKind):
    described(_enumeration)

OFFICES_AND_COMPANY = COMPANY | {Role.BUREAU, Role.TOWNSHIP, Role.MARKET}
"""Who may call a company's contact person."""

COMPANY_ORDERS = orders(
    "CompanyOrder",
    "How companies are ordered.",
    NAME=(ascending(models.Company.name_sort), "By name, in pinyin."),
    CREDIT_CODE=(ascending(models.Company.credit_code), "By unified social credit code."),
    NEWEST=(descending(models.Company.updated_at), "Last changed first."),
)


@filters("Which companies. All given conditions must hold.")
class CompanyFilter:
    state: CompanyState | None = equal("state", "In this state.")
    credit_code: str | None = equal("credit_code", "With exactly this unified social credit code.")
    township: str | None = equal("township", "With its office in this township or subdistrict, 9 digits.")
    keyword: str | None = found_by(SearchKind.COMPANY)
    updated_since: DateTime | None = since()


@entity(
    models.Company,
    "A property company (物业服务企业) as this county knows it.",
    orders=COMPANY_ORDERS,
    filters=CompanyFilter,
    states=models.Company.state,
)
class Company:
    name: str = column(models.Company.name, "Its registered name.")
    credit_code: str = column(models.Company.credit_code, "Unified social credit code (统一社会信用代码).")
    licence_number: str | None = column(models.Company.licence_number, "Number of its business licence.")
    legal_representative: str | None = column(models.Company.legal_representative, "Legal representative (法定代表人).")
    registered_on: datetime.date | None = column(models.Company.registered_on, "Day of its registration.")
    township: str = column(models.Company.township, "Where its office in the county is, 9 digits.")
    community: str = column(models.Company.community, "The office's community, 12 digits.")
    office_address: str | None = column(models.Company.office_address, "The office's address.")
    service_phone: str | None = column(models.Company.service_phone, "Its 24-hour line.")
    complaint_phone: str | None = column(models.Company.complaint_phone, "Its complaint line.")
    contact_name: str | None = column(models.Company.contact_name, "Its contact person.", to=OFFICES_AND_COMPANY)
    contact_phone: str | None = column(
        models.Company.contact_phone_mask, "The contact person's phone, masked.", to=OFFICES_AND_COMPANY
    )
    state: CompanyState = column(models.Company.state, "Where it stands in this county.")
    staff_count: int = column(models.Company.staff_count, "Staff in post.")
    blacklisted_on: datetime.date | None = column(models.Company.blacklisted_on, "Day it was black-listed (黑名单).")
    blacklist_reason: str | None = column(models.Company.blacklist_reason, "Why.")
    blacklist_corrected_on: datetime.date | None = column(
        models.Company.blacklist_corrected_on, "Day its correction was recorded."
    )
    version: int = column(models.Company.version, "Counts up with every change: give it as `expectedVersion`.")
    updated_at: DateTime = column(models.Company.updated_at, "Last change.")
    filing: "Filing | None" = latest(
        FilingRow.company_id,
        "Its latest filing as a company.",
        by=lambda row: [row.created_at.desc(), row.id.desc()],
        where=lambda row: row.kind == "COMPANY",
    )
    contracts: Connection["ServiceContract"] = many(ContractRow.company_id, "Its contracts.")
    contract_count: int = count(ContractRow.company_id, "How many contracts of it the caller sees.")
    project_leaders: Connection["ProjectLeader"] = many(models.ProjectLeader.company_id, "Its project leaders.")
    staff: Connection["CompanyStaff"] = many(models.CompanyStaff.company_id, "Its staff, now and before.")


LEADER_ORDERS = orders(
    "ProjectLeaderOrder",
    "How project leaders are ordered.",
    NEWEST=(descending(models.ProjectLeader.appointed_on), "Last appointed first."),
)


@filters("Which project leaders. All given conditions must hold.")
class ProjectLeaderFilter:
    state: LeaderState | None = equal("state", "In this state.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")


@entity(
    models.ProjectLeader,
    "The project leader (项目负责人) of one property area.",
    orders=LEADER_ORDERS,
    filters=ProjectLeaderFilter,
    states=models.ProjectLeader.state,
)
class ProjectLeader:
    name: str = column(models.ProjectLeader.name, "Name, as posted on the board.")
    certificate_number: str | None = column(
        models.ProjectLeader.certificate_number, "Number of the certificate.", to=IN_THE_COUNTY
    )
    work_phone: str | None = column(models.ProjectLeader.work_phone, "Phone for the residents.")
    company: "Company | None" = one(models.ProjectLeader.company_id, "The company.")
    area: "PropertyArea | None" = one(models.ProjectLeader.area_id, "The property area.")
    state: LeaderState = column(models.ProjectLeader.state, "Where the post stands.")
    appointed_on: datetime.date = column(models.ProjectLeader.appointed_on, "First day in post.")
    reported_on: datetime.date | None = column(
        models.ProjectLeader.reported_on, "Day of the report to the residents' committee; due within five days."
    )
    ended_on: datetime.date | None = column(models.ProjectLeader.ended_on, "First day no longer in post.")


STAFF_ORDERS = orders(
    "CompanyStaffOrder",
    "How staff are ordered.",
    NAME=(ascending(models.CompanyStaff.name_sort), "By name, in pinyin."),
)


@entity(models.CompanyStaff, "A member of a company's staff, with certificate and training.", orders=STAFF_ORDERS)
class CompanyStaff:
    name: str = column(models.CompanyStaff.name, "Name.")
    phone: str | None = column(models.CompanyStaff.phone_mask, "Phone, masked.")
    kind: StaffKind = column(models.CompanyStaff.kind, "What they are for the filing.")
    post: str = column(models.CompanyStaff.post, "Their post in the company.")
    company: "Company | None" = one(models.CompanyStaff.company_id, "The company.")
    area: "PropertyArea | None" = one(models.CompanyStaff.area_id, "The project where they work.")
    certificate_number: str | None = column(models.CompanyStaff.certificate_number, "Number of the certificate.")
    certificate_name: str | None = column(models.CompanyStaff.certificate_name, "What it certifies.")
    trained_on: datetime.date | None = column(models.CompanyStaff.trained_on, "Day of the last training.")
    training_name: str | None = column(models.CompanyStaff.training_name, "What the training was.")
    employed_from: datetime.date = column(models.CompanyStaff.employed_from, "First day.")
    employed_to: datetime.date | None = column(models.CompanyStaff.employed_to, "Last day.")


class StaffQualification:
    """What a member of staff has learnt."""

    certificate_number: str | None = given("Number of the certificate.")
    certificate_name: str | None = given("What it certifies.")
    trained_on: datetime.date | None = given("Day of the last training.")
    training_name: str | None = given("What the training was.")


@inputs("A person whom a company employs. With a phone the person can sign in.", item=True)
class StaffMemberInput:
    name: str = given("Name.")
    kind: StaffKind = given("What they are for the filing; ADMIN acts for the company on the platform.")
    post: str = given("Their post.")
    employed_from: datetime.date = given("First day.")
    phone: str | None = given("Mobile number; stored sealed.")
    qualification: StaffQualification = included()


class CompanyParticulars:
    """What the register says of a company."""

    name: str = given("Registered name.")
    township: str = given("Where its office in the county is, 9 digits.")
    community: str = given("The office's community, 12 digits.")
    licence_number: str | None = given("Number of its business licence.")
    legal_representative: str | None = given("Legal representative.")
    registered_on: datetime.date | None = given("Day of its registration.")
    office_address: str | None = given("The office's address.")
    service_phone: str | None = given("Its 24-hour line.")
    complaint_phone: str | None = given("Its complaint line.")
    contact_name: str | None = given("Contact person.")
    contact_phone: str | None = given("The contact person's mobile number; stored sealed.")


@inputs("Enter a company in the county's register.", keyed=False)
class CompanyRegisterInput:
    county: str | None = given(COUNTY)
    credit_code: str = given("Unified social credit code; its check character is verified.")
    particulars: CompanyParticulars = included()
    admin: StaffMemberInput | None = given("The first person who acts for it.")


@inputs("Write new particulars of a company.", keyed=False)
class CompanyChangeInput:
    id: strawberry.ID = ref("Company", "The company.")
    expected_version: int | None = given(VERSION)
    particulars: CompanyParticulars = included()


@inputs("Enrol a member of staff.", keyed=False)
class CompanyStaffEnrollInput:
    company_id: strawberry.ID = ref("Company", "The company.")
    name: str = given("Name.")
    kind: StaffKind = given("What they are for the filing.")
    post: str = given("Their post.")
    employed_from: datetime.date = given("First day.")
    phone: str | None = given("Mobile number; stored sealed. With it the person can sign in.")
    area_id: strawberry.ID | None = ref("PropertyArea", "The project where they work.")
    qualification: StaffQualification = included()


@inputs("End an employment.", keyed=False)
class CompanyStaffDismissInput:
    id: strawberry.ID = ref("CompanyStaff", "The member of staff.")
    employed_to: datetime.date = given("Last day.")


@inputs("Record a black-list decision, or its correction.", keyed=True)
class CompanyBlacklistRecordInput:
    id: strawberry.ID = ref("Company", "The company.")
    listed_on: datetime.date = given("Day of the decision.")
    reason: str = given("Its grounds, and where it is found.")
    corrected_on: datetime.date | None = given("Day on which the company had corrected.")


@inputs("Appoint the project leader of an area that has none.", keyed=True)
class ProjectLeaderAppointInput:
    area_id: strawberry.ID = ref("PropertyArea", "The property area.")
    staff_id: strawberry.ID = ref("CompanyStaff", "Who.")
    certificate_number: str = given("Number of the certificate.")
    appointed_on: datetime.date = given("First day in post.")
    work_phone: str | None = given("Phone for the residents, posted on the board.")


@inputs("Put another project leader in the post.", keyed=True)
class ProjectLeaderReplaceInput:
    id: strawberry.ID = ref("ProjectLeader", "The leader who leaves the post.")
    staff_id: strawberry.ID = ref("CompanyStaff", "Who follows.")
    certificate_number: str = given("Number of the certificate.")
    appointed_on: datetime.date = given("First day in post.")
    work_phone: str | None = given("Phone for the residents, posted on the board.")
    reason: str = given("Why.")


@inputs("Note that a project leader reported to the residents' committee.", keyed=False)
class ProjectLeaderReportInput:
    id: strawberry.ID = ref("ProjectLeader", "The leader.")
    reported_on: datetime.date | None = given("When; today when left out.")


QUERIES = {
    "companies": listing("Company", "Companies that the caller may see: filed ones are public."),
    "projectLeaders": listing("ProjectLeader", "Project leaders that the caller may see."),
}

_COMPANY, _STAFF, _LEADER = {"company": "Company"}, {"staff": "CompanyStaff"}, {"projectLeader": "ProjectLeader"}

MUTATIONS = [
    act("companyRegister", companies.register, CompanyRegisterInput, "Enter a company.", _COMPANY, keyed=False),
    act("companyChange", companies.change, CompanyChangeInput, "Write new particulars.", _COMPANY, keyed=False),
    act(
        "companyBlacklistRecord",
        companies.blacklist_record,
        CompanyBlacklistRecordInput,
        "Record a black-list decision or its correction.",
        _COMPANY,
    ),
    act("companyStaffEnroll", companies.staff_enroll, CompanyStaffEnrollInput, "Enrol staff.", _STAFF, keyed=False),
    act(
        "companyStaffDismiss",
        companies.staff_dismiss,
        CompanyStaffDismissInput,
        "End an employment.",
        _STAFF,
        keyed=False,
    ),
    act("projectLeaderAppoint", leaders.appoint, ProjectLeaderAppointInput, "Appoint a leader.", _LEADER),
    act("projectLeaderReplace", leaders.replace, ProjectLeaderReplaceInput, "Replace a leader.", _LEADER),
    act(
        "projectLeaderReport", leaders.report, ProjectLeaderReportInput, "Note a leader's report.", _LEADER, keyed=False
    ),
]
