"""Property companies in a county: entered by an office, staffed by themselves, barred by decision (SL-17, SL-18)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from auth.grants import Reach, Source, end_grants, open_grant
from domain.companies import StaffKind
from domain.errors import ErrorCode, Refusal
from domain.estates import SearchKind
from domain.identifiers import check_credit_code, check_phone
from domain.records import Record
from domain.roles import Role
from domain.text import pinyin_key
from models.base import new_id
from models.companies import Company, CompanyStaff, ProjectLeader
from models.estates import PropertyArea
from models.sealed import Kind, seal_into
from resolvers.accounts import account_for_phone
from resolvers.divisions import check_place
from resolvers.search import index_texts
from resolvers.unit_of_work import UnitOfWork

REGISTRARS = (Role.BUREAU, Role.TOWNSHIP)
ENROLLERS = (Role.COMPANY_ADMIN, Role.BUREAU, Role.TOWNSHIP)


@dataclass(frozen=True)
class CompanyParticulars(Record):
    """What is known of a company besides its credit code. ``township`` is where its office in the county is."""

    name: str
    township: str
    community: str
    licence_number: str | None = None
    legal_representative: str | None = None
    registered_on: date | None = None
    office_address: str | None = None
    service_phone: str | None = None
    complaint_phone: str | None = None
    contact_name: str | None = None
    contact_phone: str | None = None


@dataclass(frozen=True)
class StaffMember(Record):
    """A person whom a company employs. With a phone the person gets a login, and the grants of the post."""

    name: str
    kind: StaffKind
    post: str
    employed_from: date
    phone: str | None = None
    area_id: uuid.UUID | None = None
    certificate_number: str | None = None
    certificate_name: str | None = None
    trained_on: date | None = None
    training_name: str | None = None


async def register(
    uow: UnitOfWork, *, credit_code: str, admin: Mapping[str, Any] | StaffMember | None = None, **particulars: Any
) -> Company:
    """Enter a company (``CompanyParticulars``) in the county's register, with the first administrator who acts for it.

    The bureau does so for the whole county, a township for its own street (SL-17). Filing is the company's own step.
    Refuses ``INVALID_CREDIT_CODE``, ``ALREADY_REGISTERED``, ``INVALID_DIVISION``.
    """
    entered = CompanyParticulars(**particulars)
    grant = await uow.act(REGISTRARS)
    credit_code = check_credit_code(credit_code)
    if grant.role is Role.TOWNSHIP and grant.township != entered.township:
        raise Refusal(ErrorCode.INVALID_DIVISION, "township", value=entered.township)
    await check_place(uow, entered.township, entered.community)
    taken = select(Company.id).where(Company.county == uow.county, Company.credit_code == credit_code)
    if await uow.session.scalar(taken) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "creditCode", value=credit_code)
    company = Company(county=uow.county, id=new_id(), credit_code=credit_code, staff_count=0, version=1)
    _write(uow, company, entered)
    uow.session.add(company)
    await uow.session.flush()  # the first member of staff refers to it
    await index_texts(uow.session, uow.county, SearchKind.COMPANY, company.id, company.name, credit_code)
    if admin is not None:
        first = admin if isinstance(admin, StaffMember) else StaffMember(**admin)
        await _employ(uow, company, first)
    await uow.audit("companyRegister", company, grant=grant)
    uow.notify(company)
    return company


async def change(uow: UnitOfWork, *, id: uuid.UUID, expected_version: int | None = None, **particulars: Any) -> Company:
    """Write new particulars (companyChange): by the company itself or the bureau.

    A filed company files the change within the profile's days (SM-1, CHANGED); this only keeps the register true.
    """
    company = await uow.load(Company, id, lock=True)
    grant = await uow.act((Role.COMPANY_ADMIN, Role.BUREAU), Company, company)
    uow.check_version(company, expected_version)
    entered = CompanyParticulars(**particulars)
    await check_place(uow, entered.township, entered.community)
    _write(uow, company, entered)
    company.version += 1
    await index_texts(uow.session, uow.county, SearchKind.COMPANY, company.id, company.name, company.credit_code)
    await uow.audit("companyChange", company, grant=grant)
    uow.notify(company)
    return company


async def staff_enroll(uow: UnitOfWork, *, company_id: uuid.UUID, **member: Any) -> CompanyStaff:
    """Enrol a member of staff (``StaffMember``, companyStaffEnroll); the grants of the post begin with the employment.

    The company's administrator enrols. The office that registers companies may, too, as the papers attest, but gives a
    company an administrator only while it has none (``FORBIDDEN_ROLE``): nobody else acts for it.
    Refuses ``ALREADY_REGISTERED`` for a person whom the company employs already.
    """
    company = await uow.load(Company, company_id, lock=True, field="companyId")
    grant = await uow.act(ENROLLERS, Company, company)
    wanted = StaffMember(**member)
    planted = grant.role is not Role.COMPANY_ADMIN and wanted.kind is StaffKind.ADMIN
    if planted and await _has_administrator(uow, company):
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, "kind", roles=[Role.COMPANY_ADMIN])
    staff = await _employ(uow, company, wanted)
    await uow.audit("companyStaffEnroll", staff, grant=grant, detail={"kind": staff.kind})
    uow.notify(company)
    return staff


async def staff_dismiss(uow: UnitOfWork, *, id: uuid.UUID, employed_to: date) -> CompanyStaff:
    """End an employment (companyStaffDismiss): ``employed_to`` is its last day, the grants end with it.

    A project leader in post is replaced first (``ACTION_NOT_AVAILABLE``): no project is without one (COM-20).
    """
    staff = await uow.load(CompanyStaff, id, lock=True)
    company = await uow.load(Company, staff.company_id, lock=True, field="companyId")
    grant = await uow.act((Role.COMPANY_ADMIN, Role.BUREAU), Company, company)
    if staff.employed_to is not None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="companyStaffDismiss", state="ENDED")
    if employed_to < staff.employed_from:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "employedTo", least=staff.employed_from)
    leads = select(ProjectLeader.id).where(
        ProjectLeader.county == uow.county, ProjectLeader.staff_id == staff.id, ProjectLeader.ended_on.is_(None)
    )
    if await uow.session.scalar(leads.limit(1)) is not None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="companyStaffDismiss", state="PROJECT_LEADER")
    staff.employed_to = employed_to
    company.staff_count -= 1
    await end_grants(uow.session, Source("company_staff", staff.id), employed_to + timedelta(days=1))
    await uow.audit("companyStaffDismiss", staff, grant=grant)
    uow.notify(company)
    return staff


async def blacklist_record(
    uow: UnitOfWork, *, id: uuid.UUID, listed_on: date, reason: str, corrected_on: date | None = None
) -> Company:
    """Enter an attested black-list decision, or its correction (companyBlacklistRecord): CR-5, SL-25.

    Where the profile says so, a listed company may take no new project for a year, and longer until it has corrected.
    """
    company = await uow.load(Company, id, lock=True)
    grant = await uow.act((Role.BUREAU,), Company, company)
    if listed_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "listedOn", most=uow.today)
    if corrected_on is not None and not listed_on <= corrected_on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "correctedOn", least=listed_on, most=uow.today)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    company.blacklisted_on = listed_on
    company.blacklist_reason = reason.strip()
    company.blacklist_corrected_on = corrected_on
    company.version += 1
    await uow.audit("companyBlacklistRecord", company, grant=grant, reason=reason)
    uow.notify(company)
    return company


def _write(uow: UnitOfWork, company: Company, particulars: CompanyParticulars) -> None:
    if not particulars.name.strip():
        raise Refusal(ErrorCode.REQUIRED, "name")
    company.name = particulars.name.strip()
    company.name_sort = pinyin_key(company.name)
    for field in (
        "township",
        "community",
        "licence_number",
        "legal_representative",
        "registered_on",
        "office_address",
        "service_phone",
        "complaint_phone",
        "contact_name",
    ):
        setattr(company, field, getattr(particulars, field))
    phone = check_phone(particulars.contact_phone, "contactPhone") if particulars.contact_phone else None
    seal_into(company, "contact_phone", phone, Kind.PHONE, uow.vault)


async def _has_administrator(uow: UnitOfWork, company: Company) -> bool:
    in_post = select(CompanyStaff.id).where(
        CompanyStaff.county == uow.county,
        CompanyStaff.company_id == company.id,
        CompanyStaff.kind == StaffKind.ADMIN.value,
        CompanyStaff.account_id.is_not(None),
        CompanyStaff.employed_to.is_(None),
    )
    return await uow.session.scalar(in_post.limit(1)) is not None


async def _employ(uow: UnitOfWork, company: Company, member: StaffMember) -> CompanyStaff:
    if member.employed_from > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "employedFrom", most=uow.today)
    area = await uow.load(PropertyArea, member.area_id, field="areaId") if member.area_id else None
    account_id = None
    if member.phone:
        account_id = (await account_for_phone(uow, member.phone, member.name)).id
        employed = select(CompanyStaff.id).where(
            CompanyStaff.county == uow.county,
            CompanyStaff.company_id == company.id,
            CompanyStaff.account_id == account_id,
            CompanyStaff.employed_to.is_(None),
        )
        if await uow.session.scalar(employed) is not None:
            raise Refusal(ErrorCode.ALREADY_REGISTERED, "phone", value=member.name)
    staff = CompanyStaff(
        county=uow.county,
        id=new_id(),
        company_id=company.id,
        area_id=area.id if area else None,
        account_id=account_id,
        name=member.name,
        name_sort=pinyin_key(member.name),
        kind=member.kind.value,
        post=member.post,
        certificate_number=member.certificate_number,
        certificate_name=member.certificate_name,
        trained_on=member.trained_on,
        training_name=member.training_name,
        employed_from=member.employed_from,
    )
    seal_into(staff, "phone", check_phone(member.phone) if member.phone else None, Kind.PHONE, uow.vault)
    if account_id is not None:
        await open_grant(
            uow.session,
            Role.COMPANY_ADMIN if member.kind is StaffKind.ADMIN else Role.COMPANY_STAFF,
            uow.county,
            Source("company_staff", staff.id),
            account_id=account_id,
            reach=Reach(office=company.name, company_id=company.id, area_id=staff.area_id),
            valid_from=member.employed_from,
        )
    uow.session.add(staff)
    company.staff_count += 1
    await uow.session.flush()  # a project leader's post refers to it
    return staff
