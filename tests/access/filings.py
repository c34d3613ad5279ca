"""How companies, bodies, contracts, filings, boards and documents stand to grants (the judgement behind their matrix)."""

from collections.abc import Callable, Mapping
from typing import Any

from auth.actor import Actor, Grant
from domain.roles import COMPANY, COUNTY_OFFICES, PARTNERS, RESIDENTS, Role
from models.committees import Committee, CommitteeMember
from models.companies import Company, CompanyStaff, ProjectLeader
from models.contracts import ContractProblem, ServiceContract
from models.disclosures import Disclosure, DisclosureEntry, DisclosureProof
from models.documents import Document
from models.dunning import DunningCase
from models.estates import Unit
from models.fees import ChargeItem
from models.filings import (
    CancellationTest,
    Filing,
    FilingQueryLog,
    FilingSubmission,
    ModelText,
    Referral,
    ReferralSubject,
    ServicePremises,
)
from models.suits import SuitEvidence
from tests.access import dunning

IN_FORCE = ("EFFECTIVE", "EXPIRING", "EXPIRED_CONTINUING")
CHARGES = ("CHARGES", "EXTRA_SERVICES", "UTILITY_SHARES")

PARENTS: Mapping[type[Any], tuple[str, type[Any]]] = {
    CommitteeMember: ("committee_id", Committee),
    FilingSubmission: ("filing_id", Filing),
    ServicePremises: ("filing_id", Filing),
    CancellationTest: ("filing_id", Filing),
    DisclosureProof: ("disclosure_id", Disclosure),
}

CONDITIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "listed": lambda _places, row: row.listed,
    "listed_or_payee": lambda _places, _row: True,
    "signed": lambda _places, row: row.signed_on is not None,
    "in_public": lambda _places, row: row.published,
    "in_public_and_scope": lambda _places, row: row.published,
    "public_or_referred": lambda _places, _row: True,
    "ever_handed_in": lambda _places, row: row.round > 0,
    "handed_in_or_entered": lambda _places, _row: True,
    "of_the_body_or_handed_in": lambda _places, row: row.round > 0 or row.kind in ("SERVICE_CONTRACT", "COVENANT"),
    "contract_handed_in": lambda _places, row: row.round > 0 and row.kind == "SERVICE_CONTRACT",
    "of_charges": lambda _places, row: row.item in CHARGES,
    "own_client": lambda _places, _row: True,
    "of_unit_or_published": lambda _places, _row: True,
    "attached": lambda _places, _row: True,
    "of_filings": lambda _places, _row: True,
    "of_referred_filings": lambda _places, _row: True,
}
"""What a row must be besides the grant's own; those that ask for the actor stand in ``own``."""

BY_COMPANY = (ProjectLeader, CompanyStaff, ServiceContract, ContractProblem, Filing)
BY_SERVICE = (Committee, Disclosure, DisclosureEntry)
OF_CLIENTS = (Referral, FilingQueryLog)
KNOWN = (Company, Document, ModelText, *BY_COMPANY, *BY_SERVICE, *OF_CLIENTS)


def own(places: Any, actor: Actor, grant: Grant, row: Any) -> bool:
    """Whether a row is the grant's own."""
    if isinstance(row, OF_CLIENTS):
        mine = (row.client_id, actor.client_id), (row.account_id, actor.account_id)
        return grant.role is Role.BUREAU or any(one is not None and one == other for one, other in mine)
    if isinstance(row, ModelText):
        return True
    if isinstance(row, Document):
        return _own_document(places, actor, grant, row)
    if isinstance(row, ServiceContract | Filing) and grant.role in PARTNERS:
        public = row.published and "filings:public" in grant.scopes
        return "filings:asked" in grant.scopes and (public or _referred(places, actor, row))
    if grant.role is Role.BANK and isinstance(row, Company):
        charges = any(item.company_id == row.id for item in places.world.rows.get(ChargeItem, []))
        return row.listed or (charges and "fees:collect" in grant.scopes)
    if grant.role in COMPANY and isinstance(row, Company):
        return bool(row.id == grant.company_id)
    if grant.role is Role.BUREAU and isinstance(row, Filing):
        return row.round > 0 or row.applicant_id == actor.account_id
    if isinstance(row, CompanyStaff) and grant.role is Role.TOWNSHIP:
        return bool(places.one(Company, row.county, row.company_id).township == grant.township)
    return _placed(places, grant, row)


def _placed(places: Any, grant: Grant, row: Any) -> bool:
    if grant.role in COUNTY_OFFICES | PARTNERS:
        return True
    if grant.role is Role.COMMUNITY:
        return getattr(row, "community", None) == grant.community
    if grant.role is Role.TOWNSHIP:
        return getattr(row, "township", None) == grant.township
    if grant.role in COMPANY and isinstance(row, BY_COMPANY):
        return bool(row.company_id == grant.company_id)
    area_id = getattr(row, "area_id", None)
    if area_id is None:
        return False
    if grant.role in RESIDENTS:
        home = places.one(Unit, row.county, grant.unit_id)
        return home is not None and home.area_id == area_id
    if grant.role in (Role.COMMITTEE, Role.PROJECT_LEADER):
        return bool(area_id == grant.area_id)
    if isinstance(row, Disclosure) and row.company_id is not None and row.company_id == grant.company_id:
        return True
    contracts = places.world.rows.get(ServiceContract, [])
    return any(c.company_id == grant.company_id and c.area_id == area_id and c.state in IN_FORCE for c in contracts)


def _referred(places: Any, actor: Actor, row: Any) -> bool:
    """A live referral of the actor's client names the row's company or area (a filing's, once it was handed in)."""
    if isinstance(row, ServiceContract) or (isinstance(row, Filing) and row.round == 0):
        return False
    named = {
        subject.subject_id
        for subject in places.world.rows.get(ReferralSubject, [])
        if subject.county == row.county and _is_live(places.one(Referral, row.county, subject.referral_id), actor)
    }
    return bool(named & ({row.company_id, row.area_id} - {None}))


def _is_live(referral: Referral, actor: Actor) -> bool:
    within = referral.approved_on <= actor.today <= referral.expires_on
    return within and referral.revoked_on is None and referral.client_id == actor.client_id


def _in_evidence(places: Any, actor: Actor, grant: Grant, row: Document) -> bool:
    """A numbered document of a suit that is before the actor's court."""
    cases = [
        places.one(DunningCase, row.county, piece.case_id)
        for piece in places.world.rows.get(SuitEvidence, [])
        if piece.county == row.county and piece.document_id == row.id
    ]
    return any(
        dunning.own(places, actor, grant, case) and dunning.CONDITIONS["referred_suit"](places, case) for case in cases
    )


def _own_document(places: Any, actor: Actor, grant: Grant, row: Document) -> bool:
    if grant.role in PARTNERS:
        asked = "filings:asked" in grant.scopes and row.subject_type == "filing" and _referred(places, actor, row)
        return asked or (grant.role is Role.COURT and _in_evidence(places, actor, grant, row))
    if row.uploaded_by == actor.account_id:
        return True
    match grant.role:
        case Role.BUREAU:  # the image of a paper ballot shows a choice (PRI-9)
            return row.subject_id is not None and row.subject_type != "ballot_paper"
        case Role.PRICE | Role.MARKET:
            return row.subject_type == "filing"
        case Role.OWNER | Role.TENANT:
            if row.unit_id is not None and row.unit_id == grant.unit_id:
                return True
            return row.audience == "PUBLISHED" and _placed(places, grant, row)
        case Role.COMPANY_ADMIN | Role.COMPANY_STAFF | Role.PROJECT_LEADER:
            return row.company_id is not None and row.company_id == grant.company_id
        case Role.COMMITTEE:
            return row.area_id is not None and row.area_id == grant.area_id
    return _placed(places, grant, row)
