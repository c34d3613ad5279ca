"""Exports of lists: asked for by anybody who sees the list, written by the worker in the name of who asked."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ARRAY, Uuid, any_, func, literal, or_, select

from auth.actor import Actor, Grant
from domain.errors import ErrorCode, Refusal
from domain.exports import ExportedList, ExportState
from domain.roles import PARTNERS, Role
from models.accounts import AccountGrant
from models.exports import ListExport
from resolvers.carriers import carrier, kept, news
from resolvers.jobs import job
from resolvers.unit_of_work import UnitOfWork

MOST_WAITING = 5
"""Exports of one account that may wait or run at a time."""

LOCALES = ("zh-CN", "en")


async def list_export(
    uow: UnitOfWork,
    *,
    name: ExportedList,
    conditions: Mapping[str, Any] | None = None,
    locale: str | None = None,
) -> ListExport:
    """Ask for a workbook of a list as the actor sees it (listExport), under the conditions of its query.

    The capacities that the request acts in decide what is shown, as in a read; the event records the first of them.
    Refuses ``FORBIDDEN_ROLE`` to partners, who have JSON pages, and ``RATE_LIMITED`` while ``MOST_WAITING`` are unfinished.
    """
    grants = [grant for grant in uow.actor.grants if grant.county == uow.county and grant.role not in PARTNERS]
    if uow.actor.account_id is None or not grants:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    locale = locale or uow.actor.locale
    if locale not in LOCALES:
        raise Refusal(ErrorCode.INVALID_INPUT, "locale", value=locale)
    await _check_waiting(uow)
    row = ListExport(
        county=uow.county,
        list_name=name.value,
        conditions=dict(conditions) if conditions else None,
        locale=locale,
        requested_by=uow.actor.account_id,
        grant_ids=[grant.id for grant in grants],
    )
    uow.session.add(row)
    await uow.session.flush()  # the job and the event name it
    await uow.audit("listExport", row, grant=grants[0], detail={"list": name.value, "filtered": bool(conditions)})
    await uow.enqueue("list_export", lock=f"exports/{uow.actor.account_id}", export_id=row.id)
    return row


async def _check_waiting(uow: UnitOfWork) -> None:
    unfinished = select(func.count()).where(
        ListExport.county == uow.county,
        ListExport.requested_by == uow.actor.account_id,
        ListExport.finished_at.is_(None),
    )
    if (await uow.session.scalar(unfinished) or 0) >= MOST_WAITING:
        raise Refusal(ErrorCode.RATE_LIMITED, seconds=60)


@job("list_export")
async def run(uow: UnitOfWork, *, export_id: uuid.UUID) -> bool:
    """Write an export: first it shows as running, then it is written and stored in one transaction."""
    row = await uow.load(ListExport, export_id)
    if row.state == ExportState.QUEUED:
        row.state = ExportState.RUNNING.value
        return True
    if row.state != ExportState.RUNNING:
        return False
    try:
        await _write(uow, row)
        row.state = ExportState.DONE.value
    except Refusal as refusal:
        row.state, row.refusal = ExportState.REFUSED.value, refusal.code.value
    row.finished_at = uow.now
    uow.notify(row)
    return False


async def _write(uow: UnitOfWork, row: ListExport) -> None:
    name = ExportedList(row.list_name)
    actor = await _asker(uow, row)
    async with news(row, steps=False) as progress:
        path, row.row_count = await carrier().exported(
            name, actor, uow.county, where=row.conditions, locale=row.locale, progress=progress
        )
    title = f"{name.value.lower()}_{uow.county}_{uow.today:%Y%m%d}.xlsx"
    row.result_id = await kept(uow, path, title, row.requested_by)


async def _asker(uow: UnitOfWork, row: ListExport) -> Actor:
    """Who asked, with those of its capacities that still hold; ``FORBIDDEN_ROLE`` when none does."""
    held = select(AccountGrant).where(
        AccountGrant.account_id == row.requested_by,
        AccountGrant.county == uow.county,
        AccountGrant.id == any_(literal(row.grant_ids, ARRAY(Uuid()))),
        AccountGrant.valid_from <= uow.today,
        or_(AccountGrant.valid_to.is_(None), AccountGrant.valid_to > uow.today),
    )
    grants = tuple(_grant(found) for found in (await uow.session.scalars(held)).all())
    if not grants:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    return Actor(row.requested_by, None, None, "", row.locale, uow.today, grants)


def _grant(row: AccountGrant) -> Grant:
    columns = {name: getattr(row, name) for name in Grant.__dataclass_fields__}
    return Grant(**{**columns, "role": Role(row.role), "scopes": tuple(row.scopes)})
