"""Who sees payment instructions: the bank whose account pays, the bureau, the offices of the place, the area's committee."""

from auth.policies.places import in_own_areas, of_own_community, of_own_township
from auth.visibility import Via, policy, whole_county
from domain.roles import Role
from models.custody import BankAccount
from models.payment_instructions import PaymentInstruction

policy(
    PaymentInstruction,
    {
        Role.BANK: Via("bank_account_id", BankAccount),
        Role.COMMITTEE: in_own_areas,
        Role.COMMUNITY: of_own_community,
        Role.TOWNSHIP: of_own_township,
        Role.BUREAU: whole_county,
    },
)
