"""Service contracts (物业服务合同): kinds, states, the problem list, and the rules on ends and notices (V-33..V-36)."""

from datetime import date, timedelta

from domain.terms import Term


class ContractKind(Term):
    """Who chose the company."""

    EARLY_STAGE = (
        "EARLY_STAGE",
        "Early-stage contract (前期物业服务合同) of the developer; ends when a normal contract takes effect (V-33).",
    )
    NORMAL = "NORMAL", "Signed by the committee after the owners' decision (ZD-41)."


class ContractMode(Term):
    """How the company is paid."""

    LUMP_SUM = "LUMP_SUM", "包干制: the company keeps what is left and bears what is missing."
    REMUNERATION = "REMUNERATION", "酬金制: the company takes an agreed fee; its accounts are posted every quarter."


class SelectionBasis(Term):
    """How the company came to the project; the filing attaches the proof."""

    OWNERS_DECISION = "OWNERS_DECISION", "Joint decision of the owners (V-1(4))."
    TENDER = "TENDER", "Chosen by tender (ZD-56)."
    NEGOTIATED = (
        "NEGOTIATED",
        "Without tender, approved by the bureau: under three bidders or a small estate (COM-22).",
    )


class ContractState(Term):
    """Where a contract stands; follows its filing (SM-3). A returned filing does not void it (RULES §10, 9)."""

    DRAFT = "DRAFT", "Being written."
    SIGNED = "SIGNED", "Signed by both parties, not filed yet."
    FILED = "FILED", "Filed in this county."
    EFFECTIVE = "EFFECTIVE", "In force."
    EXPIRING = "EXPIRING", "Ends within 90 days."
    RENEWED = "RENEWED", "A new contract of the same firm followed."
    EXPIRED_CONTINUING = (
        "EXPIRED_CONTINUING",
        "Ran out without a decision while the company stays: continues for an indefinite time (V-36).",
    )
    TERMINATED = "TERMINATED", "Ended."
    WITHDRAWN = "WITHDRAWN", "Given up before it took effect."


IN_FORCE = frozenset({ContractState.EFFECTIVE, ContractState.EXPIRING, ContractState.EXPIRED_CONTINUING})
BINDING = IN_FORCE | {ContractState.SIGNED, ContractState.FILED}
"""In force, or signed and about to be."""


class ProblemReason(Term):
    """Why a contract is on the problem list (ZS-16, GT-16)."""

    EXPIRED = "EXPIRED", "Its term ran out and nobody decided."
    IRREGULAR = "IRREGULAR", "Terms or form break the rules."
    NOT_MODEL_TEXT = "NOT_MODEL_TEXT", "Not written on the model text (GT-16)."
    NOT_FILED = "NOT_FILED", "Signed but not filed in time."


class EndReason(Term):
    """Why a contract ended."""

    DISMISSED = "DISMISSED", "Dismissal by joint decision (V-35)."
    NOT_RENEWED = "NOT_RENEWED", "Not renewed at its end (V-35)."
    MUTUAL = "MUTUAL", "Both parties agreed."
    NOTICE_WHILE_CONTINUING = (
        "NOTICE_WHILE_CONTINUING",
        "Either side ended a contract that continued after its term (V-36).",
    )
    REPLACED = "REPLACED", "An early-stage contract ends when a new contract takes effect (V-33)."


EXPIRING_DAYS = 90
"""An ending contract is watched from 90 days before its last day (SM-3)."""


def expiring_from(ends_on: date) -> date:
    """The first day on which a contract counts as expiring."""
    return ends_on - timedelta(days=EXPIRING_DAYS)


def earliest_end(reason: EndReason, noticed_on: date, ends_on: date | None, continuing_notice_days: int) -> date:
    """The first lawful end after a written notice, unless the contract agrees otherwise (V-35, V-36).

    Dismissal: 60 days' notice. Non-renewal: at the contract's end, noticed 90 days before it. A continuing contract:
    the profile's notice (60 days; Taiqian three months). By mutual agreement and by replacement: at once.
    """
    if reason is EndReason.DISMISSED:
        return noticed_on + timedelta(days=60)
    if reason is EndReason.NOT_RENEWED:
        after_notice = noticed_on + timedelta(days=90)
        return max(after_notice, ends_on) if ends_on else after_notice
    if reason is EndReason.NOTICE_WHILE_CONTINUING:
        return noticed_on + timedelta(days=continuing_notice_days)
    return noticed_on
