"""The ledger: accounts are opened, transactions posted and reversed, balances summed. Nothing else writes a posting.

``post`` is the writer for commands. Statements that move thousands of bills, or one bill in a single round trip, take
the same INSERTs as text from ``posting_ctes``; so every posting comes from this module (a test looks).
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import cast

from sqlalchemy import TextClause, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import ErrorCode, Refusal
from domain.ledger import NEVER_NEGATIVE, OWNED_BY, AccountKind, Line, TransactionKind, is_balanced, shown_balance
from models.base import new_id
from models.ledger import LedgerAccount, LedgerTransaction, Posting
from resolvers.unit_of_work import UnitOfWork

OWNER_COLUMNS = ("unit_id", "building_id", "area_id", "company_id", "bank_account_id")


STOPPED = """COALESCE((
  SELECT c.stops_postings FROM ledger_check c
  WHERE c.county = :county AND c.finished_at IS NOT NULL ORDER BY c.id DESC LIMIT 1
), false)"""
"""Whether the last check of the books stops postings (``resolvers.books``): an SQL condition with the bind ``:county``."""


def posting_ctes(transactions: str, lines: str) -> str:
    """The two INSERTs of the ledger as common table expressions, to be put behind a statement's own.

    ``transactions`` is a query of ``(id, kind, occurred_on, reason, reference, reverses_id)``, ``lines`` one of
    ``(transaction_id, line, account_id, occurred_on, amount)`` with amounts in fen, debit positive. Binds that the
    whole statement must have: ``:county``, ``:posted_by`` (uuid), ``:posted_by_client`` (text), ``:now`` (timestamptz).
    The caller's query must give balanced lines, which the table's trigger checks, and must take nothing from accounts
    that may not go negative, which only ``post`` checks. While the books are stopped nothing but reversals is written, and
    what refers to the transaction fails: callers look before (``check_open``, or ``STOPPED`` in their own statement).
    """
    return f"""
ledger_open AS MATERIALIZED (
  SELECT NOT {STOPPED} AS yes
),
ledger_transactions AS (
  INSERT INTO ledger_transaction
    (county, id, kind, occurred_on, reason, reference, reverses_id, posted_by, posted_by_client, posted_at)
  SELECT :county, t.id, t.kind, t.occurred_on, t.reason, t.reference, t.reverses_id,
         CAST(:posted_by AS uuid), CAST(:posted_by_client AS text), CAST(:now AS timestamptz)
  FROM ({transactions}) t CROSS JOIN ledger_open
  WHERE ledger_open.yes OR t.reverses_id IS NOT NULL
  RETURNING id
),
ledger_postings AS (
  INSERT INTO posting (county, transaction_id, line, account_id, occurred_on, amount)
  SELECT :county, l.transaction_id, l.line, l.account_id, l.occurred_on, l.amount
  FROM ({lines}) l
  WHERE l.transaction_id IN (SELECT id FROM ledger_transactions)
)"""  # noqa: S608 - queries of this package, values are binds


_ONE_TRANSACTION = posting_ctes(
    """SELECT CAST(:id AS uuid) AS id, CAST(:kind AS text) AS kind, CAST(:occurred_on AS date) AS occurred_on,
              CAST(:reason AS text) AS reason, CAST(:reference AS text) AS reference,
              CAST(:reverses_id AS uuid) AS reverses_id""",
    """SELECT CAST(:id AS uuid) AS transaction_id, row_number() OVER () AS line, given.account_id,
              CAST(:occurred_on AS date) AS occurred_on, given.amount
       FROM unnest(CAST(:accounts AS uuid[]), CAST(:amounts AS bigint[])) AS given (account_id, amount)""",
)
_POST = text(f"WITH {_ONE_TRANSACTION} SELECT count(*) FROM ledger_transactions")  # noqa: S608
_IS_STOPPED = text(f"SELECT {STOPPED}")


async def check_open(uow: UnitOfWork) -> None:
    """``LEDGER_STOPPED`` while the last check of the county's books found that they do not balance (FUND-4)."""
    if await uow.session.scalar(_IS_STOPPED, {"county": uow.county}):
        raise Refusal(ErrorCode.LEDGER_STOPPED)


async def account(uow: UnitOfWork, kind: AccountKind, **owner: uuid.UUID) -> uuid.UUID:
    """The id of the account of ``kind`` with this owner (``unit_id``, ``area_id`` …), opened when there is none yet.

    >>> await account(uow, AccountKind.RECEIVABLE, unit_id=unit.id, company_id=company.id)  # doctest: +SKIP
    """
    if frozenset(owner) not in OWNED_BY[kind]:
        raise ValueError(f"a {kind} account is owned by {OWNED_BY[kind]}, not by {sorted(owner)}")
    values = {"county": uow.county, "kind": kind.value, **owner}
    by_owner = _of_owner(frozenset(owner))
    found: uuid.UUID | None = await uow.session.scalar(by_owner, values)
    if found is not None:
        return found
    opened = await uow.session.scalar(
        insert(LedgerAccount)
        .values(id=new_id(), opened_on=uow.today, **values)
        .on_conflict_do_nothing()
        .returning(LedgerAccount.id)
    )
    # Nothing was opened when somebody else was first.
    return opened or cast("uuid.UUID", await uow.session.scalar(by_owner, values))


@cache
def _of_owner(columns: frozenset[str]) -> TextClause:
    """Finds the account of an owner by the whole key: what is equal or null is looked up in its index, and what is merely not
    distinct would not be."""
    same = " AND ".join(f"{name} = :{name}" if name in columns else f"{name} IS NULL" for name in OWNER_COLUMNS)
    return text(f"SELECT id FROM ledger_account WHERE county = :county AND kind = :kind AND {same}")  # noqa: S608


async def unit_accounts(
    uow: UnitOfWork, kind: AccountKind, unit_ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, uuid.UUID]:
    """The accounts of many units of a kind that a unit alone owns, by unit; those that are missing are opened."""
    if frozenset({"unit_id"}) not in OWNED_BY[kind]:
        raise ValueError(f"a {kind} account is owned by {OWNED_BY[kind]}, not by a unit alone")
    wanted = sorted(set(unit_ids))
    row = {"county": uow.county, "kind": kind.value, "opened_on": uow.today}
    if wanted:
        opening = insert(LedgerAccount).values([{**row, "id": new_id(), "unit_id": unit_id} for unit_id in wanted])
        await uow.session.execute(opening.on_conflict_do_nothing())
    found = await uow.session.execute(
        select(LedgerAccount.unit_id, LedgerAccount.id).where(
            LedgerAccount.county == uow.county,
            LedgerAccount.kind == kind.value,
            LedgerAccount.unit_id.in_(wanted),
            LedgerAccount.company_id.is_(None),
        )
    )
    return {unit_id: account_id for unit_id, account_id in found if unit_id is not None}


async def post(
    uow: UnitOfWork,
    kind: TransactionKind,
    lines: Sequence[Line],
    *,
    reason: str,
    reference: str | None = None,
    occurred_on: date | None = None,
    reverses_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Write one transaction with its postings and return its id.

    ``UNBALANCED`` unless the lines sum to zero (FUND-4); ``INSUFFICIENT_BALANCE`` when an account that may not go
    negative does not hold what is taken from it (FUND-5); ``LEDGER_STOPPED`` while the books are found not to balance,
    except for reversals. ``occurred_on`` is today unless given. Zeros are dropped.
    """
    lines = [line for line in lines if line.amount]
    if not lines or not is_balanced(lines):
        raise Refusal(ErrorCode.UNBALANCED)
    await _check_takings(uow, lines)
    transaction_id = new_id()
    written = await uow.session.scalar(
        _POST,
        {
            "county": uow.county,
            "id": transaction_id,
            "kind": kind.value,
            "occurred_on": occurred_on or uow.today,
            "reason": reason,
            "reference": reference,
            "reverses_id": reverses_id,
            "posted_by": uow.actor.account_id,
            "posted_by_client": uow.actor.client_id,
            "now": uow.now,
            "accounts": [line.account_id for line in lines],
            "amounts": [line.amount for line in lines],
        },
    )
    if not written:
        raise Refusal(ErrorCode.LEDGER_STOPPED)
    return transaction_id


async def _check_takings(uow: UnitOfWork, lines: Iterable[Line]) -> None:
    """Refuse to take more from a never-negative account than it holds (all are credit accounts: a debit takes)."""
    changes: dict[uuid.UUID, int] = {}
    for line in lines:
        changes[line.account_id] = changes.get(line.account_id, 0) + line.amount
    takings = {account_id: fen for account_id, fen in changes.items() if fen > 0}
    if not takings:
        return
    # The lock comes first and in one order. Whoever takes from an account next sums after this transaction is over;
    # whoever only adds to it is not held up (a posting's foreign key asks for a weaker lock).
    guarded = (
        await uow.session.execute(
            select(LedgerAccount.id)
            .where(
                LedgerAccount.county == uow.county,
                LedgerAccount.id.in_(takings),
                LedgerAccount.kind.in_(sorted(NEVER_NEGATIVE)),
            )
            .order_by(LedgerAccount.id)
            .with_for_update(key_share=True)
        )
    ).scalars()
    if not (guarded_ids := list(guarded)):
        return
    sums = await uow.session.execute(
        select(Posting.account_id, func.sum(Posting.amount))
        .where(Posting.county == uow.county, Posting.account_id.in_(guarded_ids))
        .group_by(Posting.account_id)
    )
    held = {account_id: int(signed) for account_id, signed in sums}
    for account_id in guarded_ids:
        available = -held.get(account_id, 0)
        if available < takings[account_id]:
            raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, available_fen=available, needed_fen=takings[account_id])


async def reverse(uow: UnitOfWork, transaction_id: uuid.UUID, reason: str) -> uuid.UUID:
    """Take a transaction back by its mirror image, dated today, and return the reversal's id.

    Once only: ``ALREADY_REVERSED``, also when two try at the same time. A reversal itself cannot be reversed
    (``ACTION_NOT_AVAILABLE``): what was right after all is posted anew. ``INSUFFICIENT_BALANCE`` as for ``post``.
    """
    # The original's row is the queue for those who would reverse it; it is append-only, so it cannot be locked itself.
    await uow.session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"{uow.county}/{transaction_id}", 0)))
    )
    original = (
        await uow.session.execute(
            select(LedgerTransaction).where(
                LedgerTransaction.county == uow.county, LedgerTransaction.id == transaction_id
            )
        )
    ).scalar_one_or_none()
    if original is None:
        raise Refusal(ErrorCode.NOT_FOUND, "transactionId")
    if original.reverses_id is not None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "transactionId")
    if await uow.session.scalar(
        select(LedgerTransaction.id).where(
            LedgerTransaction.county == uow.county, LedgerTransaction.reverses_id == transaction_id
        )
    ):
        raise Refusal(ErrorCode.ALREADY_REVERSED, "transactionId")
    lines = await uow.session.execute(
        select(Posting.account_id, Posting.amount)
        .where(Posting.county == uow.county, Posting.transaction_id == transaction_id)
        .order_by(Posting.line)
    )
    return await post(
        uow,
        TransactionKind.REVERSAL,
        [Line(account_id, -amount) for account_id, amount in lines],
        reason=reason,
        reverses_id=transaction_id,
    )


async def balance(session: AsyncSession, county: str, account_id: uuid.UUID, as_of: date | None = None) -> int:
    """An account's balance in fen on its normal side, at the end of ``as_of`` (null: everything posted)."""
    balances = await balances_of(session, county, [account_id], as_of)
    return balances[account_id]


async def balances_of(
    session: AsyncSession, county: str, account_ids: Iterable[uuid.UUID], as_of: date | None = None
) -> Mapping[uuid.UUID, int]:
    """Balances of several accounts in one statement; ``NOT_FOUND`` unless the county has them all."""
    wanted = list(account_ids)
    day = [] if as_of is None else [Posting.occurred_on <= as_of]
    total = (
        select(func.coalesce(func.sum(Posting.amount), 0))
        .where(Posting.county == county, Posting.account_id == LedgerAccount.id, *day)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(LedgerAccount.id, LedgerAccount.kind, total).where(
            LedgerAccount.county == county, LedgerAccount.id.in_(wanted)
        )
    )
    found = {row_id: shown_balance(AccountKind(kind), int(signed)) for row_id, kind, signed in rows}
    if any(row_id not in found for row_id in wanted):
        raise Refusal(ErrorCode.NOT_FOUND, "accountId")
    return found


async def open_balance(
    uow: UnitOfWork,
    account_id: uuid.UUID,
    fen: int,
    *,
    as_of: date,
    attested_by: str,
    reference: str | None = None,
) -> uuid.UUID:
    """Bring in what an account held (``fen``, on its normal side, not negative) at the end of ``as_of``.

    ``attested_by`` says who vouches for it and on what paper; it becomes the transaction's reason. An account is
    opened once: ``ALREADY_REGISTERED`` when it has an opening entry that was not reversed.
    """
    if fen < 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=0)
    found = (
        await uow.session.execute(
            select(LedgerAccount)
            .where(LedgerAccount.county == uow.county, LedgerAccount.id == account_id)
            .with_for_update(key_share=True)
        )
    ).scalar_one_or_none()
    if found is None:
        raise Refusal(ErrorCode.NOT_FOUND, "accountId")
    if await _was_opened(uow, account_id):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "accountId")
    counterpart = await account(uow, AccountKind.OPENING)
    signed = shown_balance(AccountKind(found.kind), fen)
    return await post(
        uow,
        TransactionKind.OPENING,
        [Line(account_id, signed), Line(counterpart, -signed)],
        reason=attested_by,
        reference=reference,
        occurred_on=as_of,
    )


async def _was_opened(uow: UnitOfWork, account_id: uuid.UUID) -> bool:
    opening = (
        select(LedgerTransaction.id)
        .join(
            Posting,
            (Posting.county == LedgerTransaction.county) & (Posting.transaction_id == LedgerTransaction.id),
        )
        .where(
            LedgerTransaction.county == uow.county,
            Posting.county == uow.county,
            Posting.account_id == account_id,
            LedgerTransaction.kind == TransactionKind.OPENING.value,
        )
    )
    opened = list((await uow.session.execute(opening)).scalars())
    if not opened:
        return False
    taken_back = await uow.session.scalar(
        select(func.count())
        .select_from(LedgerTransaction)
        .where(LedgerTransaction.county == uow.county, LedgerTransaction.reverses_id.in_(opened))
    )
    return int(taken_back or 0) < len(opened)
