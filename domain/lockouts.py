"""Lockouts (锁定) after failed proofs of who somebody is: when they begin, how they grow. Figures are assumptions.

Whose failures count: a phone that codes are tried for, whether anybody has it or not; an address; a client at an address,
so that nobody can lock a partner out from elsewhere by using its name.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

KEEP_ATTEMPTS = timedelta(days=190)
"""How long failed attempts stay: network logs are kept six months at least (Cybersecurity Law 网络安全法, art. 21)."""


class Subject(StrEnum):
    """Whose failures are counted."""

    PHONE = "PHONE"
    ADDRESS = "ADDRESS"
    CLIENT = "CLIENT"


class Proof(StrEnum):
    """What was to be proved."""

    CODE = "CODE"
    """A one-time code: at sign-in, or before a sensitive act."""
    APP_PROOF = "APP_PROOF"
    """The proof of an own app at the token endpoint, as a code of WeChat."""
    CLIENT = "CLIENT"
    """A client's secret or signed assertion."""
    COUNTY_SIGN_IN = "COUNTY_SIGN_IN"
    """What a county's own sign-in says of an official."""
    GRANT = "GRANT"
    """An authorization code or a refresh token: expired, used or another's."""


COUNTED: dict[Proof, frozenset[Subject]] = {
    Proof.CODE: frozenset({Subject.PHONE, Subject.ADDRESS}),
    Proof.APP_PROOF: frozenset({Subject.ADDRESS}),
    Proof.CLIENT: frozenset({Subject.CLIENT, Subject.ADDRESS}),
    Proof.COUNTY_SIGN_IN: frozenset({Subject.ADDRESS}),
    Proof.GRANT: frozenset(),
}
"""Towards whose lockout a failure counts. Old grants come from old apps, and a wrong code is not the app's failure."""


@dataclass(frozen=True, slots=True)
class Lockout:
    """After every ``after`` failures in a row the subject is locked out: for ``first``, then twice as long each time."""

    after: int
    first: timedelta
    longest: timedelta

    @classmethod
    def parse(cls, text: str) -> "Lockout":
        """``"10/15/1440"``: failures, minutes at first, minutes at most. Raises ``ValueError``."""
        parts = [part.strip() for part in text.split("/")]
        if len(parts) != 3 or not all(part.isdecimal() and int(part) for part in parts):
            raise ValueError("must look like 10/15/1440: failures, minutes at first, minutes at most")
        after, first, longest = map(int, parts)
        return cls(after, timedelta(minutes=first), timedelta(minutes=max(first, longest)))

    def __str__(self) -> str:
        minutes = (int(span.total_seconds()) // 60 for span in (self.first, self.longest))
        return "/".join(map(str, (self.after, *minutes)))

    @property
    def forgets(self) -> timedelta:
        """How long after the last failure the row of them is over."""
        return self.longest + timedelta(days=1)

    def span(self, failures: int) -> timedelta | None:
        """How long the lockout is that begins with this failure in a row, if one does.

        >>> [str(Lockout.parse("3/10/30").span(n)) for n in (2, 3, 4, 6, 9)]
        ['None', '0:10:00', 'None', '0:20:00', '0:30:00']
        """
        rounds, rest = divmod(failures, self.after)
        if rest or not rounds:
            return None
        return min(self.first * (1 << min(rounds - 1, 20)), self.longest)


LOCKOUTS = {
    Subject.PHONE: Lockout.parse("10/15/240"),
    Subject.ADDRESS: Lockout.parse("60/15/240"),
    Subject.CLIENT: Lockout.parse("10/5/60"),
}
"""Assumptions. Many people share an address, so it takes more failures. Whoever knows a phone can lock it out of signing in
(not out of what it is signed in to), so that never lasts for long."""
