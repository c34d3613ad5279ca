"""How the county's bank accounts, and what lies and moves there, stand to grants (the judgement behind their matrix)."""

from typing import Any

from auth.actor import Actor, Grant
from domain.roles import Role
from models.custodians import (
    Custodian,
    CustodianAssessment,
    CustodianBid,
    CustodianMeasures,
    CustodianTender,
    CustodyTransfer,
)
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
    CustodianTender,
    CustodianBid,
    CustodianMeasures,
    Custodian,
    CustodianAssessment,
    CustodyTransfer,
)

PUBLISHED = (CustodianTender, CustodianBid, CustodianMeasures)
CUSTODIANS = (Custodian, CustodianAssessment, CustodyTransfer)


def own(places: Any, actor: Actor, grant: Grant, row: Any) -> bool | None:
    """A bank: the accounts that its system serves, under the scope. A committee: where its area's money lies or lay."""
    if isinstance(row, PUBLISHED):
        return True if grant.role is Role.BANK else None
    if isinstance(row, CUSTODIANS):
        return _own_of_custodians(places, actor, grant, row)
    account = row if isinstance(row, BankAccount) else places.one(BankAccount, row.county, row.bank_account_id)
    if grant.role is Role.BANK:
        return account.client_id == actor.client_id and "funds:custody" in grant.scopes
    if grant.role is Role.COMMITTEE and isinstance(row, BankAccount):
        held = [each for each in places.world.rows[Custody] if each.bank_account_id == row.id]
        return any(each.area_id == grant.area_id for each in held)
    return None


def _own_of_custodians(places: Any, actor: Actor, grant: Grant, row: Any) -> bool | None:
    """A bank: its own contract, and transfers that leave or reach its accounts. A committee: its area's transfers."""
    if grant.role is not Role.BANK:
        return None
    if isinstance(row, CustodyTransfer):
        kept = [places.one(BankAccount, row.county, key) for key in (row.from_account_id, row.to_account_id)]
    else:
        kept = [row if isinstance(row, Custodian) else places.one(Custodian, row.county, row.custodian_id)]
    return any(each.client_id == actor.client_id for each in kept) and "funds:custody" in grant.scopes
