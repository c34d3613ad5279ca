"""How the county's bank accounts, and what lies and moves there, stand to grants (the judgement behind their matrix)."""

from typing import Any

from auth.actor import Actor, Grant
from domain.roles import Role
from models.custody import BankAccount, BankMovement, Custody
from models.differences import BankDifference
from models.payment_instructions import PaymentInstruction
from models.statements import BankStatement, StatementFile, StatementLine

KNOWN = (
    BankAccount,
    Custody,
    BankMovement,
    PaymentInstruction,
    BankStatement,
    StatementLine,
    StatementFile,
    BankDifference,
)


def own(places: Any, actor: Actor, grant: Grant, row: Any) -> bool | None:
    """A bank: the accounts that its system serves, under the scope. A committee: where its area's money lies or lay."""
    account = row if isinstance(row, BankAccount) else places.one(BankAccount, row.county, row.bank_account_id)
    if grant.role is Role.BANK:
        return account.client_id == actor.client_id and "funds:custody" in grant.scopes
    if grant.role is Role.COMMITTEE and isinstance(row, BankAccount):
        held = [each for each in places.world.rows[Custody] if each.bank_account_id == row.id]
        return any(each.area_id == grant.area_id for each in held)
    return None
