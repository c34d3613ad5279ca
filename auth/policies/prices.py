"""Who sees how prices were raised and what companies tell the payers of advance funds: everybody of the area (FEE-1, FEE-6)."""

from auth.policies.fees import OF_A_COMPANY, led_by_actor
from auth.policies.places import in_own_areas, of_own_community, of_own_company, of_own_home, of_own_township
from auth.visibility import Rule, Via, policy, whole_county
from domain.roles import RESIDENTS, Role
from models.prices import FeeAccount, FeeQuestion, PriceIncrease

_EVERYBODY_THERE: dict[Role, Rule] = {
    **dict.fromkeys(RESIDENTS, of_own_home),
    Role.COMMITTEE: in_own_areas,
    **dict.fromkeys(OF_A_COMPANY, of_own_company),
    Role.PROJECT_LEADER: led_by_actor,
    Role.COMMUNITY: of_own_community,
    Role.TOWNSHIP: of_own_township,
    Role.BUREAU: whole_county,
    Role.PRICE: whole_county,
}

policy(PriceIncrease, _EVERYBODY_THERE)
policy(FeeAccount, _EVERYBODY_THERE)
policy(FeeQuestion, dict.fromkeys(_EVERYBODY_THERE, Via("fee_account_id", FeeAccount)))
