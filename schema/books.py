"""Whether the books are whole, as the bureau sees it: every run of the checks, what it found, whether postings are stopped."""

from sqlalchemy import Boolean

from models import books as models
from resolvers import books
from schema.acts import COUNTY, act
from schema.common import DateTime, Fen
from schema.conditions import since
from schema.engine.declare import ascending, column, descending, entity, filters, listing, many, matches, orders
from schema.engine.intents import given, inputs
from schema.engine.types import Connection

LEDGER_CHECK_ORDERS = orders(
    "LedgerCheckOrder",
    "How checks are ordered.",
    NEWEST=(descending(models.LedgerCheck.created_at), "The latest first."),
)


@filters("Which checks of the books. All given conditions must hold.")
class LedgerCheckFilter:
    stops_postings: bool | None = matches(
        lambda row, value: row.stops_postings == value, Boolean(), "Whether it found that the books do not balance."
    )
    created_since: DateTime | None = since("created_at", "Asked for at or after this instant.")


@entity(
    models.LedgerCheck,
    "One run of the checks over a county's books (账目核对): every night, and when an official asks. The last finished one "
    "decides whether anything may be posted.",
    orders=LEDGER_CHECK_ORDERS,
    filters=LedgerCheckFilter,
)
class LedgerCheck:
    created_at: DateTime = column(models.LedgerCheck.created_at, "When it was asked for.")
    finished_at: DateTime | None = column(models.LedgerCheck.finished_at, "When it was made; null until then.")
    finding_count: int = column(models.LedgerCheck.finding_count, "What does not hold, in number; 0 for whole books.")
    stops_postings: bool = column(
        models.LedgerCheck.stops_postings,
        "Whether the books themselves do not balance. Then nothing but reversals is posted (`LEDGER_STOPPED`) until a later "
        "check finds them whole. A difference with a bank's statement is none of this and stops nothing.",
    )
    findings: Connection["LedgerFinding"] = many(
        models.LedgerFinding.ledger_check_id, "What it found, the first thousand."
    )


LEDGER_FINDING_ORDERS = orders(
    "LedgerFindingOrder",
    "How findings are ordered.",
    POSITION=(ascending(models.LedgerFinding.position), "In the order of the checks."),
)


@entity(models.LedgerFinding, "One thing that does not hold in the books.", orders=LEDGER_FINDING_ORDERS)
class LedgerFinding:
    position: int = column(models.LedgerFinding.position, "From 1.")
    check_name: str = column(models.LedgerFinding.check_name, "Which check, such as `transaction_balances`.")
    subject_id: str = column(
        models.LedgerFinding.subject_id,
        "The key of the row at fault, as operators' commands name it: a transaction, an account, a bill, a payment, an area.",
    )
    expected: Fen = column(
        models.LedgerFinding.expected, "What it should be, in fen (a count for `transaction_has_lines`)."
    )
    found: Fen = column(models.LedgerFinding.found, "What it is.")
    stops_postings: bool = column(models.LedgerFinding.stops_postings, "Whether this fault stops postings.")


@inputs("Ask for a check of the county's books.", keyed=True)
class LedgerVerifyInput:
    county: str | None = given(COUNTY)


QUERIES = {"ledgerChecks": listing("LedgerCheck", "Checks of the books, for the bureau.")}

MUTATIONS = [
    act(
        "ledgerVerify",
        books.ledger_verify,
        LedgerVerifyInput,
        "Ask for a check of the books now (核对账目), after a correction for example; poll the check until it "
        "is finished. By the bureau.",
        {"ledgerCheck": "LedgerCheck"},
    )
]
