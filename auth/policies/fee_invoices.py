"""Who sees electronic invoices: the unit's people, the company, the bureau."""

from auth.policies.fees import OF_A_COMPANY, led_by_actor, of_own_unit
from auth.policies.places import of_own_company
from auth.visibility import policy, whole_county
from domain.roles import RESIDENTS, Role
from models.fee_invoices import FeeInvoice

policy(
    FeeInvoice,
    {
        **dict.fromkeys(RESIDENTS, of_own_unit),
        **dict.fromkeys(OF_A_COMPANY, of_own_company),
        Role.PROJECT_LEADER: led_by_actor,
        Role.BUREAU: whole_county,
    },
)
