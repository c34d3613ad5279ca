"""Committees with their members, and opening balances of an import: through the commands that attest them."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from domain.committees import IN_OFFICE
from domain.errors import ErrorCode, Refusal
from domain.register import Row, Sheet
from domain.register_business import ARREARS, COMMITTEES, FUNDS, MEMBERS, PREPAID
from models.committees import Committee
from resolvers import committees as committees_commands
from resolvers import openings as commands
from resolvers.openings import OpeningArrears, OpeningFund, OpeningPrepaid
from resolvers.register.places import snake
from resolvers.register.work import Work


async def committees(work: Work) -> None:
    """The body in office of each area with its members; one that is there already stays as it is."""
    members: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in work.read(MEMBERS):
        work.area(MEMBERS, row)
        members[row["area"]].append({name: value for name, value in row.values.items() if name != "area"})
    in_office = select(Committee.area_id, Committee.name, Committee.term_from).where(
        Committee.county == work.uow.county, Committee.state.in_([state.value for state in IN_OFFICE])
    )
    current = {row.area_id: (row.name, row.term_from) for row in (await work.uow.session.execute(in_office)).all()}
    created = unchanged = 0
    for row in work.read(COMMITTEES):
        area_id = work.area(COMMITTEES, row)
        if work.faults or area_id is None:
            continue
        if current.get(area_id) == (row["name"], row["term_from"]):
            unchanged += 1
            continue
        body = {name: value for name, value in row.values.items() if name != "area"}
        try:
            await committees_commands.attest(work.uow, area_id=area_id, members=members[row["area"]], **body)
        except Refusal as refusal:
            column = (snake(refusal.field) or "").split(".")[-1]
            known = column if column in COMMITTEES.by_name else None
            work.fault(COMMITTEES, row, known, refusal.code, **refusal.params)
        created += 1
    work.count(COMMITTEES, created, 0, unchanged)
    if not work.faults:
        work.count(MEMBERS, *((len(work.read(MEMBERS)), 0, 0) if created else (0, 0, len(work.read(MEMBERS)))))


async def arrears(work: Work) -> None:
    """Opening arrears as bills of the charge items that they arose under."""
    lines = []
    for row, unit_id in _with_units(work, ARREARS):
        area_id = work.building_areas.get(work.unit_buildings[unit_id])
        item_id = work.charge_items.get((area_id, row["item"]))
        if item_id is None:
            # An item whose own row is at fault is fault enough.
            if not work.faults:
                work.fault(ARREARS, row, "item", ErrorCode.NOT_FOUND, value=row["item"])
            continue
        if row["period_to"] < row["period_from"]:
            work.fault(ARREARS, row, "period_to", ErrorCode.OUT_OF_RANGE, least=row["period_from"])
        given = {name: row[name] for name in ("number", "period_from", "period_to", "due_on", "amount")}
        lines.append((row, OpeningArrears(charge_item_id=item_id, unit_id=unit_id, **given)))
    await _open(work, ARREARS, lines, commands.arrears_open)


async def prepaid(work: Work) -> None:
    """What units had paid in advance."""
    lines = []
    for row, unit_id in _with_units(work, PREPAID):
        company_id = work.find(PREPAID, row, "company", work.companies, row["company"], ("companies", row["company"]))
        if company_id is not None:
            given = {"reference": row["reference"], "amount": row["amount"]}
            lines.append((row, OpeningPrepaid(unit_id=unit_id, company_id=company_id, **given)))
    await _open(work, PREPAID, lines, commands.prepaid_open)


async def funds(work: Work) -> None:
    """Balances of units' maintenance-fund accounts."""
    lines = [(row, OpeningFund(unit_id=unit_id, amount=row["amount"])) for row, unit_id in _with_units(work, FUNDS)]
    await _open(work, FUNDS, lines, commands.fund_open)


def _with_units(work: Work, sheet: Sheet) -> list[tuple[Row, uuid.UUID]]:
    found = []
    for row in work.read(sheet):
        unit_id = work.unit(sheet, row)
        if row["amount"] <= 0:
            work.fault(sheet, row, "amount", ErrorCode.OUT_OF_RANGE, least="0.01")
        if row["as_of"] > work.uow.today:
            work.fault(sheet, row, "as_of", ErrorCode.OUT_OF_RANGE, most=work.uow.today)
        if unit_id is not None:
            found.append((row, unit_id))
    return found


async def _open(work: Work, sheet: Sheet, lines: Sequence[tuple[Row, Any]], command: Any) -> None:
    """Lines that were attested together are opened together; those that are there already stay."""
    if work.faults:
        return
    together: dict[tuple[date, str], list[Any]] = defaultdict(list)
    for row, line in lines:
        together[row["as_of"], row["attested_by"]].append(line)
    created = 0
    for (as_of, attested_by), part in together.items():
        created += await command(work.uow, lines=part, as_of=as_of, attested_by=attested_by)
    work.count(sheet, created, 0, len(lines) - created)
