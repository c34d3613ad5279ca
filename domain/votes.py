"""Owners' votes (业主共同决定, SM-8): their terms and list, what a notice must say, and who counts again."""

from domain.errors import ErrorCode, Refusal
from domain.periods import Facts, days, days_before, end_of_day, posting
from domain.profiles.parameters import Profile, VoteMode
from domain.roles import Role
from domain.tallies import Matter
from domain.terms import Term
from domain.workflow import ByProfile, Transition, Workflow

LEAST_OBJECTION_DAYS = 7
"""Owners may object for a week at least where silence lets a fund use pass (V-29)."""


class VoteState(Term):
    """Where a vote stands."""

    DRAFT = "DRAFT", "Being prepared by who convenes it."
    NOTICED = "NOTICED", "Owners and the residents' committee are told; the roll is frozen (通知)."
    OPEN = "OPEN", "Ballots are served and cast (表决中)."
    CLOSED = "CLOSED", "Its last day is over; what came on paper in time may still be entered."
    TALLIED = "TALLIED", "Counted, strictly and by mode (计票)."
    PUBLISHED = "PUBLISHED", "The result is posted; owners may object (公示)."
    OBJECTED = "OBJECTED", "Somebody objected, or an office ordered a correction: others count again."
    RECOUNTED = "RECOUNTED", "Counted again by others."
    FINAL = "FINAL", "The result stands (生效)."
    ANNULLED = "ANNULLED", "Cancelled by an office or a court (撤销)."
    CANCELLED = "CANCELLED", "Called off before it opened."


class VoteAction(Term):
    """What can be done with a vote."""

    GIVE_NOTICE = "GIVE_NOTICE", "Tell the owners and freeze the roll."
    ACKNOWLEDGE = "ACKNOWLEDGE", "Take note, as the residents' committee (V-17)."
    OPEN = "OPEN", "Its first day has come."
    EXTEND = "EXTEND", "Put off the last day, once and before it is over."
    CLOSE = "CLOSE", "Its last day is over."
    TALLY = "TALLY", "Count the ballots."
    PUBLISH = "PUBLISH", "Post the result in the estate."
    OBJECT = "OBJECT", "Object to the result; an office orders its correction."
    RECOUNT = "RECOUNT", "Count again, by others than those who counted."
    FINALISE = "FINALISE", "Nobody objected in time: the result stands."
    CONFIRM = "CONFIRM", "Let the recount stand, with an answer to the objections."
    ANNUL = "ANNUL", "Cancel the decision and tell all owners (V-21)."
    CANCEL = "CANCEL", "Call the vote off."


class VoteScope(Term):
    """Whom the vote concerns (V-15)."""

    AREA = "AREA", "All units of the property area."
    BUILDING = "BUILDING", "The units of one building."
    ENTRANCE = "ENTRANCE", "The units of one entrance (单元) of a building."


class Occasion(Term):
    """Why owners are asked (V-18)."""

    REGULAR = "REGULAR", "A regular meeting (定期会议)."
    OWNERS_PROPOSED = "OWNERS_PROPOSED", "Owners proposed it: a fifth of them at least (20%以上业主提议)."
    ACCIDENT = "ACCIDENT", "A serious accident or other urgent event (重大事故)."
    BY_RULES = "BY_RULES", "As the rules of procedure or the covenant say."
    COMMITTEE_FAILED = "COMMITTEE_FAILED", "The committee failed to convene: the township ordered it, then convenes."


class ServiceWay(Term):
    """How a notice or ballot reached an owner (送达)."""

    IN_PERSON = "IN_PERSON", "Handed over against a signature (当面送达)."
    POST = "POST", "By registered mail (邮寄送达)."
    ELECTRONIC = "ELECTRONIC", "Electronically, with proof that it arrived (电子送达)."
    AT_THE_DOOR = "AT_THE_DOOR", "Left at the door before witnesses, with a photo (留置送达)."


class ServedPaper(Term):
    """What was served."""

    NOTICE = "NOTICE", "The notice of the vote."
    BALLOT = "BALLOT", "The ballot, with the last day printed on it (V-28)."


class Authority(Term):
    """Who cancels a decision (V-21)."""

    TOWNSHIP = "TOWNSHIP", "The township or subdistrict (PMR 19)."
    BUREAU = "BUREAU", "The bureau (PMR 19)."
    COURT = "COURT", "A court, on an owner's suit (Civil Code 280); an office records its judgment."


SILENT_MODES = frozenset({VoteMode.DEFAULT, VoteMode.SILENCE_WITH_MAJORITY})
"""Modes that read the silence of owners who were served (V-28, V-30)."""


def mode_refusal(profile: Profile, matter: Matter, mode: VoteMode, clause: VoteMode | None) -> Refusal | None:
    """A special mode is for fund use alone, where the county allows it and an adopted clause names it (V-25)."""
    if mode is VoteMode.STANDARD:
        return None
    if matter is not Matter.FUND_USE or mode not in profile.fund_modes:
        return Refusal(ErrorCode.MODE_NOT_ALLOWED, "mode")
    if clause is None:
        return Refusal(ErrorCode.REQUIRED, "clauseId")
    return None if clause is mode else Refusal(ErrorCode.INVALID_INPUT, "clauseId")


def has_items(profile: Profile, facts: Facts) -> Refusal | None:
    """Owners are asked something; what the notice does not name is not voted on (V-17)."""
    return None if facts["item_count"] else Refusal(ErrorCode.REQUIRED, "agenda")


def noticed_early(profile: Profile, facts: Facts) -> Refusal | None:
    """The notice comes the county's days before the first day, which is not after the last one (V-17)."""
    opens_on, closes_on = facts["opens_on"], facts["closes_on"]
    if opens_on is None or closes_on is None:
        return Refusal(ErrorCode.REQUIRED, "opensOn" if opens_on is None else "closesOn")
    if (opens_on - facts["today"]).days < profile.vote_notice_days:
        return Refusal(ErrorCode.OUT_OF_RANGE, "opensOn", least=profile.vote_notice_days)
    return None if closes_on >= opens_on else Refusal(ErrorCode.OUT_OF_RANGE, "closesOn", least=opens_on)


def objections_long_enough(profile: Profile, facts: Facts) -> Refusal | None:
    """Where only objections can stop a fund use, owners have the county's days to object, a week at least (V-29)."""
    if not facts["by_objection"] or facts["opens_on"] is None or facts["closes_on"] is None:
        return None
    least = max(profile.objection_window_days, LEAST_OBJECTION_DAYS)
    if (facts["closes_on"] - facts["opens_on"]).days >= least:
        return None
    return Refusal(ErrorCode.OUT_OF_RANGE, "closesOn", least=least)


def enough_proposers(profile: Profile, facts: Facts) -> Refusal | None:
    """A meeting that owners propose is proposed by a fifth of the heads (V-18)."""
    if facts["occasion"] != Occasion.OWNERS_PROPOSED or facts["proposers"] * 5 >= facts["scope_heads"]:
        return None
    return Refusal(ErrorCode.TOO_FEW_PROPOSERS, "proposers", least=-(-facts["scope_heads"] // 5))


def convener_fits(profile: Profile, facts: Facts) -> Refusal | None:
    """The body in office convenes; who stands in for it where there is none; the township when the body fails (V-18)."""
    role = facts["convener"]
    failed = role is Role.TOWNSHIP and facts["occasion"] == Occasion.COMMITTEE_FAILED
    if role is Role.COMMITTEE or failed or not facts["has_committee"]:
        return None
    return Refusal(ErrorCode.FORBIDDEN_ROLE, "occasion", roles=Role.COMMITTEE)


def later_last_day(profile: Profile, facts: Facts) -> Refusal | None:
    """A vote is extended once, to a later day."""
    if facts["extended_to"] > facts["closes_on"]:
        return None
    return Refusal(ErrorCode.OUT_OF_RANGE, "closesOn", least=facts["closes_on"])


def papers_settled(profile: Profile, facts: Facts) -> Refusal | None:
    """Every paper ballot was entered by two people who agree, or decided by a third."""
    open_papers = facts["open_papers"]
    return Refusal(ErrorCode.PAPERS_NOT_SETTLED, papers=open_papers) if open_papers else None


def other_counters(profile: Profile, facts: Facts) -> Refusal | None:
    """Nobody counts their own count again."""
    return Refusal(ErrorCode.SAME_REVIEWER) if facts["counts_own_count"] else None


_S = VoteState
_A = VoteAction
CONVENERS = (Role.COMMITTEE, ByProfile("without_committee"), Role.TOWNSHIP)
_HELD = (_S.PUBLISHED, _S.OBJECTED, _S.RECOUNTED, _S.FINAL)

VOTE = Workflow(
    id="vote",
    version=1,
    title="Owners' vote (业主共同决定表决)",
    states=VoteState,
    start=_S.DRAFT,
    terminal=frozenset({_S.ANNULLED, _S.CANCELLED}),
    opened_by=CONVENERS,
    opening_guards=("convener_fits",),
    transitions=(
        Transition(
            action=_A.GIVE_NOTICE,
            sources=(_S.DRAFT,),
            target=_S.NOTICED,
            by=CONVENERS,
            basis=("V-16", "V-17", "PMR 14"),
            guards=("has_items", "noticed_early", "objections_long_enough", "enough_proposers"),
            applicant_only=True,
        ),
        Transition(
            action=_A.ACKNOWLEDGE,
            sources=(_S.NOTICED, _S.OPEN),
            target=None,
            by=(Role.COMMUNITY,),
            basis=("V-17", "PMR 14"),
            when=("not_acknowledged",),
        ),
        Transition(
            action=_A.OPEN,
            sources=(_S.NOTICED,),
            target=_S.OPEN,
            by=(Role.SYSTEM,),
            basis=("SM-8",),
            fires=days_before(0, "opens_on"),
        ),
        Transition(
            action=_A.EXTEND,
            sources=(_S.OPEN,),
            target=None,
            by=CONVENERS,
            basis=("SM-8",),
            within=end_of_day("closes_on"),
            bars=True,
            when=("not_extended",),
            guards=("later_last_day",),
            applicant_only=True,
            reason=True,
        ),
        Transition(
            action=_A.CLOSE,
            sources=(_S.OPEN,),
            target=_S.CLOSED,
            by=(Role.SYSTEM,),
            basis=("SM-8",),
            fires=end_of_day("closes_on"),
        ),
        Transition(
            action=_A.TALLY,
            sources=(_S.CLOSED,),
            target=_S.TALLIED,
            by=CONVENERS,
            basis=("V-20", "V-31"),
            guards=("papers_settled",),
            applicant_only=True,
        ),
        Transition(
            action=_A.PUBLISH,
            sources=(_S.TALLIED,),
            target=_S.PUBLISHED,
            by=CONVENERS,
            basis=("V-20",),
            within=days("vote_publication_days"),
            applicant_only=True,
        ),
        Transition(
            action=_A.OBJECT,
            sources=(_S.PUBLISHED,),
            target=_S.OBJECTED,
            by=(Role.OWNER, Role.TOWNSHIP, Role.BUREAU),
            basis=("V-20", "V-21"),
            within=posting("vote_objection_days"),
            bars=True,
            reason=True,
        ),
        Transition(
            action=_A.RECOUNT,
            sources=(_S.OBJECTED,),
            target=_S.RECOUNTED,
            by=CONVENERS,
            basis=("V-20", "SM-8"),
            guards=("other_counters",),
        ),
        Transition(
            action=_A.FINALISE,
            sources=(_S.PUBLISHED,),
            target=_S.FINAL,
            by=(Role.SYSTEM,),
            basis=("V-20",),
            fires=posting("vote_objection_days"),
        ),
        Transition(
            action=_A.CONFIRM,
            sources=(_S.RECOUNTED,),
            target=_S.FINAL,
            by=CONVENERS,
            basis=("SM-8",),
            reason=True,
        ),
        Transition(
            action=_A.ANNUL,
            sources=_HELD,
            target=_S.ANNULLED,
            by=(Role.TOWNSHIP, Role.BUREAU),
            basis=("V-21", "PMR 19", "Civil Code 280"),
            reason=True,
        ),
        Transition(
            action=_A.CANCEL,
            sources=(_S.DRAFT, _S.NOTICED),
            target=_S.CANCELLED,
            by=CONVENERS,
            basis=("RULES §9",),
            applicant_only=True,
            reason=True,
        ),
    ),
    guards={
        "has_items": has_items,
        "noticed_early": noticed_early,
        "objections_long_enough": objections_long_enough,
        "enough_proposers": enough_proposers,
        "convener_fits": convener_fits,
        "later_last_day": later_last_day,
        "papers_settled": papers_settled,
        "other_counters": other_counters,
    },
    conditions={
        "not_acknowledged": lambda profile, facts: not facts["acknowledged"],
        "not_extended": lambda profile, facts: not facts["extended"],
    },
    facts={
        "has_committee": "bool: the area has a committee or PMC in office",
        "convener": "Role: who convenes",
        "occasion": "Occasion: why owners are asked",
        "proposers": "int: heads that proposed the meeting",
        "scope_heads": "int: heads on the roll",
        "item_count": "int: what owners are asked",
        "by_objection": "bool: an item passes unless owners object",
        "opens_on": "date | None: first day of the vote",
        "closes_on": "date | None: last day of the vote",
        "extended": "bool: the last day was put off before",
        "extended_to": "date: the new last day",
        "acknowledged": "bool: the residents' committee took note",
        "open_papers": "int: paper ballots that wait for a second or third entry",
        "counts_own_count": "bool: the actor counted before",
    },
)
