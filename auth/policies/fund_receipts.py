"""Who sees deposits that came in: the bank its accounts', owners their unit's, committees their areas', the bureau all."""

from auth.policies.fees import of_own_unit
from auth.policies.places import in_own_areas
from auth.visibility import Via, policy, whole_county
from domain.roles import Role
from models.custody import BankAccount
from models.fund_receipts import FundReceipt

policy(
    FundReceipt,
    {
        Role.OWNER: of_own_unit,
        Role.COMMITTEE: in_own_areas,
        Role.BUREAU: whole_county,
        Role.BANK: Via("bank_account_id", BankAccount),
    },
)
