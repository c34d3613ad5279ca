"""Who acts: the roles that a grant can carry, and the capacity recorded with every event (RULES §0, Actors)."""

from enum import StrEnum


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
PARTNERS = frozenset({Role.BANK, Role.COURT})
IN_THE_COUNTY = frozenset(Role) - PARTNERS - {Role.SYSTEM}
"""Everybody but banks and courts, which know an estate by code, name and place only."""
