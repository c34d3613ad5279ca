"""Who acts: the roles that a grant can carry, and the capacity recorded with every event (RULES §0, Actors)."""

from enum import StrEnum

from domain.terms import Term


class Role(StrEnum):
    """The capacity in which somebody reads or acts. Stored as text in grants, tasks, reviews and audit events."""

    OWNER = "OWNER"
    TENANT = "TENANT"
    COMMITTEE = "COMMITTEE"
    COMPANY_ADMIN = "COMPANY_ADMIN"
    PROJECT_LEADER = "PROJECT_LEADER"
    COMPANY_STAFF = "COMPANY_STAFF"
    COMMUNITY = "COMMUNITY"
    TOWNSHIP = "TOWNSHIP"
    BUREAU = "BUREAU"
    PRICE = "PRICE"
    MARKET = "MARKET"
    BANK = "BANK"
    COURT = "COURT"
    APPLICANT = "APPLICANT"
    """Somebody signed in who claims to belong to a unit; sees the own claims and nothing else of the county."""
    SYSTEM = "SYSTEM"
    """The county's own clock: deadlines that pass without anybody acting."""


RESIDENTS = frozenset({Role.OWNER, Role.TENANT})
COMPANY = frozenset({Role.COMPANY_ADMIN, Role.PROJECT_LEADER, Role.COMPANY_STAFF})
COUNTY_OFFICES = frozenset({Role.BUREAU, Role.PRICE, Role.MARKET})
OFFICIALS = COUNTY_OFFICES | {Role.TOWNSHIP, Role.COMMUNITY}
FUND_OFFICES = frozenset({Role.BUREAU, Role.TOWNSHIP, Role.COMMUNITY})
"""The offices that the maintenance fund's affairs pass through, each over its own division."""
PARTNERS = frozenset({Role.BANK, Role.COURT})
IN_THE_COUNTY = frozenset(Role) - PARTNERS - {Role.SYSTEM, Role.APPLICANT}
"""Everybody but banks and courts, which know an estate by code, name and place only."""


class GrantBasis(Term):
    """The fact that a grant follows from, and with which it ends."""

    OWNERSHIP = "OWNERSHIP", "The registered ownership of a unit."
    OCCUPANCY = "OCCUPANCY", "The registered use of a unit."
    TERM = "TERM", "A term in a body of owners; it ends when the member is suspended."
    EMPLOYMENT = "EMPLOYMENT", "Employment by a company."
    PROJECT = "PROJECT", "The leadership of a project."
    POSTING = "POSTING", "An official's posting."
    AGREEMENT = "AGREEMENT", "A partner's agreement with the county."
    CLAIM = "CLAIM", "An own claim to a unit that is not decided, or was a short time ago."
    OTHER = "OTHER", "Another record."
