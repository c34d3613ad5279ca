"""How the money that comes into the maintenance fund stands to grants (the judgement behind its matrix)."""

from typing import Any

from auth.actor import Actor, Grant
from domain.roles import Role
from models.custody import BankAccount, Custody
from models.estates import Unit
from models.fund_demands import FundDemand
from models.fund_incomes import FundDistribution, FundIncome, FundPoolUse
from models.fund_receipts import FundReceipt
from models.fund_refunds import FundRefund
from models.fund_renewals import FundRenewalLine, FundRenewalPlan
from models.warranty_deposits import WarrantyDeposit

OF_THE_ACCOUNT = (FundIncome, FundDistribution, FundPoolUse)
KNOWN = (FundDemand, FundReceipt, FundRefund, FundRenewalPlan, FundRenewalLine, WarrantyDeposit, *OF_THE_ACCOUNT)


def own(places: Any, actor: Actor, grant: Grant, row: Any) -> bool | None:
    """A bank: what comes to the accounts that its system keeps. Owners: their unit's, and nothing of the building's or the
    area's own accounts. Committees: income at accounts where their money lies. ``None`` for others, whose place decides."""
    match grant.role:
        case Role.COMMITTEE if isinstance(row, OF_THE_ACCOUNT):
            held = [each for each in places.world.rows[Custody] if each.bank_account_id == row.bank_account_id]
            return any(each.area_id == grant.area_id for each in held)
        case Role.BANK:
            return any(_kept(places, actor, row, account_id) for account_id in _accounts(places, row))
        case Role.OWNER if isinstance(row, OF_THE_ACCOUNT):
            return False
        case Role.OWNER if isinstance(row, FundRenewalPlan | WarrantyDeposit):
            return bool(places.one(Unit, row.county, grant.unit_id).area_id == row.area_id)
        case Role.OWNER:
            return bool(row.unit_id is not None and row.unit_id == grant.unit_id)
    return None


def _accounts(places: Any, row: Any) -> set[Any]:
    if not isinstance(row, FundDemand):
        return {row.bank_account_id}
    return {
        custody.bank_account_id
        for custody in places.world.rows[Custody]
        if custody.valid_to is None
        and (custody.area_id == row.area_id if row.area_id else custody.building_id == row.building_id)
    }


def _kept(places: Any, actor: Actor, row: Any, account_id: Any) -> bool:
    account = places.one(BankAccount, row.county, account_id)
    scopes = {scope for grant in actor.grants for scope in grant.scopes if grant.county == row.county}
    return bool(account.client_id == actor.client_id and "funds:custody" in scopes)
