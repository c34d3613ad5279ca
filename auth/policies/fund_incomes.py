"""Who sees the fund's income and how it was shared: the bureau all, banks and committees what is at accounts they see.

An owner's own share is a posting of the own account.
"""

from auth.visibility import Rule, Via, policy, whole_county
from domain.roles import Role
from models.custody import BankAccount
from models.fund_incomes import FundDistribution, FundIncome, FundPoolUse

_AT_THE_ACCOUNT: dict[Role, Rule] = {
    Role.BUREAU: whole_county,
    **dict.fromkeys((Role.BANK, Role.COMMITTEE), Via("bank_account_id", BankAccount)),
}

for _model in (FundIncome, FundDistribution, FundPoolUse):
    policy(_model, _AT_THE_ACCOUNT)
