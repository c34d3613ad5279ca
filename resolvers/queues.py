"""Whose turn it is: the tasks of a case follow from its workflow, its state and its facts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from domain import workflow as lists
from domain.profiles import profile_version
from domain.profiles.parameters import Profile
from domain.roles import COMPANY, RESIDENTS, Role
from domain.workflow import Workflow
from models.cases import NEVER_DUE, CaseRow, Task
from resolvers.case_kinds import KINDS, SCOPE_OF, decided

if TYPE_CHECKING:
    from resolvers.unit_of_work import UnitOfWork

ANY_TIME = frozenset({"WITHDRAW", "CANCEL", "ORDER_ACTION", "REPORT_PROGRESS", "AMEND_CONTRACT", "REVISE"})
"""Actions that stay open in many states and so are nobody's turn: they fill no queue."""


def _client(case: CaseRow, role: Role) -> str | None:
    """The client that a partner's turn belongs to: the court that a case was referred to, the bank of a case."""
    return getattr(case, "court_client_id" if role is Role.COURT else "client_id", None)


async def hand_on(uow: "UnitOfWork", case: CaseRow, facts: Mapping[str, Any], *, new: bool = False) -> None:
    """Close the tasks that are over, open or update those of the present state, set ``due_on`` and ``wake_at``.

    A ``new`` case has no tasks yet: hundreds that are opened together need not each be asked.
    """
    kind = KINDS[type(case)]
    workflow, profile = kind.workflow(case), profile_version(case.profile_version)
    known = {**kind.facts(case), **facts}
    wanted: dict[Role, lists.Task] = {}
    if case.state not in workflow.terminal:
        turns = lists.tasks(workflow, profile, case.state, known, entered=case.state_since, reviewed_by=decided(case))
        wanted = {
            turn.role: turn
            for turn in turns
            if _is_turn(workflow, profile, case, turn)
            and (turn.due or case.state not in kind.resting)
            and (kind.asks is None or kind.asks(case, turn.role))
        }
    if not new:
        await _update(uow, case, wanted)
    uow.session.add_all(_task(uow, case, turn) for turn in wanted.values())
    # Whoever could act is asked; the case itself is as late as its soonest deadline.
    dues = [
        turn.due.on for turn in lists.tasks(workflow, profile, case.state, known, entered=case.state_since) if turn.due
    ]
    case.due_on = min(dues, default=None)
    coming = lists.timers(workflow, profile, case.state, known, case.state_since)
    case.wake_at = coming[0].at if coming else None


async def _update(uow: "UnitOfWork", case: CaseRow, wanted: dict[Role, lists.Task]) -> None:
    """Close a case's tasks that are over and update those that go on, which are then no longer ``wanted``."""
    await uow.session.flush()
    open_tasks = select(Task).where(
        Task.county == uow.county,
        Task.case_type == type(case).__name__,
        Task.case_id == case.id,
        Task.closed_at.is_(None),
    )
    for task in (await uow.session.execute(open_tasks)).scalars():
        turn = wanted.get(Role(task.role))
        if turn is None or task.state != case.state:
            task.closed_at = uow.now
        else:
            task.actions, task.due_on = _actions(turn), turn.due.on if turn.due else None
            task.due_order = task.due_on or NEVER_DUE
            del wanted[turn.role]


def _is_turn(workflow: Workflow, profile: Profile, case: CaseRow, turn: lists.Task) -> bool:
    """Whether a role that could act is waited for: not for what is open at any time, nor other people's corrections."""
    if not _actions(turn):
        return False
    opened_by = Role(case.applicant_role)
    if turn.role in RESIDENTS:
        return turn.role is opened_by
    needed = SCOPE_OF.get(turn.role)
    if needed and getattr(case, needed[0], None) is None:
        return False
    theirs = [
        line
        for line in workflow.transitions
        if case.state in line.sources and line.action in _actions(turn) and turn.role in line.roles(profile)
    ]
    if all(line.applicant_only for line in theirs):
        return turn.role is opened_by or (opened_by in COMPANY and turn.role in COMPANY)
    return True


def _actions(turn: lists.Task) -> list[str]:
    return [action for action in turn.actions if action not in ANY_TIME]


def _task(uow: "UnitOfWork", case: CaseRow, turn: lists.Task) -> Task:
    due_on = turn.due.on if turn.due else None
    return Task(
        county=uow.county,
        case_type=type(case).__name__,
        case_id=case.id,
        role=turn.role.value,
        actions=_actions(turn),
        title=case.title,
        state=case.state,
        township=case.township,
        community=case.community,
        estate_id=case.estate_id,
        area_id=case.area_id,
        company_id=case.company_id,
        committee_id=case.committee_id,
        client_id=_client(case, turn.role),
        account_id=case.applicant_id if turn.role in RESIDENTS else None,
        due_on=due_on,
        due_order=due_on or NEVER_DUE,
        opened_at=uow.now,
    )
