"""What a filing puts on record: its kinds, its numbers, and the digest over its content that anybody can check."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from domain.contract_filings import ContractFilingState
from domain.filings import CANCELLATION_TESTS, CompanyFilingState
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.simple_filings import SimpleFilingState
from domain.terms import Term


class FilingKind(Term):
    """What is filed (备案事项, SL-8)."""

    COMPANY = "COMPANY", "A property company (物业企业备案, SM-1)."
    SERVICE_CONTRACT = "SERVICE_CONTRACT", "A service contract (物业服务合同备案, SM-3)."
    PROJECT_LEADER = "PROJECT_LEADER", "A project leader (项目负责人备案, SM-2)."
    COVENANT = "COVENANT", "A covenant or temporary covenant (管理规约备案, SM-4)."
    PREMISES = "PREMISES", "A development's service premises (物业服务用房前期备案, ZD-24)."


class FilingState(Term):
    """Where a filing of any kind stands: the states of all their lists together."""

    DRAFT = "DRAFT", "Being prepared by the applicant."
    SIGNED = "SIGNED", "Contract: signed; to be submitted within the county's days."
    SUBMITTED = "SUBMITTED", "Handed in; waits to be taken in, or to be checked."
    UNDER_REVIEW = "UNDER_REVIEW", "Company: taken in (受理); under review."
    REVIEWED = "REVIEWED", "Company: all offices that review before the filing body have agreed."
    CHECKED = "CHECKED", "The checks before the filing body are done; the filing body decides."
    RETURNED = "RETURNED", "Returned with reasons (退回补正); may be resubmitted for a time."
    FILED = "FILED", "Filed, with a certificate (备案证明)."
    CHANGED = "CHANGED", "Company: filed; a reported change is not filed yet."
    RECTIFYING = "RECTIFYING", "Company: ordered to put something right by a day (限期整改)."
    SUSPENDED = "SUSPENDED", "Company: the filing rests because the order was not followed."
    REMOVED = "REMOVED", "Company: persuaded or ordered to leave (劝退、清退)."
    CANCELLED = "CANCELLED", "Company: cancelled as a firm without business, staff and office (三无/僵尸)."
    EFFECTIVE = "EFFECTIVE", "Contract: filed and running."
    EXPIRING = "EXPIRING", "Contract: its end comes near."
    EXPIRED_CONTINUING = "EXPIRED_CONTINUING", "Contract: ran out undecided; continues for an indefinite time."
    IRREGULAR = "IRREGULAR", "Contract: on the problem list until it is put right or signed anew."
    RENEWED = "RENEWED", "Contract: followed by a new one."
    TERMINATED = "TERMINATED", "Ended: the contract, the post, or another filing took its place."
    LAPSED = "LAPSED", "Returned and not resubmitted in time."
    WITHDRAWN = "WITHDRAWN", "Withdrawn by the applicant."


class ModelTextKind(Term):
    """The model-text library's texts (示范文本, GT-14)."""

    SERVICE_CONTRACT = "SERVICE_CONTRACT", "Service contract (物业服务合同)."
    EARLY_STAGE_CONTRACT = "EARLY_STAGE_CONTRACT", "Early-stage service contract (前期物业服务合同)."
    COVENANT = "COVENANT", "Owners' covenant (管理规约)."
    TEMPORARY_COVENANT = "TEMPORARY_COVENANT", "Temporary covenant (临时管理规约)."
    RULES_OF_PROCEDURE = "RULES_OF_PROCEDURE", "Rules of procedure of the owners' assembly (业主大会议事规则)."
    ELECTION_METHOD = "ELECTION_METHOD", "Election method of the owners' committee (业委会选举办法)."


class CancellationTestKind(Term):
    """The three tests of a 三无/僵尸 company (GT-11); the names are those of the workflow's facts."""

    NO_BUSINESS_RECORD = "NO_BUSINESS_RECORD", "No record of business (无经营业绩)."
    NO_STAFF = "NO_STAFF", "No staff (无人员)."
    NO_OFFICE = "NO_OFFICE", "No office (无办公场所)."

    @property
    def fact(self) -> str:
        """The workflow's fact that this test answers."""
        return self.value.lower()


if {test.fact for test in CancellationTestKind} != set(CANCELLATION_TESTS):
    raise ValueError("the tests and the workflow's facts differ")

if set(FilingState) != {*CompanyFilingState, *ContractFilingState, *SimpleFilingState}:
    raise ValueError("the states of filings and those of their lists differ")

_CASE_PREFIX = {
    FilingKind.COMPANY: "QYBA",
    FilingKind.SERVICE_CONTRACT: "HTBA",
    FilingKind.PROJECT_LEADER: "FZBA",
    FilingKind.COVENANT: "GYBA",
    FilingKind.PREMISES: "YFBA",
}
_CERTIFICATE_PREFIX = {
    FilingKind.COMPANY: "物企备",
    FilingKind.SERVICE_CONTRACT: "物合备",
    FilingKind.PROJECT_LEADER: "物负备",
    FilingKind.COVENANT: "物约备",
    FilingKind.PREMISES: "物房备",
}
_PARAMETERS = {
    FilingKind.COMPANY: "company",
    FilingKind.SERVICE_CONTRACT: "contract",
    FilingKind.PROJECT_LEADER: "leader",
    FilingKind.COVENANT: "covenant",
    FilingKind.PREMISES: "premises",
}
"""How the profile's parameters of a kind begin."""


SERIALS = 1_000_000
"""How many serials a year has. They are drawn, not counted: of two numbers nobody learns how many filings of others lie
between."""


def case_number(kind: FilingKind, year: int, serial: int) -> str:
    """The number under which a case is opened, unique in its county; ``serial`` is below ``SERIALS``.

    >>> case_number(FilingKind.COMPANY, 2026, 90_312)
    'QYBA-2026-090312'
    """
    return f"{_CASE_PREFIX[kind]}-{year}-{serial:06d}"


def certificate_number(kind: FilingKind, place: str, year: int, serial: int) -> str:
    """The number of a filing certificate (备案证明): kind, the filing body's division code, year, serial.

    ``place`` is the county's code where the bureau files and the township's where the township does. The first six digits
    name the county: a certificate is checked without naming it.

    >>> certificate_number(FilingKind.SERVICE_CONTRACT, "220382001", 2026, 7_120)
    '物合备220382001-2026-007120'
    """
    return f"{_CERTIFICATE_PREFIX[kind]}{place}-{year}-{serial:06d}"


def filing_place(kind: FilingKind, profile: Profile, township: str | None) -> str:
    """The division code of the office that files: the township's where the profile makes it the body, else the county's."""
    return township if filing_body(kind, profile) is Role.TOWNSHIP and township else profile.county


def filing_body(kind: FilingKind, profile: Profile) -> Role:
    """The office that files this kind in a county."""
    body: Role = getattr(profile, f"{_PARAMETERS[kind]}_filing_body")
    return body


def copies(kind: FilingKind, profile: Profile) -> tuple[Role, ...]:
    """The offices that get a copy of a filing of this kind."""
    offices: tuple[Role, ...] = getattr(profile, f"{_PARAMETERS[kind]}_filing_copies")
    return offices


def filing_days(kind: FilingKind, profile: Profile) -> int | None:
    """Days from signing or adoption in which it is submitted; ``None`` where no period runs."""
    return getattr(profile, f"{_PARAMETERS[kind]}_filing_days", None)


def county_of_certificate(number: str) -> str | None:
    """The county that a certificate's number names; ``None`` when it is none of ours.

    >>> county_of_certificate("物合备220382001-2026-007120")
    '220382'
    """
    for prefix in _CERTIFICATE_PREFIX.values():
        code = number.removeprefix(prefix)[:6]
        if number.startswith(prefix) and len(code) == 6 and code.isascii() and code.isdigit():
            return code
    return None


def canonical(content: Mapping[str, Any]) -> bytes:
    """The one spelling of a record that is digested: JSON, keys sorted, no blanks, UTF-8."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical record, in hexadecimal."""
    return hashlib.sha256(canonical(content)).hexdigest()
