"""The pre-filing of a development's service premises (物业服务用房前期备案, ZD-24): which rooms, where, how large.

The developer provides them free of charge and they belong to all owners (Shandong 12, Zibo 10). The county's profile says
whether it pre-files them, who files, and what share of the development's building area they must have.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.periods import Facts
from domain.profiles.parameters import Profile
from domain.simple_filings import Matter, simple_filing
from domain.terms import Term
from domain.workflow import ByProfile, Needs


class PremisesPurpose(Term):
    """What service premises are for (Zibo 9)."""

    OFFICE = "OFFICE", "Office of the service (物业服务办公)."
    SECURITY = "SECURITY", "Guards and monitoring (安保)."
    CLEANING = "CLEANING", "Cleaning (保洁)."
    REPAIR = "REPAIR", "Repair (维修)."
    STORAGE = "STORAGE", "Storage (仓储)."
    ARCHIVE = "ARCHIVE", "Archive (档案)."
    COMMITTEE = (
        "COMMITTEE",
        "Office of the owners' committee (业主委员会办公用房), out of the service premises (Shandong 12).",
    )


@dataclass(frozen=True, slots=True)
class Room:
    """One of the premises as the guards weigh it. ``area`` in 0.01 m²."""

    purpose: PremisesPurpose
    area: int
    above_ground: bool


def required_area(profile: Profile, total_area: int) -> int:
    """The least area of the premises in 0.01 m² for a development's building area: a share, and never below a floor.

    ``total_area`` is that of what is filed now: the first phase of a development in phases keeps the share by itself (Zibo 9).

    >>> from domain.profiles import profile; from datetime import date
    >>> zhangdian = profile("370303", date(2026, 1, 1))
    >>> required_area(zhangdian, 8_000_000), required_area(zhangdian, 1_000_000), required_area(zhangdian, 3_333_334)
    (24000, 10000, 10001)
    """
    share = -(-total_area * profile.premises_share_per_mille // 1000)
    return max(share, profile.premises_least_001m2)


def counted_area(profile: Profile, rooms: Iterable[Room]) -> int:
    """The area that counts, in 0.01 m²: of rooms above ground, where the county asks for that (Zibo 9)."""
    return sum(room.area for room in rooms if room.above_ground or not profile.premises_above_ground)


def premises_large_enough(profile: Profile, facts: Facts) -> Refusal | None:
    """The premises have the lawful share of the development (Shandong 12, Zibo 9)."""
    given, least = counted_area(profile, facts["rooms"]), required_area(profile, facts["total_area"])
    return (
        None
        if given >= least
        else Refusal(ErrorCode.PREMISES_TOO_SMALL, "premises", given_001m2=given, least_001m2=least)
    )


def committee_has_room(profile: Profile, facts: Facts) -> Refusal | None:
    """Of the premises the owners' committee gets a room of the least size (Shandong 12)."""
    least = profile.premises_committee_001m2
    given = counted_area(profile, (room for room in facts["rooms"] if room.purpose is PremisesPurpose.COMMITTEE))
    return (
        None
        if given >= least
        else Refusal(ErrorCode.COMMITTEE_ROOM_TOO_SMALL, "premises", given_001m2=given, least_001m2=least)
    )


_APPLICANTS = ByProfile("premises_applicants")

PREMISES_FILING = simple_filing(
    Matter(
        id="premises_filing",
        title="Service premises pre-filing (物业服务用房前期备案)",
        prefix="premises",
        basis=("ZD-24", "Zibo 9"),
        opened_by=(_APPLICANTS,),
        documents=(
            DocumentKind.PLANNING_PERMIT,
            DocumentKind.FLOOR_PLAN,
            Needs((DocumentKind.DEVELOPER_MANDATE,), when="by_company"),
        ),
        guards={"premises_large_enough": premises_large_enough, "committee_has_room": committee_has_room},
        conditions={"by_company": lambda profile, facts: bool(facts["by_company"])},
        facts={
            "by_company": "bool: the early-stage company acts for the developer; else the office's window took it in",
            "total_area": "int: building area of the development in 0.01 m²",
            "rooms": "tuple[Room, ...]: the premises",
        },
    )
)
