"""The filing of covenants (管理规约备案, SM-4): open, hand in; once filed it is published and the board is due anew (ZS-20)."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, update

from auth.actor import Grant
from domain.calendar import add_working_days
from domain.committees import IN_OFFICE
from domain.covenant_filings import COVENANT_FILING, CovenantKind
from domain.disclosures import DisclosureItem
from domain.documents import DocumentAudience, DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.filing_records import FilingKind
from domain.profiles import profile_version
from domain.roles import Role
from domain.simple_filings import SimpleFilingState as State
from models.committees import Committee
from models.documents import Document
from models.estates import PropertyArea
from models.filings import Filing, ModelText
from resolvers import simple_filings
from resolvers.areas import area_by_code
from resolvers.disclosures import About, expect
from resolvers.filings import SUBJECTS, Subject
from resolvers.unit_of_work import UnitOfWork

KIND = FilingKind.COVENANT


async def open_(
    uow: UnitOfWork,
    *,
    area_code: str,
    kind: CovenantKind,
    adopted_on: date,
    decision_reference: str | None = None,
    developer_name: str | None = None,
    model_text_id: uuid.UUID | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> Filing:
    """Begin a covenant's filing as a draft (covenantFilingOpen).

    The owners' own by the body in office, with where their decision is found; a temporary one by the early-stage company
    for the developer. A covenant that amends one on file takes its place once filed. Refuses ``NOT_FOUND`` for an area
    that is not the body's, ``REQUIRED`` for a missing developer, ``INVALID_INPUT`` for a model text of another kind.
    """
    kind = CovenantKind(kind)
    owners = kind is CovenantKind.COVENANT
    area = await area_by_code(uow, area_code)
    grant = await uow.act((Role.COMMITTEE if owners else Role.COMPANY_ADMIN,))
    if adopted_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "adoptedOn", most=uow.today)
    body = await _body(uow, area, grant) if owners else None
    if not owners and not (developer_name or "").strip():
        raise Refusal(ErrorCode.REQUIRED, "developerName")
    await _check_text(uow, kind, model_text_id)
    await simple_filings.none_undecided(uow, area, KIND, "areaCode")
    return await simple_filings.open_for_area(
        uow,
        KIND,
        COVENANT_FILING,
        area,
        grant=grant,
        title=f"{area.name}{'管理规约' if owners else '临时管理规约'}",
        documents=document_ids,
        covenant_kind=kind.value,
        signed_on=adopted_on,
        decision_reference=(decision_reference or "").strip() or None,
        developer_name=None if owners else (developer_name or "").strip(),
        model_text_id=model_text_id,
        committee_id=body.id if body else None,
        company_id=grant.company_id,
    )


async def submit(
    uow: UnitOfWork, *, id: uuid.UUID, document_ids: Sequence[uuid.UUID] = (), expected_version: int | None = None
) -> Filing:
    """Hand a covenant in (covenantFilingSubmit): its text, and the owners' resolution or the developer's mandate.

    A late one is taken and its lateness noted. Refuses ``VOTE_NOT_PASSED`` without the owners' decision,
    ``MODEL_TEXT_REQUIRED`` in a newly taken estate or of a new committee (GT-18).
    """
    filing = await simple_filings.load(uow, id, KIND)
    return await simple_filings.submit(uow, filing, document_ids, expected_version)


async def _body(uow: UnitOfWork, area: PropertyArea, grant: Grant) -> Committee:
    """The actor's body, in office in this very area."""
    body: Committee | None = await uow.session.scalar(
        select(Committee).where(
            Committee.county == uow.county,
            Committee.id == grant.committee_id,
            Committee.area_id == area.id,
            Committee.state.in_(sorted(IN_OFFICE)),
        )
    )
    if body is None:
        raise Refusal(ErrorCode.NOT_FOUND, "areaCode")
    return body


async def _check_text(uow: UnitOfWork, kind: CovenantKind, model_text_id: uuid.UUID | None) -> None:
    if model_text_id is None:
        return
    text = await uow.load(ModelText, model_text_id, field="modelTextId")
    if text.kind != kind.value:
        raise Refusal(ErrorCode.INVALID_INPUT, "modelTextId")


async def _facts(uow: UnitOfWork, filing: Filing) -> Mapping[str, Any]:
    return {
        "vote_passed": filing.decision_reference is not None,
        "model_text": filing.model_text_id is not None,
        "new_estate_or_committee": not await _follows_one_of_the_same_body(uow, filing),
    }


async def _follows_one_of_the_same_body(uow: UnitOfWork, filing: Filing) -> bool:
    """The same body, or the developer, has filed a covenant of this kind here before."""
    same_body = (
        Filing.committee_id == filing.committee_id if filing.committee_id else Filing.company_id == filing.company_id
    )
    earlier = select(Filing.id).where(
        Filing.county == uow.county,
        Filing.kind == KIND.value,
        Filing.area_id == filing.area_id,
        Filing.covenant_kind == filing.covenant_kind,
        Filing.decided_on.is_not(None),
        Filing.id != filing.id,
        same_body,
    )
    return await uow.session.scalar(earlier.limit(1)) is not None


async def _content(uow: UnitOfWork, filing: Filing) -> dict[str, Any]:
    area = await simple_filings.area_of(uow, filing)
    return {
        "kind": filing.kind,
        "county": filing.county,
        "number": filing.number,
        "covenantKind": filing.covenant_kind,
        "title": filing.title,
        "area": {"code": area.code, "name": area.name},
        "adoptedOn": filing.signed_on.isoformat() if filing.signed_on else None,
        "decisionReference": filing.decision_reference,
        "developer": filing.developer_name,
        "modelText": filing.model_text_id is not None,
    }


async def _moved(uow: UnitOfWork, filing: Filing, former: str) -> None:
    if filing.state != State.FILED:
        return
    await simple_filings.take_effect(uow, filing)
    await simple_filings.take_the_place_of_former(uow, filing)
    filing.published, filing.published_at = True, uow.now
    await uow.session.execute(
        update(Document)
        .where(
            Document.county == uow.county,
            Document.subject_type == Filing.__tablename__,
            Document.subject_id == filing.id,
            Document.kind == DocumentKind.COVENANT.value,
        )
        .values(audience=DocumentAudience.PUBLISHED.value)
    )
    last_day = add_working_days(uow.today, profile_version(filing.profile_version).disclosure_update_working_days)
    area = await simple_filings.area_of(uow, filing)
    await expect(uow, area, DisclosureItem.COVENANT, last_day, About("property_area", area.id))


SUBJECTS[KIND] = Subject(facts=_facts, content=_content, moved=_moved)
