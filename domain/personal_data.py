"""Personal data: why it may be read and by whom, what of it there is, what keeps it from being deleted (PRI-1..10).

Names of people who act for the public are no personal data here: committee members, project leaders and companies' contacts
are posted by law (PRI-1, public fact). Their phones and everybody's documents are.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from domain.roles import COMPANY, COUNTY_OFFICES, OFFICIALS, RESIDENTS, Role
from domain.terms import Term


class LawfulBasis(Term):
    """On what basis personal data is processed (PRI-1)."""

    CONSENT = "CONSENT", "The person agreed to it (同意)."
    CONTRACT = "CONTRACT", "A contract with the person, or for the person's home, needs it (履行合同)."
    LEGAL_DUTY = "LEGAL_DUTY", "A duty or power given by law needs it (法定职责)."
    EMERGENCY = "EMERGENCY", "Life, health or property is in danger (紧急情况)."
    PUBLIC_FACT = "PUBLIC_FACT", "It is lawfully public (已公开信息)."


class ProcessingPurpose(Term):
    """What personal data is read for (处理目的). Each has its lawful basis."""

    OWN_AFFAIRS = "OWN_AFFAIRS", "The person's own affairs: reading, copying, correcting the own data."
    REGISTER = "REGISTER", "Keeping the register of estates and owners."
    SUPERVISION = "SUPERVISION", "Supervising services, votes and funds."
    OWNERS_ASSEMBLY = "OWNERS_ASSEMBLY", "The owners' assembly and its committee."
    SERVICE = "SERVICE", "Serving the home under the service contract."
    FEES = "FEES", "Billing and collecting fees under the service contract."
    EMERGENCY = "EMERGENCY", "Danger to life, health or property."
    CASE = "CASE", "A case of a court or department, within what was approved for it."
    PAYMENT = "PAYMENT", "Carrying out payments: paying a payee, taking in what payers send."


BASIS_OF: Mapping[ProcessingPurpose, LawfulBasis] = {
    ProcessingPurpose.OWN_AFFAIRS: LawfulBasis.CONSENT,
    ProcessingPurpose.REGISTER: LawfulBasis.LEGAL_DUTY,
    ProcessingPurpose.SUPERVISION: LawfulBasis.LEGAL_DUTY,
    ProcessingPurpose.OWNERS_ASSEMBLY: LawfulBasis.LEGAL_DUTY,
    ProcessingPurpose.SERVICE: LawfulBasis.CONTRACT,
    ProcessingPurpose.FEES: LawfulBasis.CONTRACT,
    ProcessingPurpose.EMERGENCY: LawfulBasis.EMERGENCY,
    ProcessingPurpose.CASE: LawfulBasis.LEGAL_DUTY,
    ProcessingPurpose.PAYMENT: LawfulBasis.CONTRACT,
}

_P = ProcessingPurpose

PURPOSES_OF: Mapping[Role, tuple[ProcessingPurpose, ...]] = {
    **dict.fromkeys(RESIDENTS | {Role.APPLICANT}, (_P.OWN_AFFAIRS,)),
    Role.COMMITTEE: (_P.OWNERS_ASSEMBLY,),
    **dict.fromkeys(COMPANY, (_P.SERVICE, _P.FEES, _P.EMERGENCY)),
    **dict.fromkeys(OFFICIALS, (_P.REGISTER, _P.SUPERVISION, _P.EMERGENCY)),
    **dict.fromkeys(COUNTY_OFFICES - {Role.BUREAU}, (_P.SUPERVISION,)),
    Role.COURT: (_P.CASE,),
    Role.BANK: (_P.PAYMENT, _P.CASE),
    Role.SYSTEM: (_P.REGISTER,),
}
"""For what a role may read; the first is what it reads for where nothing is said (a list of owners on its screen)."""


class PersonalField(Term):
    """A personal attribute of a row."""

    NAME = "NAME", "Name."
    DOCUMENT = "DOCUMENT", "Number of the identity document."
    PHONE = "PHONE", "Phone."
    AGENT_NAME = "AGENT_NAME", "Name of an organisation's agent."
    AGENT_PHONE = "AGENT_PHONE", "Phone of an organisation's agent."
    CONTACT_PHONE = "CONTACT_PHONE", "Phone of a contact person."
    BANK_ACCOUNT = "BANK_ACCOUNT", "Number of a bank account."
    EMAIL = "EMAIL", "E-mail address."


SERVING = frozenset({Role.COMPANY_ADMIN, Role.PROJECT_LEADER})
REGISTRARS = frozenset({Role.COMMUNITY, Role.TOWNSHIP, Role.BUREAU})

REVEALED_TO: Mapping[str, Mapping[PersonalField, frozenset[Role]]] = {
    "Owner": {
        PersonalField.DOCUMENT: REGISTRARS,
        PersonalField.PHONE: REGISTRARS | SERVING,
        PersonalField.AGENT_PHONE: REGISTRARS | SERVING,
    },
    "Occupancy": {PersonalField.PHONE: REGISTRARS | SERVING},
    "CommitteeMember": {PersonalField.PHONE: REGISTRARS},
    "CompanyStaff": {PersonalField.PHONE: frozenset({Role.COMPANY_ADMIN, Role.TOWNSHIP, Role.BUREAU, Role.MARKET})},
    "Company": {PersonalField.CONTACT_PHONE: OFFICIALS - {Role.COMMUNITY}},
    "Estate": {PersonalField.CONTACT_PHONE: REGISTRARS},
    "FeeInvoice": dict.fromkeys((PersonalField.NAME, PersonalField.DOCUMENT, PersonalField.EMAIL), SERVING),
}
"""By type and field: the named roles that may have the plain value, with a purpose and a reason on record (PRI-6)."""


class Hold(Term):
    """Why personal data may not be deleted yet (PRI-8: where law requires keeping)."""

    HOLDS_A_UNIT = "HOLDS_A_UNIT", "The person holds a unit: the register must name its owners."
    USES_A_UNIT = "USES_A_UNIT", "The person lives in a unit that the register names."
    UNPAID_BILLS = "UNPAID_BILLS", "Bills of a unit that the person held are unpaid."
    OPEN_CASE = "OPEN_CASE", "A case that the person opened is not over."
    IN_OFFICE = "IN_OFFICE", "The person holds an office or a post."
    COURT_CASE = "COURT_CASE", "A court or department may read the data for a case until a day that has not passed."
    LEGAL_HOLD = "LEGAL_HOLD", "An order keeps it: a suit, an audit, an investigation."
    RETENTION = "RETENTION", "The period of keeping is not over."


@dataclass(frozen=True, slots=True)
class Standing:
    """What the county's records say about a person on a day."""

    holds_units: int = 0
    uses_units: int = 0
    unpaid_bills: int = 0
    open_cases: int = 0
    posts: int = 0
    disclosures: int = 0
    orders: int = 0
    last_held_on: date | None = None
    """The last day on which the person held or used a unit."""


def holds(standing: Standing, today: date, *, kept_years: int) -> tuple[Hold, ...]:
    """What keeps a person's data on a day, nothing when it may be deleted. ``kept_years`` count from the last day on which
    the person held or used a unit (the profile's ``personal_data_kept_years``).

    >>> holds(Standing(holds_units=1, unpaid_bills=2), date(2026, 3, 2), kept_years=3)
    (<Hold.HOLDS_A_UNIT: 'HOLDS_A_UNIT'>, <Hold.UNPAID_BILLS: 'UNPAID_BILLS'>)
    >>> holds(Standing(last_held_on=date(2024, 3, 2)), date(2026, 3, 2), kept_years=3)
    (<Hold.RETENTION: 'RETENTION'>,)
    >>> holds(Standing(last_held_on=date(2020, 3, 2)), date(2026, 3, 2), kept_years=3)
    ()
    """
    counted = {
        Hold.HOLDS_A_UNIT: standing.holds_units,
        Hold.USES_A_UNIT: standing.uses_units,
        Hold.UNPAID_BILLS: standing.unpaid_bills,
        Hold.OPEN_CASE: standing.open_cases,
        Hold.IN_OFFICE: standing.posts,
        Hold.COURT_CASE: standing.disclosures,
        Hold.LEGAL_HOLD: standing.orders,
    }
    found = [hold for hold, count in counted.items() if count]
    last = standing.last_held_on
    if not found and last is not None and (today - last).days < 365 * kept_years:
        found.append(Hold.RETENTION)
    return tuple(found)


def pseudonym(person: str) -> str:
    """What stands for the name of a person whose data was deleted: the same for all rows, and no name.

    >>> pseudonym("0190a5e0-0000-7000-8000-00000000abcd")
    '已注销-abcd'
    """
    return f"已注销-{person[-4:]}"


_NUMBERS = re.compile(r"(?<!\d)(1[3-9]\d{9}|\d{17}[\dXx]|\d{16,19})(?!\d)")


def spells_personal_number(text: str) -> bool:
    """Whether a text holds something like a phone, an ID number or a bank card, which belongs into no reason or note.

    >>> spells_personal_number("电话13812345678"), spells_personal_number("〔2026〕鲁0303民初1234号")
    (True, False)
    """
    return _NUMBERS.search(re.sub(r"[\s\-]", "", text)) is not None
