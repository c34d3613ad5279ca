"""Requests about personal data: a person's to have it corrected or deleted (PRI-8), a court's or department's to read it (PRI-4).

All are cases: a person's is answered within the working days of the profile, and nobody decides on an own one.
"""

from domain.errors import ErrorCode, Refusal
from domain.periods import Facts, end_of_day, working_days
from domain.profiles.parameters import Profile
from domain.roles import PARTNERS, RESIDENTS, Role
from domain.terms import Term
from domain.workflow import Transition, Workflow


class DataRequestKind(Term):
    """What is asked for."""

    CORRECTION = "CORRECTION", "To have the own data corrected (更正)."
    DELETION = "DELETION", "To have the own data deleted (删除)."
    DISCLOSURE = "DISCLOSURE", "To read data for a case of a court or department (调取)."


class DataRequestState(Term):
    """Where a request stands."""

    SUBMITTED = "SUBMITTED", "Asked for; to be decided."
    CORRECTED = "CORRECTED", "The data was corrected."
    PSEUDONYMISED = "PSEUDONYMISED", "The data was deleted; rows that count stay, under a pseudonym."
    BLOCKED = "BLOCKED", "The law requires keeping it; `holds` says why."
    APPROVED = "APPROVED", "The named fields may be read until the last day."
    REFUSED = "REFUSED", "Refused with a reason."
    EXPIRED = "EXPIRED", "The last day has passed."
    REVOKED = "REVOKED", "Ended before its last day."
    WITHDRAWN = "WITHDRAWN", "Withdrawn by who asked."


class DataRequestAction(Term):
    """What can be done with a request."""

    CORRECT = "CORRECT", "Correct the data as asked."
    PSEUDONYMISE = "PSEUDONYMISE", "Delete the data: names and numbers go, rows that count stay."
    BLOCK = "BLOCK", "Answer that the law requires keeping it."
    APPROVE = "APPROVE", "Open the named fields until the last day."
    REFUSE = "REFUSE", "Refuse it with a reason."
    REVOKE = "REVOKE", "End it before its last day."
    EXPIRE = "EXPIRE", "Its last day has passed."
    WITHDRAW = "WITHDRAW", "Withdraw it."


def nothing_held(profile: Profile, facts: Facts) -> Refusal | None:
    """Data that the law requires keeping is not deleted (PIPL 47)."""
    return Refusal(ErrorCode.LEGAL_HOLD, holds=sorted(facts["holds"])) if facts["holds"] else None


def something_held(profile: Profile, facts: Facts) -> Refusal | None:
    """Only what the law requires keeping is kept against the person's will."""
    return None if facts["holds"] else Refusal(ErrorCode.REQUIRED, "holds")


def not_over(profile: Profile, facts: Facts) -> Refusal | None:
    """Nothing is opened whose last day has passed."""
    if facts["expires_on"] >= facts["today"]:
        return None
    return Refusal(ErrorCode.OUT_OF_RANGE, "expiresOn", least=facts["today"])


_S = DataRequestState
_A = DataRequestAction
_REGISTRARS = (Role.COMMUNITY, Role.TOWNSHIP, Role.BUREAU)
_SERVING = (Role.COMPANY_ADMIN, Role.PROJECT_LEADER)
_ANSWERED = working_days("personal_data_answer_working_days")


def _refuse(by: tuple[Role, ...], basis: str) -> Transition:
    return Transition(
        action=_A.REFUSE,
        sources=(_S.SUBMITTED,),
        target=_S.REFUSED,
        by=by,
        basis=(basis,),
        decides=True,
        reason=True,
    )


def _withdraw(by: tuple[Role, ...], basis: str) -> Transition:
    return Transition(
        action=_A.WITHDRAW,
        sources=(_S.SUBMITTED,),
        target=_S.WITHDRAWN,
        by=by,
        basis=(basis,),
        applicant_only=True,
    )


_PEOPLE = (*sorted(RESIDENTS), *_REGISTRARS)
"""The person, or an office that takes the request in at its window: also for who holds nothing here any more."""

DATA_CORRECTION = Workflow(
    id="data_correction",
    version=1,
    title="Correction of personal data (个人信息更正)",
    states=(_S.SUBMITTED, _S.CORRECTED, _S.REFUSED, _S.WITHDRAWN),
    start=_S.SUBMITTED,
    terminal=frozenset({_S.CORRECTED, _S.REFUSED, _S.WITHDRAWN}),
    opened_by=_PEOPLE,
    transitions=(
        Transition(
            action=_A.CORRECT,
            sources=(_S.SUBMITTED,),
            target=_S.CORRECTED,
            by=(*_REGISTRARS, *_SERVING),
            basis=("PRI-8", "PIPL 46"),
            within=_ANSWERED,
            decides=True,
        ),
        _refuse((*_REGISTRARS, *_SERVING), "PRI-8"),
        _withdraw(_PEOPLE, "PRI-8"),
    ),
)

DATA_DELETION = Workflow(
    id="data_deletion",
    version=1,
    title="Deletion of personal data (个人信息删除)",
    states=(_S.SUBMITTED, _S.PSEUDONYMISED, _S.BLOCKED, _S.REFUSED, _S.WITHDRAWN),
    start=_S.SUBMITTED,
    terminal=frozenset({_S.PSEUDONYMISED, _S.BLOCKED, _S.REFUSED, _S.WITHDRAWN}),
    opened_by=_PEOPLE,
    transitions=(
        Transition(
            action=_A.PSEUDONYMISE,
            sources=(_S.SUBMITTED,),
            target=_S.PSEUDONYMISED,
            by=(Role.BUREAU,),
            basis=("PRI-8", "PIPL 47"),
            within=_ANSWERED,
            guards=("nothing_held",),
            decides=True,
        ),
        Transition(
            action=_A.BLOCK,
            sources=(_S.SUBMITTED,),
            target=_S.BLOCKED,
            by=(Role.BUREAU,),
            basis=("PRI-8", "PIPL 47"),
            within=_ANSWERED,
            guards=("something_held",),
            decides=True,
        ),
        _refuse((Role.BUREAU,), "PRI-8"),
        _withdraw(_PEOPLE, "PRI-8"),
    ),
    guards={"nothing_held": nothing_held, "something_held": something_held},
    facts={"holds": "list[str]: why the data may not be deleted, found anew at the decision"},
)

ASKING = (*sorted(PARTNERS), Role.TOWNSHIP, Role.PRICE, Role.MARKET, Role.BUREAU)
"""Who asks for data of a case: courts and banks through their client, departments through an official."""

DATA_DISCLOSURE = Workflow(
    id="data_disclosure",
    version=1,
    title="Data request of a court or department (调取个人信息)",
    states=(_S.SUBMITTED, _S.APPROVED, _S.REFUSED, _S.EXPIRED, _S.REVOKED, _S.WITHDRAWN),
    start=_S.SUBMITTED,
    terminal=frozenset({_S.REFUSED, _S.EXPIRED, _S.REVOKED, _S.WITHDRAWN}),
    opened_by=ASKING,
    transitions=(
        Transition(
            action=_A.APPROVE,
            sources=(_S.SUBMITTED,),
            target=_S.APPROVED,
            by=(Role.BUREAU,),
            basis=("PRI-4", "PIPL 13", "PIPL 34"),
            within=working_days("data_request_working_days"),
            guards=("not_over",),
            decides=True,
        ),
        _refuse((Role.BUREAU,), "PRI-4"),
        _withdraw(ASKING, "PRI-4"),
        Transition(
            action=_A.REVOKE,
            sources=(_S.APPROVED,),
            target=_S.REVOKED,
            by=(Role.BUREAU,),
            basis=("PRI-4",),
            reason=True,
        ),
        Transition(
            action=_A.EXPIRE,
            sources=(_S.APPROVED,),
            target=_S.EXPIRED,
            by=(Role.SYSTEM,),
            basis=("PRI-4",),
            fires=end_of_day("expires_on"),
        ),
    ),
    guards={"not_over": not_over},
    facts={"expires_on": "date: the last day on which anything may be read"},
)
