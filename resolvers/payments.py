"""Paying one bill: the busiest write of all, and so one statement (SM-14).

The bill is locked and looked at, and only if it can take the amount do the rows behind it appear: the key's operation,
the payment, its allocation, the bill's new state, the ledger's transaction, the audit event. If anything stands in the
way no row is written, and the answer says what. One id names the fact in each of these tables.

``fee_bill_pay`` is the command. ``pay_at_once`` is the same for the ordinary case, sent in one round trip
(``resolvers.at_once``); whatever is not ordinary goes through the command, which knows how to refuse.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast

import psycopg
from psycopg.errors import UniqueViolation
from psycopg.raw_cursor import AsyncRawCursor
from sqlalchemy.dialects.postgresql import psycopg as psycopg_dialect
from sqlalchemy.orm import aliased

from auth.actor import Actor, Grant
from auth.visibility import visible_in
from domain.bills import COLLECTORS, PAYABLE
from domain.calendar import today
from domain.errors import ErrorCode, Refusal
from domain.ledger import TransactionKind
from domain.payments import CHANNELS_OF, MONEY_ACCOUNT, Channel
from domain.records import Record
from domain.roles import Role
from models.base import new_id
from models.fees import FeeBill
from models.payments import Payment
from resolvers.at_once import AtOnce, Row
from resolvers.idempotency import LONGEST_KEY, Outcome, input_hash
from resolvers.ledger import STOPPED, account, check_open, posting_ctes
from resolvers.unit_of_work import UnitOfWork

_BOOKED = posting_ctes(
    f"""SELECT CAST(:id AS uuid) AS id, '{TransactionKind.PAYMENT.value}' AS kind,
               CAST(:received_on AS date) AS occurred_on, CAST(:channel AS text) AS reason,
               CAST(:reference AS text) AS reference, CAST(NULL AS uuid) AS reverses_id FROM paying""",  # noqa: S608
    """SELECT CAST(:id AS uuid) AS transaction_id, side.line,
              CASE side.line WHEN 1 THEN paying.money_id ELSE paying.receivable_id END AS account_id,
              CAST(:received_on AS date) AS occurred_on, side.sign * CAST(:amount AS bigint) AS amount
       FROM paying, (VALUES (1, 1), (2, -1)) AS side (line, sign)""",
)

_PAY = f"""
WITH bill AS MATERIALIZED (
  -- Whoever pays the same bill at the same time waits here, and then sees what is left of it.
  SELECT b.id, b.unit_id, b.company_id, b.area_id, b.township, b.community, b.receivable_id, b.state,
         b.amount + b.adjusted - b.settled AS outstanding
  FROM fee_bill b
  WHERE b.county = :county AND b.id = :bill_id AND {{visible}}
  FOR NO KEY UPDATE
),
payable AS (
  SELECT bill.*, money.id AS money_id
  FROM bill
  JOIN ledger_account money
    ON money.county = :county AND money.kind = CAST(:money_kind AS text) AND money.unit_id IS NULL
   AND money.company_id = bill.company_id AND money.area_id IS NULL AND money.building_id IS NULL
  WHERE bill.state IN ('ISSUED', 'PARTIALLY_PAID') AND CAST(:amount AS bigint) <= bill.outstanding AND NOT {STOPPED}
),
{{claim}}
paying AS (
  SELECT payable.* FROM payable{{claimed}}
),
payments AS (
  INSERT INTO payment (county, id, unit_id, company_id, area_id, township, community, channel, issuer, reference,
                       amount, prepaid, payer_name, received_on, recorded_by, recorded_by_client, transaction_id, state,
                       created_at)
  SELECT :county, CAST(:id AS uuid), unit_id, company_id, area_id, township, community,
         CAST(:channel AS text), COALESCE(CAST(:posted_by_client AS text), CAST(company_id AS text)),
         CAST(:reference AS text), CAST(:amount AS bigint), 0, CAST(:payer_name AS text), CAST(:received_on AS date),
         CAST(:posted_by AS uuid), CAST(:posted_by_client AS text), CAST(:id AS uuid), 'SUCCEEDED',
         CAST(:now AS timestamptz)
  FROM paying
),
allocations AS (
  INSERT INTO allocation (county, id, payment_id, bill_id, amount, occurred_on, created_at)
  SELECT :county, CAST(:id AS uuid), CAST(:id AS uuid), id, CAST(:amount AS bigint),
         CAST(:received_on AS date), CAST(:now AS timestamptz)
  FROM paying
),
settled AS (
  UPDATE fee_bill b
  SET settled = b.settled + CAST(:amount AS bigint),
      state = CASE WHEN paying.outstanding = CAST(:amount AS bigint) THEN 'PAID' ELSE 'PARTIALLY_PAID' END,
      paid_on = CASE WHEN paying.outstanding = CAST(:amount AS bigint) THEN CAST(:received_on AS date) END,
      updated_at = CAST(:now AS timestamptz)
  FROM paying
  WHERE b.county = :county AND b.id = :bill_id
),
{_BOOKED},
events AS (
  INSERT INTO audit_event (county, id, account_id, client_id, grant_id, role, office, action, subject_type, subject_id,
                           township, community, from_state, to_state, request_id, at)
  SELECT :county, CAST(:id AS uuid), CAST(:posted_by AS uuid), CAST(:posted_by_client AS text),
         CAST(:grant_id AS uuid), CAST(:role AS text), CAST(:office AS text), 'feeBillPay', 'FeeBill', id, township, community,
         state, CASE WHEN outstanding = CAST(:amount AS bigint) THEN 'PAID' ELSE 'PARTIALLY_PAID' END,
         CAST(:request_id AS text), CAST(:now AS timestamptz)
  FROM paying
)
SELECT bill.state, bill.outstanding, payable.id IS NOT NULL, paying.id IS NOT NULL
FROM bill LEFT JOIN payable ON true LEFT JOIN paying ON true
"""  # noqa: S608 - constants; every value is a bind

_CLAIM = """claims AS (
  -- A key that is taken gives no row, and with no row nothing below happens.
  INSERT INTO operation (county, id, client_id, account_id, key, name, input_hash, outcome_type, outcome_id, others, at)
  SELECT :county, CAST(:id AS uuid), CAST(:posted_by_client AS text), CAST(:posted_by AS uuid),
         CAST(:key AS text), CAST(:name AS text), CAST(:input_hash AS text), 'Payment', CAST(:id AS uuid),
         jsonb_build_array(jsonb_build_object('type', 'FeeBill', 'id', payable.id, 'version', NULL)),
         CAST(:now AS timestamptz)
  FROM payable
  ON CONFLICT DO NOTHING
  RETURNING id
),"""


@dataclass(frozen=True)
class Statement:
    """SQL with numbered binds, ready to be prepared, and the names of the binds in their order."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]


_BIND = re.compile(r"(?<!:):([A-Za-z_]\w*)")


@lru_cache(maxsize=64)
def _pay_statement(role: Role, claims_key: bool) -> Statement:
    """The statement for one acting role: who may see the bill is part of it, as everywhere (DESIGN §5)."""
    bill = aliased(FeeBill, name="b")
    dialect = psycopg_dialect.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    visible = visible_in(FeeBill, bill, role, "one").compile(dialect=dialect)
    template = _PAY.format(
        visible=f"({visible})",
        claim=_CLAIM if claims_key else "",
        claimed=" CROSS JOIN claims" if claims_key else "",
    )
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${names.setdefault(match[1], len(names) + 1)}"

    sql = _BIND.sub(number, template)
    constants = {name: value for name, value in visible.params.items() if value is not None}
    return Statement(sql, tuple(names), constants)


@dataclass(frozen=True)
class BillPayment(Record):
    """What somebody records about the payment of one bill. ``amount`` in fen."""

    bill_id: uuid.UUID
    amount: int
    channel: Channel
    reference: str
    received_on: date
    payer_name: str | None = None


@dataclass(frozen=True)
class Claim:
    """An idempotency key to be claimed in the same statement."""

    key: str
    name: str
    input_hash: str


def _why_not(state: str, outstanding: int, payment: BillPayment) -> Refusal:
    """Why a bill did not take a payment, from what the statement found once the bill was locked."""
    if state not in PAYABLE:
        return Refusal(ErrorCode.BILL_NOT_PAYABLE, "id", state=state)
    if payment.amount > outstanding:
        return Refusal(ErrorCode.OVERPAYMENT, "amount", amount_fen=payment.amount, outstanding_fen=outstanding)
    return Refusal(ErrorCode.TRY_AGAIN)


@dataclass(frozen=True)
class _Order:
    """The statement with its binds as texts in their order, as PostgreSQL reads them."""

    payment_id: uuid.UUID
    sql: str
    texts: Sequence[str | None]


def _order(
    payment: BillPayment,
    *,
    actor: Actor,
    grant: Grant,
    now: datetime,
    day: date,
    claim: Claim | None = None,
    request_id: str | None = None,
) -> _Order:
    statement = _pay_statement(grant.role, claim is not None)
    payment_id = new_id()
    values: dict[str, Any] = {
        "county": grant.county,
        "bill_id": payment.bill_id,
        "amount": payment.amount,
        "channel": payment.channel.value,
        "money_kind": MONEY_ACCOUNT[payment.channel].value,
        "reference": payment.reference,
        "received_on": payment.received_on,
        "payer_name": payment.payer_name,
        "id": payment_id,
        "posted_by": actor.account_id,
        "posted_by_client": actor.client_id,
        "grant_id": grant.id,
        "role": grant.role.value,
        "office": grant.office,
        "request_id": request_id,
        "now": now.isoformat(),
        **statement.constants,
    }
    if claim is not None:
        values |= {"key": claim.key, "name": claim.name, "input_hash": claim.input_hash}
    texts: list[str | None] = []
    for name in statement.names:
        value = values.get(name)
        if "__" in name:
            value = _array(grant.scope(name.partition("__")[2]))
        texts.append(None if value is None else str(value))
    return _Order(payment_id, statement.sql, texts)


def _array(values: Sequence[Any]) -> str:
    """An SQL array's text; ids and scopes hold neither quotes nor backslashes."""
    return "{" + ",".join(f'"{value}"' for value in values) + "}"


def check_payment(payment: BillPayment, grant: Grant, day: date) -> None:
    """Refuse what is wrong in itself: amount, day, reference, and a channel that the role does not collect through."""
    if payment.amount <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1)
    if payment.received_on > day:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "receivedOn", most=day)
    if not payment.reference.strip():
        raise Refusal(ErrorCode.REQUIRED, "reference")
    if payment.channel not in CHANNELS_OF.get(grant.role, frozenset()):
        raise Refusal(ErrorCode.INVALID_INPUT, "channel")


async def fee_bill_pay(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    amount: int,
    channel: Channel,
    reference: str,
    received_on: date,
    payer_name: str | None = None,
) -> tuple[Payment, FeeBill]:
    """Record that ``amount`` fen were paid on one bill, by the bank's client or by the company that took the money.

    Refuses with ``NOT_FOUND``, ``BILL_NOT_PAYABLE``, ``OVERPAYMENT``, ``ALREADY_REGISTERED`` (the reference),
    ``OUT_OF_RANGE`` and ``INVALID_INPUT`` (a channel that the role does not collect through). What is to be spread
    over several bills, or kept for later ones, is recorded by ``resolvers.receipts.payment_record``.
    """
    payment = BillPayment(id, amount, channel, reference, received_on, payer_name)
    bill = await uow.load(FeeBill, id)
    grant = await uow.act(COLLECTORS, FeeBill, bill)
    check_payment(payment, grant, uow.today)
    # Opened with a company's first bill run; a bill that was brought in may come before it.
    await account(uow, MONEY_ACCOUNT[payment.channel], company_id=bill.company_id)
    await uow.session.flush()  # the raw statement must see what the session holds
    order = _order(payment, actor=uow.actor, grant=grant, now=uow.now, day=uow.today, request_id=uow.request_id)
    raw = (await (await uow.session.connection()).get_raw_connection()).driver_connection
    try:
        cursor = AsyncRawCursor(cast("psycopg.AsyncConnection[Any]", raw))
        await cursor.execute(order.sql, order.texts, prepare=True)
        row = await cursor.fetchone()
    except UniqueViolation as error:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "reference") from error
    if row is None:
        raise Refusal(ErrorCode.NOT_FOUND, "id")
    state, outstanding, _has_account, was_paid = row
    if not was_paid:
        await check_open(uow)
        raise _why_not(state, outstanding, payment)
    await uow.session.refresh(bill)
    paid = await uow.session.get_one(Payment, (uow.county, order.payment_id))
    # As in ``pay_at_once`` nobody is told: no subscription is about bills, and a notice would queue every COMMIT behind
    # the others. Whoever waits for a payment polls ``feeBills(where: {updatedSince})``.
    return paid, bill


def pay_at_once(
    actor: Actor,
    county: str,
    given: Mapping[str, Any],
    *,
    key: str,
    name: str,
    inputs: Any,
    now: datetime,
    request_id: str | None = None,
) -> AtOnce | None:
    """``fee_bill_pay`` for the ordinary case: key and all rows in one statement. ``given`` are the command's keywords.

    ``None`` means that the ordinary way has to be taken (``transact`` with ``fee_bill_pay``): what is refused before the
    bill is looked at, or several grants to choose from. ``name`` and ``inputs`` are what the key is bound to, as in
    ``transact``.
    """
    eligible = actor.eligible(COLLECTORS, county)
    if len(eligible) != 1 or not 0 < len(key) <= LONGEST_KEY:
        return None
    payment = BillPayment(given["id"], **{field: value for field, value in given.items() if field != "id"})
    day = today(now)
    try:
        check_payment(payment, eligible[0], day)
    except Refusal:
        return None
    order = _order(
        payment,
        actor=actor,
        grant=eligible[0],
        now=now,
        day=day,
        claim=Claim(key, name, input_hash(inputs)),
        request_id=request_id,
    )
    texts = [None if text is None else text.encode() for text in order.texts]
    others = [{"type": "FeeBill", "id": str(payment.bill_id), "version": None}]
    return AtOnce((order.sql, texts), Outcome("Payment", order.payment_id, None, others), _was_paid)


def _was_paid(row: Row) -> bool:
    return row[3] == b"\x01"
