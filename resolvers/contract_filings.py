"""The filing of service contracts (合同备案, SM-3): what its guards ask, what is filed, what its moves change, publication."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from domain.bills import ChargeCategory
from domain.calendar import add_days
from domain.companies import CompanyState
from domain.contract_filings import ContractFilingState as State
from domain.contracts import IN_FORCE, ContractKind, ContractState, EndReason, ProblemReason
from domain.disclosures import CONTRACT_POSTING_DAYS, DisclosureItem
from domain.errors import ErrorCode, Refusal
from domain.fees import guided_charge, price_ceiling
from domain.filing_records import FilingKind
from domain.profiles import profile_version
from domain.profiles.parameters import BuildingType
from domain.roles import Role
from models.companies import Company
from models.contracts import ContractProblem, ServiceContract
from models.disclosures import Disclosure
from models.estates import PropertyArea
from models.filings import Filing
from resolvers import disclosures
from resolvers.cases import reschedule
from resolvers.disclosures import About, Posting
from resolvers.filings import SUBJECTS, Subject, certify
from resolvers.leaders import end_posts
from resolvers.unit_of_work import UnitOfWork

MIRROR = {
    State.SIGNED: ContractState.SIGNED,
    State.FILED: ContractState.FILED,
    State.EFFECTIVE: ContractState.EFFECTIVE,
    State.EXPIRING: ContractState.EXPIRING,
    State.EXPIRED_CONTINUING: ContractState.EXPIRED_CONTINUING,
    State.TERMINATED: ContractState.TERMINATED,
}
"""What the contract's state says. While it is submitted, returned or on the problem list the contract stands as before;
a renewed one runs on until its successor takes effect."""

PUBLISHERS = (Role.COMPANY_ADMIN, Role.PROJECT_LEADER)
PUBLISHABLE = frozenset({State.FILED, State.EFFECTIVE, State.EXPIRING, State.EXPIRED_CONTINUING})


async def publish(
    uow: UnitOfWork, *, id: uuid.UUID, objection_contact: str, **proofs: Any
) -> tuple[ServiceContract, Disclosure]:
    """Publish a filed contract in its estates (contractPublish, ZS-18): its main terms are posted on the board.

    From then on the area's owners see it, and partners with the scope ``filings:public`` see its filing.
    """
    contract = await uow.load(ServiceContract, id, lock=True)
    grant = await uow.act(PUBLISHERS, ServiceContract, contract)
    filing = await _live_filing(uow, contract)
    if filing is None or filing.state not in PUBLISHABLE:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="contractPublish", state=contract.state)
    area = await _area(uow, contract)
    company = await _company(uow, contract)
    posting = Posting(
        title=contract.title,
        body=_main_terms(contract, company, filing),
        objection_contact=objection_contact,
        content=filing.content,
        valid_from=contract.starts_on,
        **proofs,
    )
    posted = await disclosures.put_up(
        uow, area, DisclosureItem.CONTRACT, posting, grant=grant, about=About("service_contract", contract.id)
    )
    if not contract.published:
        contract.published, contract.published_at = True, uow.now
        filing.published, filing.published_at = True, uow.now
        contract.version += 1
    await uow.audit("contractPublish", contract, grant=grant)
    uow.notify(contract)
    uow.notify(filing)
    return contract, posted


async def _facts(uow: UnitOfWork, filing: Filing) -> Mapping[str, Any]:
    contract = await _contract(uow, filing)
    company = await _company(uow, contract)
    renewal = await _renews(uow, contract)
    return {
        "company_state": CompanyState(company.state),
        "listed_on": company.blacklisted_on,
        "corrected_on": company.blacklist_corrected_on,
        "renewal": renewal,
        "unit_price_fen": contract.unit_price,
        "ceiling_fen": _ceiling(filing, contract),
        "whole_transfer": contract.whole_transfer,
        "adjustment_clause": contract.adjustment_clause,
        "model_text": contract.model_text,
        "new_estate_or_committee": not renewal or await _is_bodys_first(uow, contract),
    }


def _ceiling(filing: Filing, contract: ServiceContract) -> int | None:
    """Only early-stage service of ordinary dwellings stands under a guide price, and only where the profile says so."""
    profile = profile_version(filing.profile_version)
    building_type = BuildingType(contract.building_type) if contract.building_type else None
    kind = ContractKind(contract.kind)
    charge = guided_charge(profile, kind, ChargeCategory.PROPERTY_SERVICE, building_type)
    if charge is None:
        return None
    for name, value in (("unitPrice", contract.unit_price), ("serviceStar", contract.service_star)):
        if value is None:
            raise Refusal(ErrorCode.REQUIRED, name)
    return price_ceiling(profile, charge, building_type, contract.service_star)


async def _renews(uow: UnitOfWork, contract: ServiceContract) -> bool:
    """The company serves the area already under the contract that this one renews, and was not dismissed."""
    if contract.renews_id is None:
        return False
    former = await uow.session.scalar(
        select(ServiceContract.state).where(
            ServiceContract.county == uow.county, ServiceContract.id == contract.renews_id
        )
    )
    return former in IN_FORCE


async def _is_bodys_first(uow: UnitOfWork, contract: ServiceContract) -> bool:
    """The body signs its first contract: after a re-election the model text is used (GT-17, GT-18)."""
    if contract.committee_id is None:
        return False
    earlier = select(ServiceContract.id).where(
        ServiceContract.county == uow.county,
        ServiceContract.committee_id == contract.committee_id,
        ServiceContract.id != contract.id,
        ServiceContract.signed_on.is_not(None),
    )
    return await uow.session.scalar(earlier.limit(1)) is None


async def _content(uow: UnitOfWork, filing: Filing) -> dict[str, Any]:
    contract = await _contract(uow, filing)
    company = await _company(uow, contract)
    area = await _area(uow, contract)
    return {
        "kind": filing.kind,
        "county": filing.county,
        "contractNumber": contract.number,
        "contractKind": contract.kind,
        "area": {"code": area.code, "name": area.name},
        "company": {"creditCode": company.credit_code, "name": company.name},
        "developer": contract.developer_name,
        "mode": contract.mode,
        "title": contract.title,
        "signedOn": contract.signed_on.isoformat() if contract.signed_on else None,
        "startsOn": contract.starts_on.isoformat(),
        "endsOn": contract.ends_on.isoformat(),
        "priceTerms": contract.price_terms,
        "unitPriceFen": contract.unit_price,
        "serviceStar": contract.service_star,
        "serviceTerms": contract.service_terms,
        "advanceMonths": contract.advance_months,
        "otherTerms": contract.other_terms,
        "modelText": contract.model_text,
        "adjustmentClause": contract.adjustment_clause,
        "selection": {
            "basis": contract.selection_basis,
            "reference": contract.selection_reference,
            "on": contract.selected_on.isoformat() if contract.selected_on else None,
        },
    }


async def _moved(uow: UnitOfWork, filing: Filing, former: str) -> None:
    """Mirror the state on the contract, and do what follows from it."""
    contract = await _contract(uow, filing)
    state = State(filing.state)
    # A contract from before the platform runs already when it is filed: it does not go back to being signed.
    runs_already = state in (State.SIGNED, State.FILED) and ContractState(contract.state) in IN_FORCE
    if state in MIRROR and contract.state != MIRROR[state] and not runs_already:
        contract.state = MIRROR[state].value
        contract.version += 1
    elif state is State.WITHDRAWN and contract.signed_on is None:
        contract.state = ContractState.WITHDRAWN.value
        contract.version += 1
    if state is State.FILED:
        await _filed(uow, filing, contract)
    elif state is State.EFFECTIVE and former == State.FILED:
        await _took_effect(uow, contract)
    elif state is State.EXPIRED_CONTINUING:
        await _list_expired(uow, contract)
    elif state is State.TERMINATED:
        await _ended(uow, filing, contract)
    uow.notify(contract)


async def _filed(uow: UnitOfWork, filing: Filing, contract: ServiceContract) -> None:
    await certify(uow, filing)
    filing.effective_from = max(uow.today, contract.starts_on)
    area = await _area(uow, contract)
    last_day = add_days(uow.today, CONTRACT_POSTING_DAYS)
    await disclosures.expect(uow, area, DisclosureItem.CONTRACT, last_day, About("service_contract", contract.id))
    if contract.renews_id is not None:
        await _resolve_problems(uow, contract.renews_id, contract)


async def _took_effect(uow: UnitOfWork, contract: ServiceContract) -> None:
    """A renewed contract is over now, and an early-stage contract ends when the owners' own takes effect (V-33)."""
    others = await uow.session.scalars(
        select(ServiceContract)
        .where(
            ServiceContract.county == uow.county,
            ServiceContract.area_id == contract.area_id,
            ServiceContract.id != contract.id,
            ServiceContract.state.in_(sorted(IN_FORCE)),
        )
        .order_by(ServiceContract.id)
        .with_for_update()
    )
    for other in others:
        filing = await _live_filing(uow, other)
        if filing is not None and filing.state == State.RENEWED:
            other.state = ContractState.RENEWED.value
            other.version += 1
            uow.notify(other)
        elif filing is not None and _gives_way(other, contract):
            filing.replaced_on = contract.starts_on
            await reschedule(uow, filing)  # the county's clock ends it


def _gives_way(other: ServiceContract, contract: ServiceContract) -> bool:
    early_stage = other.kind == ContractKind.EARLY_STAGE and contract.kind == ContractKind.NORMAL
    return early_stage or other.id == contract.renews_id


async def _list_expired(uow: UnitOfWork, contract: ServiceContract) -> None:
    """An expired contract goes to the problem list by itself (ZS-16); it is to be signed anew (ZS-17)."""
    open_one = select(ContractProblem.id).where(
        ContractProblem.county == uow.county,
        ContractProblem.contract_id == contract.id,
        ContractProblem.reason == ProblemReason.EXPIRED.value,
        ContractProblem.open.is_(True),
    )
    if await uow.session.scalar(open_one) is not None:
        return
    uow.session.add(
        ContractProblem(
            county=uow.county,
            contract_id=contract.id,
            area_id=contract.area_id,
            company_id=contract.company_id,
            township=contract.township,
            community=contract.community,
            reason=ProblemReason.EXPIRED.value,
            detail=f"合同于{contract.ends_on.isoformat()}到期，未续签",
            listed_on=uow.today,
            deadline=add_days(uow.today, uow.profile.rectification_days),
            open=True,
        )
    )


async def _ended(uow: UnitOfWork, filing: Filing, contract: ServiceContract) -> None:
    if contract.ended_on is None:  # the county's clock: another contract took its place
        first_day = filing.replaced_on or uow.today
        contract.ended_on = first_day - timedelta(days=1)
        contract.end_reason = EndReason.REPLACED.value
    filing.effective_to = max(contract.ended_on, filing.effective_from or contract.ended_on)
    if not await _serves_on(uow, contract):
        await end_posts(uow, contract.company_id, contract.area_id, contract.ended_on)


async def _serves_on(uow: UnitOfWork, contract: ServiceContract) -> bool:
    """The company stays in the area under another contract."""
    another = select(ServiceContract.id).where(
        ServiceContract.county == uow.county,
        ServiceContract.area_id == contract.area_id,
        ServiceContract.company_id == contract.company_id,
        ServiceContract.id != contract.id,
        ServiceContract.state.in_(sorted(IN_FORCE)),
    )
    return await uow.session.scalar(another.limit(1)) is not None


async def _resolve_problems(uow: UnitOfWork, contract_id: uuid.UUID, successor: ServiceContract) -> None:
    problems = await uow.session.scalars(
        select(ContractProblem)
        .where(
            ContractProblem.county == uow.county,
            ContractProblem.contract_id == contract_id,
            ContractProblem.open.is_(True),
        )
        .order_by(ContractProblem.id)
        .with_for_update()
    )
    for problem in problems:
        problem.open, problem.resolved_on, problem.resolved_by_id = False, uow.today, successor.id
        uow.notify(problem)


def _main_terms(contract: ServiceContract, company: Company, filing: Filing) -> str:
    return "\n".join(
        (
            f"物业服务企业：{company.name}（{company.credit_code}）",
            f"合同期限：{contract.starts_on.isoformat()} 至 {contract.ends_on.isoformat()}",
            f"服务内容和标准：{contract.service_terms}",
            f"收费标准：{contract.price_terms}",
            f"备案证明编号：{filing.certificate_number}",
        )
    )


async def _live_filing(uow: UnitOfWork, contract: ServiceContract) -> Filing | None:
    found: Filing | None = await uow.session.scalar(
        select(Filing).where(
            Filing.county == uow.county,
            Filing.contract_id == contract.id,
            Filing.state.not_in((State.LAPSED.value, State.WITHDRAWN.value)),
        )
    )
    return found


async def _contract(uow: UnitOfWork, filing: Filing) -> ServiceContract:
    """The filing's contract; the system's own look, since the office that decides may not see drafts."""
    return await uow.session.get_one(ServiceContract, (uow.county, filing.contract_id))


async def _company(uow: UnitOfWork, contract: ServiceContract) -> Company:
    return await uow.session.get_one(Company, (uow.county, contract.company_id))


async def _area(uow: UnitOfWork, contract: ServiceContract) -> PropertyArea:
    return await uow.session.get_one(PropertyArea, (uow.county, contract.area_id))


SUBJECTS[FilingKind.SERVICE_CONTRACT] = Subject(facts=_facts, content=_content, moved=_moved)
