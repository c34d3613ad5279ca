"""Claims to a unit (房屋绑定): somebody signed in says that an owner's record is theirs, and proves it in one of three ways.

An invitation or a verification against the owner register binds at once, with a code that only the right phone gets;
otherwise the community decides on the papers. Whoever is bound to the record at present, or owns the unit, may contest;
then the township decides. A binding ends with the ownership.
"""

from datetime import timedelta

from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.periods import Facts, days, days_before, posting, working_days
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.terms import Term
from domain.workflow import Transition, Workflow

CODE_LIFETIME = timedelta(minutes=10)
"""How long a verification's code can be redeemed."""
INVITATION_LIFETIME = timedelta(days=7)
ATTEMPTS = 5
"""Wrong codes after which a verification or an invitation is worth nothing."""
TAIL = 4
"""Last characters of the document's number that are asked for."""
KEPT = timedelta(days=90)
"""How long an applicant still sees a claim that is decided."""


class ClaimWay(Term):
    """How a claim is proved."""

    INVITATION = "INVITATION", "With the code of an invitation that the company, committee or an office sent."
    VERIFICATION = "VERIFICATION", "By name, document and phone of the owner register, and a code to that phone."
    APPROVAL = "APPROVAL", "On papers, which the community examines."


class ClaimState(Term):
    """Where a claim stands."""

    OPENED = "OPENED", "Begun; a verification waits for the code. Nobody but the applicant sees it."
    SUBMITTED = "SUBMITTED", "Handed in: the community examines the papers."
    BOUND = "BOUND", "The account acts for the owner; lasts as long as the ownership."
    CONTESTED = "CONTESTED", "The present owner contests it: the township decides."
    REJECTED = "REJECTED", "Refused with reasons."
    WITHDRAWN = "WITHDRAWN", "Withdrawn by the applicant."
    LAPSED = "LAPSED", "The code was not redeemed in time."
    ENDED = "ENDED", "The ownership ended, or the binding was given up or passed to another account."


CONTESTABLE = (ClaimState.SUBMITTED, ClaimState.BOUND, ClaimState.CONTESTED)
"""While a claim may be contested or is, it concerns whoever holds the unit."""


class ClaimAction(Term):
    """What can be done with a claim."""

    PROVE = "PROVE", "Redeem the code that proves it."
    SUBMIT = "SUBMIT", "Hand it in for the community's examination."
    APPROVE = "APPROVE", "Find that the applicant is the owner."
    REJECT = "REJECT", "Refuse it with reasons."
    WITHDRAW = "WITHDRAW", "Withdraw it."
    CONTEST = "CONTEST", "Contest it, as the present owner."
    UPHOLD = "UPHOLD", "Decide for the applicant after hearing both."
    DISMISS = "DISMISS", "Decide against the applicant after hearing both."
    LAPSE = "LAPSE", "The time to redeem the code is over."
    END = "END", "The ownership ended, or the binding passed to another account."


class InvitationState(Term):
    """Where an invitation stands."""

    ISSUED = "ISSUED", "Sent; it can be accepted until it expires."
    ACCEPTED = "ACCEPTED", "Accepted: the account is bound."
    REVOKED = "REVOKED", "Taken back by the office that sent it."


_S, _A = ClaimState, ClaimAction
_BASIS = ("PRI-8", "PRI-9")


def _proven(_profile: Profile, facts: Facts) -> Refusal | None:
    return None if facts["proven"] else Refusal(ErrorCode.WRONG_CODE, "code")


def _anothers(_profile: Profile, facts: Facts) -> Refusal | None:
    return Refusal(ErrorCode.OWN_APPLICATION) if facts["is_applicant"] else None


UNIT_CLAIM = Workflow(
    id="unit_claim",
    version=1,
    title="Claim to a unit (房屋绑定)",
    states=ClaimState,
    start=_S.OPENED,
    terminal=frozenset({_S.REJECTED, _S.WITHDRAWN, _S.LAPSED, _S.ENDED}),
    opened_by=(Role.APPLICANT,),
    transitions=(
        Transition(
            action=_A.PROVE,
            sources=(_S.OPENED,),
            target=_S.BOUND,
            by=(Role.APPLICANT,),
            basis=_BASIS,
            guards=("proven",),
            applicant_only=True,
        ),
        Transition(
            action=_A.SUBMIT,
            sources=(_S.OPENED,),
            target=_S.SUBMITTED,
            by=(Role.APPLICANT,),
            basis=_BASIS,
            documents=(DocumentKind.OWNERSHIP_PROOF,),
            when=("on_papers",),
            applicant_only=True,
        ),
        Transition(
            action=_A.APPROVE,
            sources=(_S.SUBMITTED,),
            target=_S.BOUND,
            by=(Role.COMMUNITY,),
            basis=_BASIS,
            within=working_days("claim_working_days"),
            when=("record_free",),
            decides=True,
        ),
        Transition(
            action=_A.APPROVE,
            sources=(_S.SUBMITTED,),
            target=_S.BOUND,
            by=(Role.COMMUNITY,),
            basis=_BASIS,
            after=posting("claim_objection_days"),
            when=("record_taken",),
            decides=True,
        ),
        Transition(
            action=_A.REJECT,
            sources=(_S.SUBMITTED,),
            target=_S.REJECTED,
            by=(Role.COMMUNITY,),
            basis=_BASIS,
            decides=True,
            reason=True,
        ),
        Transition(
            action=_A.WITHDRAW,
            sources=(_S.OPENED, _S.SUBMITTED, _S.CONTESTED),
            target=_S.WITHDRAWN,
            by=(Role.APPLICANT,),
            basis=_BASIS,
            applicant_only=True,
        ),
        Transition(
            action=_A.CONTEST,
            sources=(_S.SUBMITTED, _S.BOUND),
            target=_S.CONTESTED,
            by=(Role.OWNER,),
            basis=_BASIS,
            guards=("anothers",),
            reason=True,
        ),
        Transition(
            action=_A.UPHOLD,
            sources=(_S.CONTESTED,),
            target=_S.BOUND,
            by=(Role.TOWNSHIP,),
            basis=_BASIS,
            within=working_days("claim_contest_working_days"),
            decides=True,
            reason=True,
        ),
        Transition(
            action=_A.DISMISS,
            sources=(_S.CONTESTED,),
            target=_S.REJECTED,
            by=(Role.TOWNSHIP,),
            basis=_BASIS,
            within=working_days("claim_contest_working_days"),
            decides=True,
            reason=True,
        ),
        Transition(
            action=_A.LAPSE,
            sources=(_S.OPENED,),
            target=_S.LAPSED,
            by=(Role.SYSTEM,),
            basis=_BASIS,
            fires=days(1),
        ),
        Transition(
            action=_A.END,
            sources=(_S.BOUND, _S.CONTESTED),
            target=_S.ENDED,
            by=(Role.SYSTEM,),
            basis=_BASIS,
            fires=days_before(0, "ended_on"),
        ),
    ),
    guards={"proven": _proven, "anothers": _anothers},
    conditions={
        "on_papers": lambda _profile, facts: facts["way"] == ClaimWay.APPROVAL,
        "record_free": lambda _profile, facts: not facts["record_taken"],
        "record_taken": lambda _profile, facts: bool(facts["record_taken"]),
    },
    facts={
        "ended_on": "date | None: the day from which the account no longer acts for the owner",
        "record_taken": "bool: another account is bound to the owner's record at present",
        "proven": "bool: the code that was given is the one that was sent, in time",
        "way": "ClaimWay: how the claim is proved",
    },
)
