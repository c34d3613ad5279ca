"""Companies, contracts, project leaders and charge items of an import, as attested records of what stood before."""

import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from domain.companies import OPEN_LEADER_STATES, CompanyState, LeaderState, StaffKind
from domain.contracts import ContractKind, ContractState, EndReason
from domain.errors import ErrorCode, Refusal
from domain.fees import check_price
from domain.register import Row
from domain.register_business import CHARGE_ITEMS, COMPANIES, CONTRACTS, LEADERS
from domain.text import pinyin_key
from models.companies import Company, CompanyStaff, ProjectLeader
from models.contracts import ServiceContract
from models.estates import PropertyArea
from models.fees import ChargeItem
from models.filings import Filing
from models.sealed import Kind
from resolvers import companies as companies_commands
from resolvers.register.places import common, sealed, snake, unsealed
from resolvers.register.work import Work, claim

PARTICULARS = (
    *("credit_code", "name", "community", "licence_number", "legal_representative", "registered_on"),
    *("office_address", "service_phone", "complaint_phone", "contact_name"),
)
TERMS = (
    *("number", "kind", "mode", "title", "signed_on", "starts_on", "ends_on", "price_terms", "service_terms"),
    *("selection_basis", "developer_name", "model_text", "adjustment_clause"),
)
CHARGE = (
    *("code", "name", "category", "basis", "unit_use", "unit_price", "period_months", "due_days"),
    *("service_content", "valid_from", "valid_to"),
)


async def companies(work: Work) -> None:
    """Companies, by credit code; the first administrator of a new one gets the grants of the post."""
    known = await _ids(work, Company.credit_code, Company.id, Company.county)
    fresh = []
    met: Counter[bool] = Counter()
    rows = []
    for row in work.read(COMPANIES):
        township = work.township(COMPANIES, row)
        if row["admin_phone"] is not None and not row["admin_name"]:
            work.fault(COMPANIES, row, "admin_name", ErrorCode.REQUIRED)
        is_new = row["credit_code"] not in known
        row_id = claim(known, row["credit_code"], met)
        if is_new and row["admin_name"]:
            fresh.append((row, row_id))
        rows.append(
            {
                **common(work, row_id),
                **{name: row[name] for name in PARTICULARS},
                "township": township,
                "name_sort": pinyin_key(row["name"]),
                **sealed(work, Company, row_id, "contact_phone", row["contact_phone"], Kind.PHONE),
                "state": (CompanyState.FILED if row["filed"] else CompanyState.UNFILED).value,
                "listed": row["filed"],
            }
        )
    kept = ("state", "listed")
    left_empty = [f"contact_phone_{part}" for part in ("sealed", "index", "mask")]
    options: dict[str, Any] = {"kept": kept, "compared": unsealed(rows, kept), "coalesced": left_empty}
    await work.store(COMPANIES, Company, rows, met[True], **options)
    work.companies = known
    for row, company_id in () if work.faults else fresh:
        member = {"name": row["admin_name"], "kind": StaffKind.ADMIN, "post": "平台管理员", "phone": row["admin_phone"]}
        await companies_commands.staff_enroll(work.uow, company_id=company_id, employed_from=work.uow.today, **member)


async def contracts(work: Work) -> None:
    """Contracts from before the platform, by number. One that was filed here is not touched."""
    known = await _ids(work, ServiceContract.number, ServiceContract.id, ServiceContract.county)
    handed_in = select(Filing.contract_id).where(Filing.county == work.uow.county, Filing.contract_id.is_not(None))
    filed = set((await work.uow.session.scalars(handed_in)).all())
    places = await _places(work)
    met: Counter[bool] = Counter()
    rows = []
    for row in work.read(CONTRACTS):
        area_id, company_id = work.area(CONTRACTS, row), _company(work, CONTRACTS, row)
        if row["ends_on"] <= row["starts_on"]:
            work.fault(CONTRACTS, row, "ends_on", ErrorCode.OUT_OF_RANGE, least=row["starts_on"] + timedelta(days=1))
        row_id = claim(known, row["number"], met)
        if row_id in filed:
            work.fault(CONTRACTS, row, "number", ErrorCode.ALREADY_REGISTERED)
        if area_id is None or company_id is None:
            continue
        work.contract_parties[row["number"]] = (area_id, company_id, row)
        rows.append(
            {
                **common(work, row_id),
                **{name: row[name] for name in TERMS},
                # The offices see what is signed: an attested contract is, whether its day is still known or not.
                "signed_on": row["signed_on"] or row["starts_on"],
                **_standing(work, row),
                **places.get(area_id, {"township": "", "community": ""}),
                "area_id": area_id,
                "company_id": company_id,
                "drafted_by": work.uow.actor.account_id,
            }
        )
    work.contracts = known
    await work.store(CONTRACTS, ServiceContract, rows, met[True], kept=("drafted_by",))


def _standing(work: Work, row: Row) -> dict[str, Any]:
    """Where a contract stands today: it runs, nears its end, goes on after it while the company serves (V-36), or ended."""
    today = work.uow.today
    ended: dict[str, Any] = {"ended_on": None, "end_reason": None}
    if row["starts_on"] > today:
        return ended | {"state": ContractState.SIGNED.value}
    if row["ends_on"] < today and not row["still_serving"]:
        over = {"ended_on": row["ends_on"], "end_reason": EndReason.NOT_RENEWED.value}
        return over | {"state": ContractState.TERMINATED.value}
    if row["ends_on"] < today:
        return ended | {"state": ContractState.EXPIRED_CONTINUING.value}
    near = (row["ends_on"] - today).days <= work.uow.profile.contract_watch_days
    return ended | {"state": (ContractState.EXPIRING if near else ContractState.EFFECTIVE).value}


async def leaders(work: Work) -> None:
    """Project leaders in post, by area; a new name replaces the one before. They are enrolled with their company."""
    if not work.read(LEADERS):
        return
    places = await _places(work)
    in_post = select(ProjectLeader).where(
        ProjectLeader.county == work.uow.county,
        ProjectLeader.state.in_([state.value for state in OPEN_LEADER_STATES]),
    )
    current = {leader.area_id: leader for leader in (await work.uow.session.scalars(in_post)).all()}
    counted = [0, 0, 0]
    for row in work.read(LEADERS):
        area_id, company_id = work.area(LEADERS, row), _company(work, LEADERS, row)
        if row["appointed_on"] > work.uow.today:
            work.fault(LEADERS, row, "appointed_on", ErrorCode.OUT_OF_RANGE, most=work.uow.today)
        if work.faults or area_id is None or company_id is None:
            continue
        former = current.get(area_id)
        if former is not None and (former.company_id, former.name) == (company_id, row["name"]):
            counted[2] += 1
            continue
        if former is not None:
            former.state, former.ended_on = LeaderState.REPLACED.value, max(row["appointed_on"], former.appointed_on)
            await work.uow.session.flush()  # one leader in post at a time is a key of the table
        staff_id = await _manager(work, company_id, area_id, row)
        leader = ProjectLeader(
            county=work.uow.county,
            company_id=company_id,
            area_id=area_id,
            staff_id=staff_id,
            **places[area_id],
            name=row["name"],
            certificate_number=row["certificate_number"],
            work_phone=row["work_phone"],
            state=(LeaderState.REPORTED if row["reported"] else LeaderState.APPOINTED).value,
            appointed_on=row["appointed_on"],
            reported_on=row["appointed_on"] if row["reported"] else None,
        )
        work.uow.session.add(leader)
        counted[1 if former is not None else 0] += 1
    await work.uow.session.flush()
    work.count(LEADERS, *counted)


async def _manager(work: Work, company_id: uuid.UUID, area_id: uuid.UUID, row: Row) -> uuid.UUID:
    employed = select(CompanyStaff.id).where(
        CompanyStaff.county == work.uow.county,
        CompanyStaff.company_id == company_id,
        CompanyStaff.name == row["name"],
        CompanyStaff.employed_to.is_(None),
    )
    found: uuid.UUID | None = await work.uow.session.scalar(employed.limit(1))
    if found is not None:
        return found
    staff = await companies_commands.staff_enroll(
        work.uow,
        company_id=company_id,
        name=row["name"],
        kind=StaffKind.MANAGER,
        post="项目负责人",
        employed_from=row["appointed_on"],
        phone=row["phone"],
        area_id=area_id,
        certificate_number=row["certificate_number"],
    )
    return staff.id


async def charge_items(work: Work) -> None:
    """Charge items of imported contracts, by area and code. They are billed once they are disclosed (TQ-73)."""
    county = work.uow.county
    statement = select(ChargeItem.area_id, ChargeItem.code, ChargeItem.id).where(ChargeItem.county == county)
    for area_of_item, code, item_id in (await work.uow.session.execute(statement)).all():
        work.charge_items[area_of_item, code] = item_id
    places = await _places(work)
    parties = await _parties(work)
    met: Counter[bool] = Counter()
    rows = []
    for row in work.read(CHARGE_ITEMS):
        area_id = work.area(CHARGE_ITEMS, row)
        contract_id = work.find(
            CHARGE_ITEMS, row, "contract", work.contracts, row["contract"], ("contracts", row["contract"])
        )
        if area_id is None or contract_id is None or row["contract"] not in parties:
            continue
        contract_area, company_id, kind, mode = parties[row["contract"]]
        if contract_area != area_id:
            work.fault(CHARGE_ITEMS, row, "contract", ErrorCode.INVALID_INPUT, value=row["contract"])
            continue
        try:
            guided = check_price(
                work.uow.profile,
                contract=kind,
                category=row["category"],
                building_type=None,
                star=None,
                unit_price=row["unit_price"],
            )
        except Refusal as refusal:
            work.fault(CHARGE_ITEMS, row, snake(refusal.field) or "unit_price", refusal.code, **refusal.params)
            continue
        rows.append(
            {
                **common(work, claim(work.charge_items, (area_id, row["code"]), met)),
                **{name: row[name] for name in CHARGE},
                **places.get(area_id, {"township": "", "community": ""}),
                "area_id": area_id,
                "company_id": company_id,
                "contract_id": contract_id,
                "mode": str(mode),
                "guide_price": guided is not None,
            }
        )
    # The price of an item that the county has stands as it was disclosed: a new price is a new item.
    await work.store(CHARGE_ITEMS, ChargeItem, rows, met[True], kept=("unit_price", "guide_price", "mode"))


async def _parties(work: Work) -> dict[str, tuple[uuid.UUID, uuid.UUID, ContractKind, str]]:
    """By contract number: area, company, kind and mode, as the county has it or the file says."""
    columns = (
        *(ServiceContract.number, ServiceContract.area_id, ServiceContract.company_id),
        *(ServiceContract.kind, ServiceContract.mode),
    )
    statement = select(*columns).where(ServiceContract.county == work.uow.county)
    found = {
        number: (area_id, company_id, ContractKind(kind), mode)
        for number, area_id, company_id, kind, mode in (await work.uow.session.execute(statement)).all()
    }
    for number, (area_id, company_id, row) in work.contract_parties.items():
        found[number] = (area_id, company_id, row["kind"], row["mode"])
    return found


def _company(work: Work, sheet: Any, row: Row) -> uuid.UUID | None:
    return work.find(sheet, row, "company", work.companies, row["company"], ("companies", row["company"]))


async def _ids(work: Work, key: Any, row_id: Any, county: Any) -> dict[Any, uuid.UUID]:
    statement = select(key, row_id).where(county == work.uow.county)
    return {found: found_id for found, found_id in (await work.uow.session.execute(statement)).all()}  # noqa: C416


async def _places(work: Work) -> dict[uuid.UUID, dict[str, str]]:
    """Township and community of every property area, those of the file included (they are stored by now)."""
    columns = (PropertyArea.id, PropertyArea.township, PropertyArea.community)
    statement = select(*columns).where(PropertyArea.county == work.uow.county)
    return {
        row.id: {"township": row.township, "community": row.community}
        for row in (await work.uow.session.execute(statement)).all()
    }
