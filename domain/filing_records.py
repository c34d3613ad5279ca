"""What a filing puts on record: its kinds, its numbers, and the digest over its content that anybody can check."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from domain.filings import CANCELLATION_TESTS
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.terms import Term


class FilingKind(Term):
    """What is filed (备案事项, SL-8)."""

    COMPANY = "COMPANY", "A property company (物业企业备案, SM-1)."
    SERVICE_CONTRACT = "SERVICE_CONTRACT", "A service contract (物业服务合同备案, SM-3)."


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

_CASE_PREFIX = {FilingKind.COMPANY: "QYBA", FilingKind.SERVICE_CONTRACT: "HTBA"}
_CERTIFICATE_PREFIX = {FilingKind.COMPANY: "物企备", FilingKind.SERVICE_CONTRACT: "物合备"}


def case_number(kind: FilingKind, year: int, serial: int) -> str:
    """The number under which a case is opened, unique in its county.

    >>> case_number(FilingKind.COMPANY, 2026, 12)
    'QYBA-2026-00012'
    """
    return f"{_CASE_PREFIX[kind]}-{year}-{serial:05d}"


def certificate_number(kind: FilingKind, place: str, year: int, serial: int) -> str:
    """The number of a filing certificate (备案证明): kind, the filing body's division code, year, serial.

    ``place`` is the county's code where the bureau files and the township's where the township does, so that every body
    counts its own certificates. The first six digits name the county: a certificate is checked without naming it.

    >>> certificate_number(FilingKind.SERVICE_CONTRACT, "220382001", 2026, 7)
    '物合备220382001-2026-0007'
    """
    return f"{_CERTIFICATE_PREFIX[kind]}{place}-{year}-{serial:04d}"


def filing_place(kind: FilingKind, profile: Profile, township: str | None) -> str:
    """The division code of the office that files: the township's where the profile makes it the body, else the county's."""
    body = profile.company_filing_body if kind is FilingKind.COMPANY else profile.contract_filing_body
    return township if body is Role.TOWNSHIP and township else profile.county


def county_of_certificate(number: str) -> str | None:
    """The county that a certificate's number names; ``None`` when it is none of ours.

    >>> county_of_certificate("物合备220382001-2026-0007")
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
