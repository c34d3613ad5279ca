"""The filing of covenants (管理规约备案, SM-4): the owners' own after their vote, the developer's temporary one before sale.

A covenant that is amended is filed anew and takes the former one's place. The vote is an attested record until votes come.
"""

from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.periods import Facts, days
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.simple_filings import Matter, simple_filing
from domain.terms import Term
from domain.workflow import Needs


class CovenantKind(Term):
    """Whose covenant it is; the values are those of the model texts."""

    COVENANT = "COVENANT", "The owners' covenant (管理规约), by their vote."
    TEMPORARY_COVENANT = (
        "TEMPORARY_COVENANT",
        "The developer's temporary covenant (临时管理规约), before the sale (PMR 22).",
    )


def covenant_voted(profile: Profile, facts: Facts) -> Refusal | None:
    """The owners adopted their covenant by joint decision, item V-1(2)."""
    if facts["covenant_kind"] == CovenantKind.TEMPORARY_COVENANT or facts["vote_passed"]:
        return None
    return Refusal(ErrorCode.VOTE_NOT_PASSED, "decisionReference")


def covenant_on_model_text(profile: Profile, facts: Facts) -> Refusal | None:
    """A newly taken estate or a new committee uses the model text (GT-18)."""
    if profile.model_texts_required and facts["new_estate_or_committee"] and not facts["model_text"]:
        return Refusal(ErrorCode.MODEL_TEXT_REQUIRED, "modelTextId")
    return None


COVENANT_FILING = simple_filing(
    Matter(
        id="covenant_filing",
        title="Covenant filing (管理规约备案)",
        prefix="covenant",
        basis=("SL-8", "GT-14", "GT-19"),
        opened_by=(Role.COMMITTEE, Role.COMPANY_ADMIN),
        documents=(
            DocumentKind.COVENANT,
            Needs((DocumentKind.OWNERS_RESOLUTION,), when="owners_covenant"),
            Needs((DocumentKind.DEVELOPER_MANDATE,), when="temporary_covenant"),
        ),
        within=days("covenant_filing_days", since="signed_on"),
        guards={"covenant_voted": covenant_voted, "covenant_on_model_text": covenant_on_model_text},
        conditions={
            "owners_covenant": lambda profile, facts: facts["covenant_kind"] == CovenantKind.COVENANT,
            "temporary_covenant": lambda profile, facts: facts["covenant_kind"] == CovenantKind.TEMPORARY_COVENANT,
        },
        facts={
            "covenant_kind": "CovenantKind",
            "vote_passed": "bool: the owners adopted it, as attested",
            "model_text": "bool: it is written on the model text in force",
            "new_estate_or_committee": "bool: the area has no covenant on file yet, or the committee is new",
            "signed_on": "date | None: the day on which it was adopted or issued",
        },
    )
)
