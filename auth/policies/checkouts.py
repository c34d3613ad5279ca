"""Who sees payments on their way: the unit's people and the company; merchant numbers the company and the bureau."""

from auth.policies.fees import OF_A_COMPANY, led_by_actor, of_own_unit
from auth.policies.places import of_own_company
from auth.visibility import Via, policy, whole_county
from domain.roles import RESIDENTS, Role
from models.checkouts import Checkout, CheckoutBill, PayMerchant

policy(PayMerchant, {**dict.fromkeys(OF_A_COMPANY, of_own_company), Role.BUREAU: whole_county})

policy(
    Checkout,
    {
        **dict.fromkeys(RESIDENTS, of_own_unit),
        **dict.fromkeys(OF_A_COMPANY, of_own_company),
        Role.PROJECT_LEADER: led_by_actor,
        Role.BUREAU: whole_county,
    },
)

_READERS = (*RESIDENTS, *OF_A_COMPANY, Role.PROJECT_LEADER, Role.BUREAU)
policy(CheckoutBill, dict.fromkeys(_READERS, Via("checkout_id", Checkout)))
