"""Who sees tasks, reviews and audit events: each its own queue, the parties and offices of a case its reviews."""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from auth.policies.contracts import has_scope
from auth.policies.dunning import SUITS_HANDLE
from auth.visibility import Predicate, Scope, policy, whole_county
from domain.roles import COMPANY, COUNTY_OFFICES, PARTNERS, RESIDENTS, Role
from models.cases import AuditEvent, Review, Task


def _own(row: Any, scope: Scope) -> ColumnElement[bool]:
    """Rows that name the reader's account."""
    return row.account_id == scope.any("accounts")  # type: ignore[no-any-return]


def _of_departments_cases(review: Any, _scope: Scope) -> ColumnElement[bool]:
    return or_(review.case_type == "Filing", review.case_type == "Inspection")


def _queue(role: Role, column: str | None = None, scope_name: str = "") -> Predicate:
    """The open and closed tasks of a role inside what its grants cover; one person's task is shown to nobody else."""

    def rule(task: Any, scope: Scope) -> ColumnElement[bool]:
        in_scope = [getattr(task, column) == scope.any(scope_name)] if column else []
        return and_(task.role == role.value, *in_scope, or_(task.account_id.is_(None), _own(task, scope)))

    return rule


def _leaders_queue(task: Any, scope: Scope) -> ColumnElement[bool]:
    """A project leader's: of the area, which may hold many estates or part of one, as far as it is the own company's."""
    of_the_company = _queue(Role.PROJECT_LEADER, "company_id", "companies")(task, scope)
    return and_(task.area_id == scope.any("areas"), of_the_company)


def _courts_queue(task: Any, scope: Scope) -> ColumnElement[bool]:
    """A court's: the suits that were referred to its client, under the scope for suits."""
    return and_(_queue(Role.COURT, "client_id", "clients")(task, scope), has_scope(SUITS_HANDLE, scope))


def _personal_queue(role: Role) -> Predicate:
    return lambda task, scope: and_(task.role == role.value, _own(task, scope))


policy(
    Task,
    {
        **{role: _personal_queue(role) for role in RESIDENTS},
        Role.COMMITTEE: _queue(Role.COMMITTEE, "committee_id", "committees"),
        **{role: _queue(role, "company_id", "companies") for role in COMPANY},
        Role.PROJECT_LEADER: _leaders_queue,
        Role.COMMUNITY: _queue(Role.COMMUNITY, "community", "communities"),
        Role.TOWNSHIP: _queue(Role.TOWNSHIP, "township", "townships"),
        **{role: _queue(role) for role in COUNTY_OFFICES},
        Role.BANK: _queue(Role.BANK, "client_id", "clients"),
        Role.COURT: _courts_queue,
    },
)

policy(
    Review,
    {
        **{
            role: lambda review, scope: review.applicant_id == scope.any("accounts")
            for role in RESIDENTS | {Role.APPLICANT}
        },
        Role.COMMITTEE: lambda review, scope: review.committee_id == scope.any("committees"),
        **{role: lambda review, scope: review.company_id == scope.any("companies") for role in COMPANY},
        Role.COMMUNITY: lambda review, scope: review.community == scope.any("communities"),
        Role.TOWNSHIP: lambda review, scope: review.township == scope.any("townships"),
        # The departments decide on filings and inspections: what was said about somebody's home or data is not theirs.
        **dict.fromkeys((Role.PRICE, Role.MARKET), _of_departments_cases),
        Role.BUREAU: whole_county,
    },
)

policy(
    AuditEvent,
    {
        **dict.fromkeys(RESIDENTS | COMPANY | {Role.COMMITTEE, Role.APPLICANT}, _own),
        **{role: lambda event, scope: event.client_id == scope.any("clients") for role in PARTNERS},
        Role.COMMUNITY: lambda event, scope: event.community == scope.any("communities"),
        Role.TOWNSHIP: lambda event, scope: event.township == scope.any("townships"),
        Role.PRICE: _own,
        Role.MARKET: _own,
        Role.BUREAU: whole_county,
    },
)
