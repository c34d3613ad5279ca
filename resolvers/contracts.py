"""Service contracts (物业服务合同): draft, sign, hand in, renew, terminate; what their filing's moves change (SM-3)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from auth.actor import Grant
from domain.committees import IN_OFFICE
from domain.contract_filings import CONTRACT_FILING
from domain.contracts import (
    IN_FORCE,
    ContractKind,
    ContractMode,
    ContractState,
    EndReason,
    SelectionBasis,
    earliest_end,
)
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.filing_records import FilingKind, ModelTextKind
from domain.profiles.parameters import BuildingType
from domain.records import Record
from domain.roles import Role
from models.base import new_id
from models.committees import Committee
from models.companies import Company
from models.contracts import ServiceContract
from models.documents import Document
from models.estates import PropertyArea
from models.filings import Filing, ModelText
from resolvers.areas import area_by_code
from resolvers.filings import hand_in, new_case_number
from resolvers.unit_of_work import UnitOfWork

DRAFTERS = (Role.COMPANY_ADMIN, Role.PROJECT_LEADER)
SUCCEEDS_FROM = frozenset({ContractState.SIGNED, ContractState.FILED}) | IN_FORCE
"""A contract in one of these states is signed, so it may follow another."""


@dataclass(frozen=True)
class ContractTerms(Record):
    """What the parties agree. ``unit_price`` in fen per m² and month for dwellings of ``building_type``."""

    kind: ContractKind
    mode: ContractMode
    title: str
    starts_on: date
    ends_on: date
    price_terms: str
    service_terms: str
    selection_basis: SelectionBasis
    number: str | None = None
    other_terms: str | None = None
    advance_months: int | None = None
    unit_price: int | None = None
    building_type: BuildingType | None = None
    service_star: int | None = None
    model_text_id: uuid.UUID | None = None
    adjustment_clause: bool = False
    whole_transfer: bool = False
    developer_name: str | None = None
    selection_reference: str | None = None
    selected_on: date | None = None
    renews_id: uuid.UUID | None = None


async def draft(
    uow: UnitOfWork, *, area_code: str, document_ids: Sequence[uuid.UUID] = (), **terms: Any
) -> tuple[ServiceContract, Filing]:
    """Draft a contract (``ContractTerms``) of the actor's company for an area, and open its filing (contractDraft).

    The area is named by its public code: a company does not see areas that it does not serve yet. A normal contract is
    with the body in office (``NOT_FOUND`` where there is none). Refuses ``OUT_OF_RANGE`` for a term that ends before it
    begins, ``ALREADY_REGISTERED`` for a number in use, ``INVALID_INPUT`` for a contract it cannot renew.
    """
    agreed = ContractTerms(**terms)
    grant = await uow.act(DRAFTERS)
    area = await area_by_code(uow, area_code)
    if grant.role is Role.PROJECT_LEADER and grant.area_id != area.id:
        raise Refusal(ErrorCode.NOT_FOUND, "areaCode")
    if grant.company_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    company = await uow.load(Company, grant.company_id)
    body = await _body(uow, area) if agreed.kind is ContractKind.NORMAL else None
    _check_terms(agreed)
    if agreed.renews_id is not None:
        await _renewable(uow, agreed.renews_id, company, area)
    contract = ServiceContract(
        county=uow.county,
        id=new_id(),
        area_id=area.id,
        company_id=company.id,
        committee_id=body.id if body else None,
        township=area.township,
        community=area.community,
        state=ContractState.DRAFT.value,
        published=False,
        drafted_by=uow.actor.account_id,
        version=1,
        **await _columns(uow, agreed),
    )
    if contract.number is None:
        contract.number = await new_case_number(uow, FilingKind.SERVICE_CONTRACT, ServiceContract.number)
    await _number_free(uow, contract.number)
    uow.session.add(contract)
    await uow.session.flush()  # the filing refers to it
    filing = await _open_filing(uow, contract, company, grant, document_ids)
    uow.notify(contract)
    return contract, filing


async def change(
    uow: UnitOfWork, *, id: uuid.UUID, expected_version: int | None = None, **terms: Any
) -> ServiceContract:
    """Write other terms into a contract that is a draft still, or whose filing was returned (contractChange).

    What is filed stays on record as it was handed in; the next submission records what stands then.
    """
    contract = await uow.load(ServiceContract, id, lock=True)
    grant = await uow.act(DRAFTERS, ServiceContract, contract)
    uow.check_version(contract, expected_version)
    filing = await live_filing(uow, contract.id)
    if filing is None or filing.state not in ("DRAFT", "RETURNED"):
        state = filing.state if filing else contract.state
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="contractChange", state=state)
    agreed = ContractTerms(**terms)
    _check_terms(agreed)
    if agreed.kind != contract.kind or agreed.renews_id != contract.renews_id:
        raise Refusal(ErrorCode.INVALID_INPUT, "kind" if agreed.kind != contract.kind else "renewsId")
    columns = await _columns(uow, agreed)
    columns["number"] = agreed.number or contract.number
    if columns["number"] != contract.number:
        await _number_free(uow, columns["number"])
    for name, value in columns.items():
        setattr(contract, name, value)
    contract.version += 1
    filing.starts_on, filing.ends_on, filing.title = contract.starts_on, contract.ends_on, contract.title
    await uow.audit("contractChange", contract, grant=grant)
    uow.notify(contract)
    return contract


async def sign(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    signed_on: date,
    decision_reference: str | None = None,
    decided_on: date | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> tuple[ServiceContract, Filing]:
    """Record that a contract is signed (contractSign): by the body for the owners (ZD-41), or by the company itself for
    an early-stage contract that the developer signed after tender or by approved exception (ZD-56, COM-22).

    A body names the owners' decision that chose the company (V-1(4)), as an attested record: ``VOTE_NOT_PASSED``
    without it, or when the contract was signed before it.
    """
    contract = await uow.load(ServiceContract, id, lock=True)
    filing = await _filing_of(uow, contract)
    if signed_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "signedOn", most=uow.today)
    chosen = bool(decision_reference and decision_reference.strip() and decided_on and decided_on <= signed_on)
    filing.signed_on = signed_on  # the filing's period counts from it
    await uow.advance(filing, "SIGN", facts={"vote_passed": chosen}, documents=document_ids)
    contract.signed_on = signed_on
    if contract.kind == ContractKind.NORMAL:
        contract.selection_basis = SelectionBasis.OWNERS_DECISION.value
        contract.selection_reference, contract.selected_on = decision_reference, decided_on
    contract.version += 1
    uow.notify(contract)
    return contract, filing


async def filing_submit(
    uow: UnitOfWork, *, id: uuid.UUID, document_ids: Sequence[uuid.UUID] = (), expected_version: int | None = None
) -> Filing:
    """Hand a signed contract in (contractFilingSubmit): contract, price items, resolution or tender (GT-19).

    A late one is taken and its lateness noted. The guards of SM-3 refuse: ``FIRM_NOT_FILED``, ``BLACKLISTED``,
    ``PRICE_ABOVE_CEILING``, ``WHOLE_TRANSFER``, ``ADJUSTMENT_CLAUSE_REQUIRED``, ``MODEL_TEXT_REQUIRED``.
    """
    filing = await uow.load(Filing, id, lock=True)
    if filing.kind != FilingKind.SERVICE_CONTRACT:
        raise Refusal(ErrorCode.NOT_FOUND, "id")
    uow.check_version(filing, expected_version)
    return await hand_in(uow, filing, "SUBMIT", document_ids)


async def filing_open_again(
    uow: UnitOfWork, *, id: uuid.UUID, document_ids: Sequence[uuid.UUID] = ()
) -> tuple[ServiceContract, Filing]:
    """Open a filing for a contract that has none: it lapsed, was withdrawn, or the contract is from before the platform
    (contractFilingOpenAgain).

    The contract stands all the while; its signature is recorded in the new filing again.
    """
    contract = await uow.load(ServiceContract, id, lock=True)
    grant = await uow.act(DRAFTERS, ServiceContract, contract)
    if await live_filing(uow, contract.id) is not None or contract.state == ContractState.TERMINATED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="contractFilingOpenAgain", state=contract.state)
    company = await uow.load(Company, contract.company_id, field="id")
    if contract.kind == ContractKind.NORMAL and contract.committee_id is None:
        area = await uow.load(PropertyArea, contract.area_id, field="id")
        contract.committee_id = (await _body(uow, area)).id  # brought in without one: the body in office signs
        contract.version += 1
    return contract, await _open_filing(uow, contract, company, grant, document_ids)


async def renew(uow: UnitOfWork, *, id: uuid.UUID, successor_id: uuid.UUID) -> tuple[ServiceContract, Filing]:
    """Record the contract that follows (contractRenew), signed before the old one ends (V-35) or in its place (ZS-17).

    The old contract runs until the new one takes effect.
    """
    contract = await uow.load(ServiceContract, id, lock=True)
    successor = await uow.load(ServiceContract, successor_id, field="successorId")
    filing = await _filing_of(uow, contract)
    follows = successor.area_id == contract.area_id and successor.renews_id == contract.id
    signed = successor.state in SUCCEEDS_FROM
    await uow.advance(filing, "RENEW", facts={"successor_signed": follows and signed})
    filing.effective_to = successor.starts_on - timedelta(days=1)
    if ContractState(successor.state) in IN_FORCE:
        contract.state = ContractState.RENEWED.value
    contract.version += 1
    uow.notify(contract)
    return contract, filing


async def terminate(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    end_reason: EndReason,
    noticed_on: date,
    ended_on: date,
    reason: str,
    document_ids: Sequence[uuid.UUID] = (),
) -> tuple[ServiceContract, Filing]:
    """End a contract after due notice (contractTerminate): V-35, V-36. ``ended_on`` is its last day.

    ``TOO_EARLY`` before the notice has run its time: 60 days for a dismissal, 90 before the end for a non-renewal, the
    profile's notice while it continues. The written notice is attached, and to a dismissal, which is the owners' and no
    firm's, their resolution (``MISSING_DOCUMENT``; ``FORBIDDEN_ROLE`` for the company).
    """
    contract = await uow.load(ServiceContract, id, lock=True)
    filing = await _filing_of(uow, contract)
    why = EndReason(end_reason)
    if why is EndReason.REPLACED:
        raise Refusal(ErrorCode.INVALID_INPUT, "endReason")
    if (why is EndReason.NOTICE_WHILE_CONTINUING) != (contract.state == ContractState.EXPIRED_CONTINUING):
        raise Refusal(ErrorCode.INVALID_INPUT, "endReason")
    if noticed_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "noticedOn", most=uow.today)
    first_lawful = earliest_end(why, noticed_on, contract.ends_on, uow.profile.continuing_notice_days)
    if not first_lawful <= ended_on:
        raise Refusal(ErrorCode.TOO_EARLY, "endedOn", earliest=first_lawful)
    if ended_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "endedOn", most=uow.today)
    if why is EndReason.DISMISSED:
        await _check_dismissal(uow, contract, document_ids)
    contract.notice_given_on, contract.ended_on, contract.end_reason = noticed_on, ended_on, why.value
    contract.version += 1
    await uow.advance(
        filing,
        "TERMINATE",
        facts={"today": uow.today, "earliest_end": first_lawful},
        documents=document_ids,
        reason=reason,
    )
    uow.notify(contract)
    return contract, filing


async def _check_dismissal(uow: UnitOfWork, contract: ServiceContract, document_ids: Sequence[uuid.UUID]) -> None:
    """The owners dismiss by joint decision, and their body hands the resolution in (V-35)."""
    await uow.act({Role.COMMITTEE}, ServiceContract, contract)
    kinds = {paper.kind for paper in await uow.load_all(Document, document_ids, field="documentIds")}
    if DocumentKind.OWNERS_RESOLUTION not in kinds:
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documentIds", documents=[DocumentKind.OWNERS_RESOLUTION.value])


async def live_filing(uow: UnitOfWork, contract_id: uuid.UUID) -> Filing | None:
    """The contract's filing that did not lapse and was not withdrawn."""
    found: Filing | None = await uow.session.scalar(
        select(Filing)
        .where(
            Filing.county == uow.county,
            Filing.contract_id == contract_id,
            Filing.state.not_in(("LAPSED", "WITHDRAWN")),
        )
        .with_for_update()
    )
    return found


async def _filing_of(uow: UnitOfWork, contract: ServiceContract) -> Filing:
    filing = await live_filing(uow, contract.id)
    if filing is None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=contract.state, action="none")
    return await uow.load(Filing, filing.id, field="id")


async def _body(uow: UnitOfWork, area: PropertyArea) -> Committee:
    in_office = select(Committee).where(
        Committee.county == uow.county,
        Committee.area_id == area.id,
        Committee.state.in_([state.value for state in IN_OFFICE]),
    )
    body: Committee | None = await uow.session.scalar(in_office)
    if body is None:
        raise Refusal(ErrorCode.NOT_FOUND, "kind")
    return body


async def _renewable(uow: UnitOfWork, renews_id: uuid.UUID, company: Company, area: PropertyArea) -> None:
    former = await uow.load(ServiceContract, renews_id, field="renewsId")
    if (former.company_id, former.area_id) != (company.id, area.id) or former.state not in IN_FORCE:
        raise Refusal(ErrorCode.INVALID_INPUT, "renewsId")


def _check_terms(agreed: ContractTerms) -> None:
    if agreed.ends_on <= agreed.starts_on:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "endsOn", least=agreed.starts_on)
    for name in ("title", "price_terms", "service_terms"):
        if not getattr(agreed, name).strip():
            first, *rest = name.split("_")
            raise Refusal(ErrorCode.REQUIRED, first + "".join(word.title() for word in rest))
    if agreed.unit_price is not None and agreed.unit_price < 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "unitPrice", least=0)
    if agreed.service_star is not None and not 1 <= agreed.service_star <= 5:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "serviceStar", least=1, most=5)
    if agreed.advance_months is not None and not 1 <= agreed.advance_months <= 12:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "advanceMonths", least=1, most=12)
    owners = agreed.selection_basis is SelectionBasis.OWNERS_DECISION
    if owners != (agreed.kind is ContractKind.NORMAL):
        raise Refusal(ErrorCode.INVALID_INPUT, "selectionBasis")


async def _columns(uow: UnitOfWork, agreed: ContractTerms) -> dict[str, Any]:
    values = {name: getattr(agreed, name) for name in ContractTerms.__dataclass_fields__}
    for name in ("kind", "mode", "selection_basis", "building_type"):
        values[name] = values[name].value if values[name] is not None else None
    values["model_text"] = await _is_model_text(uow, agreed)
    return values


async def _is_model_text(uow: UnitOfWork, agreed: ContractTerms) -> bool:
    """The named text is the county's model text for this kind of contract (GT-14)."""
    if agreed.model_text_id is None:
        return False
    named = await uow.load(ModelText, agreed.model_text_id, field="modelTextId")
    early = agreed.kind is ContractKind.EARLY_STAGE
    wanted = ModelTextKind.EARLY_STAGE_CONTRACT if early else ModelTextKind.SERVICE_CONTRACT
    if named.kind != wanted.value or named.valid_from > uow.today:
        raise Refusal(ErrorCode.INVALID_INPUT, "modelTextId")
    return True


async def _number_free(uow: UnitOfWork, number: str) -> None:
    taken = select(ServiceContract.id).where(ServiceContract.county == uow.county, ServiceContract.number == number)
    if await uow.session.scalar(taken) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "number", value=number)


async def _open_filing(
    uow: UnitOfWork, contract: ServiceContract, company: Company, grant: Grant, document_ids: Sequence[uuid.UUID]
) -> Filing:
    filing = Filing(
        kind=FilingKind.SERVICE_CONTRACT.value,
        number=await new_case_number(uow, FilingKind.SERVICE_CONTRACT),
        title=contract.title,
        credit_code=company.credit_code,
        contract_id=contract.id,
        contract_kind=contract.kind,
        company_id=contract.company_id,
        committee_id=contract.committee_id,
        area_id=contract.area_id,
        township=contract.township,
        community=contract.community,
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
        round=0,
        rectification_refused=False,
    )
    return await uow.open_case(filing, CONTRACT_FILING, grant=grant, documents=document_ids)
