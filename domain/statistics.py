"""The census figures K-1 to K-4: what is counted, and when a county's target is met."""

from dataclasses import dataclass

from domain.money import ratio_at_least
from domain.terms import Term


class Coverage(Term):
    """A share of estates that the counties report (ZS-3)."""

    FORMATION = (
        "FORMATION",
        "Estates with a filed committee or property management committee, of those in the county town (K-1).",
    )
    SERVICE = (
        "SERVICE",
        "Estates with a service contract in force, or in registered custody, self-management or simple mode (K-2).",
    )
    PARTY = "PARTY", "Estates reached by a party organisation of their own or jointly (K-3)."
    PLATFORM = (
        "PLATFORM",
        "Estates whose base data, firm, project leader and contract are all approved here (K-4, SL-14).",
    )


@dataclass(frozen=True)
class CoverageRate:
    """How many estates of a division are covered, of how many; ``target_percent`` where the county sets one."""

    division: str
    covered: int
    total: int
    target_percent: int | None = None

    @property
    def basis_points(self) -> int | None:
        """The share in hundredths of a percent, rounded half up; ``None`` where there is nothing to count (K-8).

        >>> [CoverageRate("x", 2, 3).basis_points, CoverageRate("x", 0, 0).basis_points]
        [6667, None]
        """
        return None if not self.total else (20_000 * self.covered + self.total) // (2 * self.total)

    @property
    def passes(self) -> bool | None:
        """Whether the target is reached, compared exactly; ``None`` without a target or without estates.

        >>> [CoverageRate("x", covered, 10, 50).passes for covered in (4, 5)]
        [False, True]
        """
        if self.target_percent is None or not self.total:
            return None
        return ratio_at_least(self.covered, self.total, self.target_percent, 100)
