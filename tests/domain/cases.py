"""A case to try workflows on: a state, the facts, and a clock."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.calendar import SHANGHAI
from domain.documents import DocumentKind
from domain.errors import Refusal
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.workflow import ActionOffer, Transition, Workflow, available, check, landing

NOON = datetime(2025, 6, 2, 12, tzinfo=SHANGHAI)
"""A Monday (the Dragon Boat holiday)."""


@dataclass
class Case:
    """Moves only by ``check`` and ``landing``, as the unit of work does."""

    workflow: Workflow
    profile: Profile
    facts: dict[str, Any]
    state: str = ""
    entered: datetime = NOON
    now: datetime = NOON
    reviewed_by: list[Role] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = self.state or self.workflow.start

    def take(
        self,
        action: str,
        role: Role,
        documents: Collection[DocumentKind] = tuple(DocumentKind),
        *,
        reason: str | None = None,
        **facts: Any,
    ) -> Transition:
        """Take an action with all kinds of documents attached, unless told otherwise; a refusal changes nothing."""
        line = check(
            self.workflow,
            self.profile,
            self.state,
            action,
            role,
            {**self.facts, **facts},
            documents,
            entered=self.entered,
            now=self.now,
            reason=reason,
            reviewed_by=self.reviewed_by,
        )
        self.reviewed_by.append(role)
        self.facts |= facts
        state = landing(line, self.profile, self.state, self.reviewed_by)
        if state != self.state:
            self.state, self.entered, self.reviewed_by = state, self.now, []
        return line

    def wait(self, **length: float) -> None:
        self.now += timedelta(**length)

    def offers(self, *roles: Role, documents: Collection[DocumentKind] = ()) -> dict[str, ActionOffer]:
        found = available(
            self.workflow,
            self.profile,
            self.state,
            roles,
            self.facts,
            documents=documents,
            entered=self.entered,
            now=self.now,
            reviewed_by=self.reviewed_by,
        )
        return {offer.action: offer for offer in found}


def refused(case: Case, action: str, role: Role, **arguments: Any) -> Refusal:
    """The refusal of an action, after which the case is as it was."""
    before = (case.state, case.entered, list(case.reviewed_by))
    with pytest.raises(Refusal) as caught:
        case.take(action, role, **arguments)
    assert (case.state, case.entered, case.reviewed_by) == before
    return caught.value
