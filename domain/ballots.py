"""Ballots (选票) and mandates (委托): who casts for whom, and what of one head's ballots counts (V-11 to V-13, V-19, V-26)."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from domain.terms import Term


class BallotChannel(Term):
    """How a ballot was cast (V-19). One head keeps to one channel; all go into one tally."""

    ONLINE = "ONLINE", "On the platform, by a signed-in owner (互联网表决)."
    PAPER = "PAPER", "On paper, entered with its image by two people (书面征求意见)."
    MEETING = "MEETING", "On paper at a meeting, entered with its image by two people (集体讨论)."


class PaperState(Term):
    """Where a paper ballot stands: two people enter it independently of each other."""

    ENTERED_ONCE = "ENTERED_ONCE", "Entered by one person; another one has to enter it."
    ACCEPTED = "ACCEPTED", "Both entries agree, or a third person decided: it is cast."
    CONFLICT = "CONFLICT", "The two entries differ; a third person enters it again from the image."
    REJECTED = "REJECTED", "Not a valid ballot: it takes no part (V-6)."


class MandateKind(Term):
    """What an owner's written authority is for."""

    PROXY = "PROXY", "To vote in one vote (委托投票, Civil Code 165)."
    REPRESENTATIVE = "REPRESENTATIVE", "Of a co-owner, to cast the co-owners' one ballot in one vote (V-11)."
    DELEGATION = "DELEGATION", "To vote on fund matters over some time (委托表决, V-26)."


Elector = TypeVar("Elector", bound=Hashable)
"""What tells electors apart."""

Choices = tuple[str, ...]
"""What a ballot says of each item, in the items' order."""


def effective(latest: Mapping[Elector, Choices], representative: Elector | None = None) -> tuple[str | None, ...]:
    """What a head's ballots say of each item: ``latest`` has the last valid ballot of each co-owner who cast one (V-11).

    A fixed representative speaks alone. Without one the co-owners must agree: what they contradict each other about is
    invalid, so it takes no part (``None``, V-6).

    >>> effective({"a": ("FOR", "FOR"), "b": ("FOR", "AGAINST")})
    ('FOR', None)
    >>> effective({"a": ("FOR",), "b": ("AGAINST",)}, representative="b")
    ('AGAINST',)
    """
    if representative is not None:
        return latest.get(representative, ())
    said: Sequence[Choices] = list(latest.values())
    return tuple(column[0] if len(set(column)) == 1 else None for column in zip(*said, strict=True))
