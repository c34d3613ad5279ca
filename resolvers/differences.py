"""What is done about differences with a bank: asked, answered, proposed by one official and confirmed by another (FUND-4).

The books are never edited: a resolution that needs a posting takes the amount to the account's suspense, where it is
identified like every deposit whose purpose is not known yet.
"""

import uuid
from collections.abc import Sequence

from domain.custody import MovementKind
from domain.ledger import AccountKind, Line, TransactionKind
from domain.reconciliation import DifferenceAction, DifferenceKind, Resolution
from domain.roles import Role
from models.custody import BankAccount, BankMovement
from models.differences import BankDifference
from models.ledger import LedgerTransaction
from models.statements import StatementLine
from resolvers import ledger
from resolvers.custody import moved
from resolvers.unit_of_work import UnitOfWork


async def ask_bank(
    uow: UnitOfWork, *, id: uuid.UUID, question: str, document_ids: Sequence[uuid.UUID] = ()
) -> BankDifference:
    """Ask the account's bank about a difference (bankDifferenceAsk); it lands in the bank's queue."""
    row = await uow.load(BankDifference, id, lock=True)
    row.question, row.answer = question.strip(), None
    return await uow.advance(row, DifferenceAction.ASK_BANK, reason=question, documents=document_ids)


async def answer(uow: UnitOfWork, *, id: uuid.UUID, answer: str) -> BankDifference:
    """Answer what the bureau asked, as the bank (bankDifferenceAnswer)."""
    row = await uow.load(BankDifference, id, lock=True)
    row.answer = answer.strip()
    return await uow.advance(row, DifferenceAction.ANSWER, reason=answer)


async def propose(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    resolution: Resolution,
    explanation: str,
    document_ids: Sequence[uuid.UUID] = (),
) -> BankDifference:
    """Propose that a difference is booked or explained (bankDifferencePropose); another official confirms it.

    Refuses ``INVALID_INPUT`` for resolutions that a comparison finds by itself, and for booking nothing.
    """
    row = await uow.load(BankDifference, id, lock=True)
    row.resolution, row.explanation = Resolution(resolution).value, explanation.strip()
    row.proposed_by = uow.actor.account_id
    facts = {"resolution": row.resolution}
    return await uow.advance(row, DifferenceAction.PROPOSE, facts=facts, reason=explanation, documents=document_ids)


async def confirm(
    uow: UnitOfWork, *, id: uuid.UUID, reason: str | None = None, document_ids: Sequence[uuid.UUID] = ()
) -> BankDifference:
    """Confirm a proposed resolution (bankDifferenceConfirm); what is to be booked goes to the account's suspense.

    ``SECOND_PERSON_REQUIRED`` for who proposed it, or recorded what it is about.
    """
    row = await uow.load(BankDifference, id, lock=True)
    facts = {"actor": uow.actor.account_id, "involved": {row.proposed_by, await _recorder(uow, row)} - {None}}
    await uow.advance(row, DifferenceAction.CONFIRM, facts=facts, reason=reason, documents=document_ids)
    if row.resolution == Resolution.BOOKED:
        row.transaction_id = await _book(uow, row)
    return row


async def reject(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> BankDifference:
    """Refuse a proposed resolution (bankDifferenceReject); the difference is open again."""
    row = await uow.load(BankDifference, id, lock=True)
    await uow.advance(row, DifferenceAction.REJECT, reason=reason)
    row.resolution = row.explanation = row.proposed_by = None
    return row


async def compare(uow: UnitOfWork, *, id: uuid.UUID) -> BankAccount:
    """Have an account's statements compared with the books once more (bankReconcile)."""
    account = await uow.load(BankAccount, id)
    grant = await uow.act((Role.BUREAU,), BankAccount, account)
    await uow.enqueue("bank_reconcile", lock=f"bank/{account.id}", bank_account_id=account.id)
    await uow.audit("bankReconcile", account, grant=grant)
    return account


async def _recorder(uow: UnitOfWork, row: BankDifference) -> uuid.UUID | None:
    """Who posted what the books have of it; ``None`` where a bank's system reported it."""
    if row.movement_id is None:
        return None
    movement = await uow.session.get_one(BankMovement, (uow.county, row.movement_id))
    posted = await uow.session.get_one(LedgerTransaction, (uow.county, movement.transaction_id))
    return posted.posted_by


async def _book(uow: UnitOfWork, row: BankDifference) -> uuid.UUID:
    """Take bank less books into the books: money at the bank against its suspense; a line gets its movement."""
    money = await ledger.account(uow, AccountKind.BANK, bank_account_id=row.bank_account_id)
    suspense = await ledger.account(uow, AccountKind.SUSPENSE, bank_account_id=row.bank_account_id)
    fact = await ledger.post(
        uow,
        TransactionKind.RECONCILED,
        [Line(money, row.amount), Line(suspense, -row.amount)],
        reason=f"对账补记：{row.explanation}",
        reference=row.serial,
    )
    if row.found_as == DifferenceKind.MISSING_IN_BOOKS and row.line_id is not None:
        line = await uow.session.get_one(StatementLine, (uow.county, row.line_id))
        await moved(
            uow,
            row.bank_account_id,
            serial=line.serial,
            value_date=line.value_date,
            amount=line.amount,
            kind=MovementKind.OTHER,
            transaction_id=fact,
            code=line.code,
        )
    return fact
