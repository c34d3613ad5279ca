"""Expected failures: the one exception that carries them, and the catalogue of their codes.

    Exception
    ├── Refusal          expected; the edge turns it into ``userErrors { code message field retryable }``
    │   └── CountedRefusal   of a try that counts: the transaction is kept
    └── LookupError
        └── UnknownCounty    a fault of configuration (domain.profiles), never shown as a user error

    ErrorCode
    ├── access       NOT_FOUND · ACTION_NOT_AVAILABLE · ACTING_GRANT_REQUIRED · FORBIDDEN_ROLE · PURPOSE_REQUIRED ·
    │                REFERRAL_REQUIRED · LEGAL_HOLD · SAME_REVIEWER · OWN_APPLICATION · POWER_REQUIRED ·
    │                SECOND_PERSON_REQUIRED · REAUTHENTICATION_REQUIRED · WRONG_CODE
    ├── request      VERSION_CONFLICT · IDEMPOTENCY_KEY_REQUIRED · IDEMPOTENCY_KEY_REUSED · RATE_LIMITED* · LOCKED_OUT* ·
    │                TRY_AGAIN*
    ├── input        INVALID_INPUT · REQUIRED · OUT_OF_RANGE · LIST_TOO_LONG · ALREADY_REGISTERED · INVALID_*
    ├── files        FILE_NO_REGISTER · FILE_NO_STATEMENT · FILE_DAMAGED · FILE_ENCRYPTED · FILE_ENCODING ·
    │                FILE_TOO_LARGE · FILE_UNSAFE
    ├── documents    MISSING_DOCUMENT · DOCUMENT_NOT_READY · MODEL_TEXT_REQUIRED · SEAL_REQUIRED · SIGNATURES_REQUIRED
    ├── time         LATE · TOO_EARLY · POSTING_PERIOD_NOT_OVER · WARRANTY_NOT_OVER
    ├── filings      FIRM_NOT_FILED · STAFF_REQUIRED · BLACKLISTED · WHOLE_TRANSFER · ADJUSTMENT_CLAUSE_REQUIRED …
    ├── votes        VOTE_NOT_PASSED · MODE_NOT_ALLOWED · QUOTA_* · CLAUSE_NOT_IN_FORCE · ROLL_INCOMPLETE · MANDATE_NOT_VALID …
    ├── money        PRICE_ABOVE_* · ITEM_NOT_DISCLOSED · INSUFFICIENT_BALANCE · UNBALANCED · OVERPAYMENT …
    └── fund         NO_DEPOSIT_DUE · DEPOSIT_NOT_PAID · NOT_EMERGENCY · EXCLUDED_WORK …   (* retryable)

A code is data: its English doc and whether repeating the same request may help stand here, the sentence that a
person reads stands in ``app/locales``. Adding a code means one line here and one in each locale;
``tests/domain/test_errors.py`` checks.
"""

import string
from collections.abc import Mapping
from datetime import date
from enum import Enum, StrEnum
from typing import Any, Self

from domain.money import format_fen


class ErrorCode(StrEnum):
    """Every expected failure. ``doc`` says when it is given, ``retryable`` whether repeating the request may help."""

    _value_: str
    doc: str
    retryable: bool

    def __new__(cls, value: str, doc: str, retryable: bool = False) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.doc = doc
        member.retryable = retryable
        return member

    # access
    NOT_FOUND = "NOT_FOUND", "There is no such row, or the actor may not see it; the two are not told apart."
    ACTION_NOT_AVAILABLE = "ACTION_NOT_AVAILABLE", "The case is not in a state in which this action exists."
    ACTING_GRANT_REQUIRED = "ACTING_GRANT_REQUIRED", "Several grants would allow the action and none was named."
    FORBIDDEN_ROLE = "FORBIDDEN_ROLE", "The action exists now, but not for the role in which the actor acts."
    PURPOSE_REQUIRED = "PURPOSE_REQUIRED", "Partners' queries and looks at personal data state a reason (PRI-6, PRI-7)."
    LEGAL_HOLD = "LEGAL_HOLD", "The law requires keeping the data that was asked to be deleted (PRI-8)."
    REFERRAL_REQUIRED = "REFERRAL_REQUIRED", "A court sees only cases that were referred to it (FEE-15, PRI-9)."
    SAME_REVIEWER = "SAME_REVIEWER", "The actor decided the previous step in the same office (RULES §9)."
    OWN_APPLICATION = "OWN_APPLICATION", "Nobody decides on an application of their own (RULES §9)."
    POWER_REQUIRED = "POWER_REQUIRED", "The role may, but the grant lacks the power that the act needs (params: power)."
    SECOND_PERSON_REQUIRED = "SECOND_PERSON_REQUIRED", "What one person proposed another one has to confirm."
    REAUTHENTICATION_REQUIRED = (
        "REAUTHENTICATION_REQUIRED",
        "The act is sensitive and the sign-in too old: prove it with a one-time code (POST /auth/reauthenticate).",
    )
    WRONG_CODE = "WRONG_CODE", "The one-time code is wrong, expired, used, or was tried too often."

    # request
    VERSION_CONFLICT = "VERSION_CONFLICT", "The row changed since it was read; read it again and decide anew."
    IDEMPOTENCY_KEY_REQUIRED = "IDEMPOTENCY_KEY_REQUIRED", "Operations that move money, votes or filings need a key."
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED", "The key was used before with another input."
    RATE_LIMITED = "RATE_LIMITED", "Too many requests of this kind; wait and repeat.", True
    LOCKED_OUT = "LOCKED_OUT", "Too many failed attempts by this phone, address or client; wait and repeat.", True
    TRY_AGAIN = "TRY_AGAIN", "The work collided with other work or the service is starting; repeat.", True

    # input
    INVALID_INPUT = "INVALID_INPUT", "The value has the wrong form."
    REQUIRED = "REQUIRED", "A value or a reason is needed here."
    OUT_OF_RANGE = "OUT_OF_RANGE", "The number or date lies outside what is allowed."
    LIST_TOO_LONG = "LIST_TOO_LONG", "The list has more rows than a sheet holds; ask for fewer by a condition."
    ALREADY_REGISTERED = "ALREADY_REGISTERED", "The county already has a row with this identity."
    INVALID_CREDIT_CODE = "INVALID_CREDIT_CODE", "Not a unified social credit code (统一社会信用代码, GB 32100-2015)."
    INVALID_ID_NUMBER = "INVALID_ID_NUMBER", "Not a resident identity number (公民身份号码, GB 11643-1999)."
    INVALID_PHONE = "INVALID_PHONE", "Not a mainland mobile number (手机号码)."
    INVALID_UNIT_NUMBER = "INVALID_UNIT_NUMBER", "Not a 28-character real-estate unit number (不动产单元号)."
    INVALID_DIVISION = "INVALID_DIVISION", "Not the code of an administrative division (行政区划代码)."
    INVALID_ACCOUNT = "INVALID_ACCOUNT", "Not a bank account number."
    INVALID_TAX_NUMBER = (
        "INVALID_TAX_NUMBER",
        "Not a taxpayer's number (纳税人识别号) of 18, or formerly 15 or 20 characters.",
    )
    INVALID_EMAIL = "INVALID_EMAIL", "Not an e-mail address."

    # documents
    MISSING_DOCUMENT = "MISSING_DOCUMENT", "The step needs documents that are not attached; params name their kinds."
    DOCUMENT_NOT_READY = "DOCUMENT_NOT_READY", "The document was announced but its upload is not confirmed."
    MODEL_TEXT_REQUIRED = "MODEL_TEXT_REQUIRED", "New estates and new committees must use the model text (GT-18)."
    SEAL_REQUIRED = "SEAL_REQUIRED", "The verification needs the office's seal (ZD-7)."
    SIGNATURES_REQUIRED = "SIGNATURES_REQUIRED", "Fewer people signed than the step needs (INS-2, ZD-7)."

    # files that are imported
    FILE_NO_REGISTER = "FILE_NO_REGISTER", "The file is neither an XLSX workbook nor CSV, nor a ZIP of CSV files."
    FILE_NO_STATEMENT = "FILE_NO_STATEMENT", "The file is no camt.053.001.02 or camt.053.001.08."
    FILE_DAMAGED = "FILE_DAMAGED", "The file is damaged, or breaks its own format."
    FILE_ENCRYPTED = "FILE_ENCRYPTED", "The file is encrypted."
    FILE_ENCODING = "FILE_ENCODING", "A CSV file is neither UTF-8 nor GB18030."
    FILE_TOO_LARGE = "FILE_TOO_LARGE", "The file unpacks to more than a register can hold."
    FILE_UNSAFE = "FILE_UNSAFE", "A name in the ZIP leads out of it, or is a link."

    # time
    LATE = "LATE", "The period to act has ended."
    TOO_EARLY = "TOO_EARLY", "The action may be taken only from a later day."
    POSTING_PERIOD_NOT_OVER = "POSTING_PERIOD_NOT_OVER", "The posting (公示) has not yet run its full number of days."
    WARRANTY_NOT_OVER = "WARRANTY_NOT_OVER", "The asset is under warranty; its builder must repair it (FUND-14)."

    # filings
    FIRM_NOT_FILED = "FIRM_NOT_FILED", "The firm has no company filing in force in this county (SL-17)."
    STAFF_REQUIRED = "STAFF_REQUIRED", "The register shows no technical staff or no certified manager (SL-18)."
    BLACKLISTED = "BLACKLISTED", "The firm is black-listed and may take no new project (CR-5, SL-25)."
    WHOLE_TRANSFER = "WHOLE_TRANSFER", "The service is passed on whole or cut up whole (V-34, Civil Code 941)."
    ADJUSTMENT_CLAUSE_REQUIRED = "ADJUSTMENT_CLAUSE_REQUIRED", "The contract lacks the price-adjustment clause (TQ-63)."
    PRICE_ABOVE_CEILING = "PRICE_ABOVE_CEILING", "The price is above the guide price for the current star (FEE-5)."
    PREMISES_TOO_SMALL = (
        "PREMISES_TOO_SMALL",
        "The service premises are below the lawful share or size (ZD-24, Zibo 9).",
    )
    COMMITTEE_ROOM_TOO_SMALL = "COMMITTEE_ROOM_TOO_SMALL", "The owners' committee gets too small a room (Shandong 12)."
    TESTS_NOT_RECORDED = "TESTS_NOT_RECORDED", "A cancellation needs all three tests of GT-11 recorded and met."
    NOT_RECTIFIED = "NOT_RECTIFIED", "The re-check did not find the problem put right."

    # votes
    VOTE_NOT_PASSED = "VOTE_NOT_PASSED", "The owners' joint decision that the step rests on has not passed."
    MODE_NOT_ALLOWED = "MODE_NOT_ALLOWED", "The county does not allow this mode of voting (V-25, V-31)."
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED", "The amount exceeds what is left of the quota that owners adopted (V-27, V-32)."
    QUOTA_NOT_IN_FORCE = (
        "QUOTA_NOT_IN_FORCE",
        "The quota is not adopted, has ended, or its term does not run (V-27, V-32).",
    )
    QUOTA_NOT_FOR_THIS = "QUOTA_NOT_FOR_THIS", "The quota is for another area, building or class of repairs (V-27)."
    CLAUSE_NOT_IN_FORCE = (
        "CLAUSE_NOT_IN_FORCE",
        "The covenant that holds the clause is not on file or was replaced, or the vote on the rules does not stand (V-25).",
    )
    TOO_FEW_PROPOSERS = "TOO_FEW_PROPOSERS", "Fewer than a fifth of the owners propose the meeting (V-18)."
    ROLL_INCOMPLETE = (
        "ROLL_INCOMPLETE",
        "Units in scope have no building area, or there are none: the roll cannot be frozen (V-8, V-16).",
    )
    PAPERS_NOT_SETTLED = "PAPERS_NOT_SETTLED", "Paper ballots wait for a second or third entry."
    SECOND_CHANNEL = "SECOND_CHANNEL", "The owner has voted through another channel (V-19)."
    REPRESENTATIVE_VOTES = (
        "REPRESENTATIVE_VOTES",
        "The co-owners have a representative, who casts their one ballot (V-11).",
    )
    MANDATE_NOT_VALID = (
        "MANDATE_NOT_VALID",
        "The authority is revoked, over, another person's, or for another vote or matter (V-13, V-26).",
    )
    OWN_BALLOT_CAST = "OWN_BALLOT_CAST", "The owner has voted personally, so nobody votes instead (V-26)."
    PROXY_LIMIT = "PROXY_LIMIT", "The proxy would vote for more units than the county allows (V-13)."
    DECISION_ANNULLED = (
        "DECISION_ANNULLED",
        "The owners' decision was annulled: nothing more is paid until a new one is there (V-21).",
    )
    VOTE_ON_PLATFORM = "VOTE_ON_PLATFORM", "The result comes from the vote that is held on the platform (FUND-19)."
    ATTESTED_VOTE_NOT_ALLOWED = (
        "ATTESTED_VOTE_NOT_ALLOWED",
        "The county takes results only from votes held on the platform.",
    )

    # money
    CHARGE_FORBIDDEN = "CHARGE_FORBIDDEN", "The law forbids this charge (FEE-8: a fee on collected utility money)."
    ITEM_NOT_DISCLOSED = "ITEM_NOT_DISCLOSED", "The charge item is not disclosed at present (FEE-7, TQ-73)."
    PRICE_INCREASE_REQUIRED = "PRICE_INCREASE_REQUIRED", "A higher price needs the owners' way on record first (FEE-6)."
    BUDGET_REQUIRED = "BUDGET_REQUIRED", "Remuneration mode bills on a posted budget of the year (FEE-1)."
    MEASURE_FORBIDDEN = (
        "MEASURE_FORBIDDEN",
        "Nobody's supplies are cut and nobody's access is barred over fees (FEE-16).",
    )
    DEMAND_REQUIRED = "DEMAND_REQUIRED", "A written demand must be served and expire before anything else (FEE-13)."
    PLAN_NOT_WHOLE = "PLAN_NOT_WHOLE", "An instalment plan's parts do not come to what is open."
    DEBTOR_UNABLE = "DEBTOR_UNABLE", "Only a debtor who could pay and does not is listed (FEE-18)."
    LATE_FEE_NOT_AGREED = (
        "LATE_FEE_NOT_AGREED",
        "The bill's charge item agrees no late fee, or it is one itself (FEE-9).",
    )
    PRICE_ABOVE_CONTRACT = "PRICE_ABOVE_CONTRACT", "The price is above the contract's own standard (ZD-47)."
    PRICE_ABOVE_DISCLOSED = "PRICE_ABOVE_DISCLOSED", "The price is above the disclosed one (FEE-7)."
    BILL_NOT_PAYABLE = "BILL_NOT_PAYABLE", "The bill is a draft, disputed, voided or already paid."
    PAY_SERVICE_NOT_READY = (
        "PAY_SERVICE_NOT_READY",
        "The company takes no money through this service here: no number of its own is confirmed, or the deployment has none.",
    )
    INVOICE_SERVICE_NOT_READY = "INVOICE_SERVICE_NOT_READY", "The deployment has no electronic invoice service."
    CHECKOUT_UNDER_WAY = "CHECKOUT_UNDER_WAY", "Another order for one of these bills may still be paid."
    ADVANCE_NOT_AGREED = "ADVANCE_NOT_AGREED", "The service contract agrees to no payment in advance (FEE-4)."
    OVERPAYMENT = "OVERPAYMENT", "The payment is larger than what is owed."
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE", "The account does not hold the amount (FUND-5, FUND-28)."
    UNBALANCED = "UNBALANCED", "The postings do not sum to zero (FUND-4)."
    BANK_TERMINATED = "BANK_TERMINATED", "The account is frozen or closed: it pays nothing but the transfer (FUND-28)."
    LEDGER_STOPPED = (
        "LEDGER_STOPPED",
        "The county's books do not balance: nothing but reversals is posted (FUND-4).",
        True,
    )
    COMMON_INCOME_SHARE = "COMMON_INCOME_SHARE", "Less of the common income goes to the fund than has to (V-22)."
    ACCOUNTS_NOT_EMPTY = "ACCOUNTS_NOT_EMPTY", "Money is still at the terminated bank, or on its way (SM-17)."
    TOO_FEW_BIDDERS = "TOO_FEW_BIDDERS", "Fewer banks have bid than a tender needs (FUND-33)."
    ALREADY_REVERSED = "ALREADY_REVERSED", "The entry has been reversed before."

    # fund
    NO_DEPOSIT_DUE = "NO_DEPOSIT_DUE", "The unit owes the fund no deposit now: exempt, or unsold (FUND-1, FUND-3)."
    NOTHING_TO_DISTRIBUTE = (
        "NOTHING_TO_DISTRIBUTE",
        "The bank credited nothing for the year, or no account held anything.",
    )
    NOTHING_TO_RENEW = "NOTHING_TO_RENEW", "No account of the area is below the county's share of its first deposit."
    NOTHING_TO_POST = "NOTHING_TO_POST", "Nobody is late after a written demand: none was made, or all still run."
    NO_POOL = "NO_POOL", "The county distributes value-added income: there is no pool to use (FUND-10)."
    DEPOSIT_NOT_PAID = "DEPOSIT_NOT_PAID", "The unit's first deposit is not paid in full (FUND-3, TQ-104)."
    NOT_EMERGENCY = "NOT_EMERGENCY", "The repair is not on the county's emergency list (FUND-22)."
    EXCLUDED_WORK = "EXCLUDED_WORK", "The work must not be paid from the fund (FUND-13)."
    CORRECTIONS_USED_UP = "CORRECTIONS_USED_UP", "The application was already returned as often as allowed (FUND-25)."
    INSURANCE_NOT_ALLOWED = "INSURANCE_NOT_ALLOWED", "The county's fund buys no insurance (FUND-12, TQ-102)."
    OVERRUN = "OVERRUN", "The cost exceeds the budget by more than allowed; it needs a new application (FUND-27)."
    CUSTODIAN_REQUIRED = (
        "CUSTODIAN_REQUIRED",
        "No bank account holds the area's fund: nothing can be paid from it (SL-1).",
    )
    NOTHING_DUE = "NOTHING_DUE", "Nothing is due at this stage: it is paid, instructed, or not certified (FUND-26)."
    ALREADY_PAID = "ALREADY_PAID", "Money was paid or instructed: the request can no longer be cancelled (FUND-29)."
    OBJECTION_OPEN = "OBJECTION_OPEN", "An owner's objection to the posting is not answered yet."
    CLAIMS_OPEN = (
        "CLAIMS_OPEN",
        "Something is still owed: by owners, by a recovery, or by a payment under way (FUND-18).",
    )
    NOT_CONTRACTED = "NOT_CONTRACTED", "There is no contractor to pay: enter the contract first (FUND-28)."


class Refusal(Exception):  # noqa: N818 -- it is no error: the rules answered
    """An expected failure. ``field`` is the GraphQL input field at fault, ``params`` fill the locale's sentence.

    >>> str(Refusal(ErrorCode.OUT_OF_RANGE, "areaM2", least=1))
    'OUT_OF_RANGE (areaM2) least=1'
    """

    def __init__(self, code: ErrorCode, field: str | None = None, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.params = params

    @property
    def retryable(self) -> bool:
        """Whether repeating the same request may help."""
        return self.code.retryable

    def sentence(self, template: str) -> str:
        """The locale's template with this refusal's params; a param that was not given reads ``…``."""
        return _Forgiving().vformat(template, (), self.params)

    def __str__(self) -> str:
        field = f" ({self.field})" if self.field else ""
        params = "".join(f" {name}={value}" for name, value in self.params.items())
        return f"{self.code}{field}{params}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Refusal) and (self.code, self.field, self.params) == (
            other.code,
            other.field,
            other.params,
        )

    __hash__ = Exception.__hash__


class CountedRefusal(Refusal):
    """A refusal after which what the command wrote stays: it wrote only that somebody tried (a wrong code)."""


class _Forgiving(string.Formatter):
    """A refusal must reach the person even when its raiser forgot a param."""

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        value = kwargs.get(str(key))
        return "…" if value is None else _shown(str(key), value)


def _shown(name: str, value: Any) -> str:
    if name.endswith("_fen") and isinstance(value, int):
        return format_fen(value)
    if name.endswith("_001m2") and isinstance(value, int):
        return f"{value // 100}.{value % 100:02} m²"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(sorted(_shown("", item) for item in value))
    return str(value)
