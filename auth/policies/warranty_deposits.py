"""Who reads warranty deposits: the area whose they are for, the offices of the place, the bank that keeps the money (FUND-32)."""

from auth.policies.places import in_own_areas, in_served_area, of_own_community, of_own_home, of_own_township
from auth.visibility import Rule, Via, policy, whole_county
from domain.roles import Role
from models.custody import BankAccount
from models.warranty_deposits import WarrantyDeposit, WarrantyObjection, WarrantyPayout

_OF_THE_AREA: dict[Role, Rule] = {
    Role.OWNER: of_own_home,
    Role.COMMITTEE: in_own_areas,
    Role.COMMUNITY: of_own_community,
    Role.TOWNSHIP: of_own_township,
    Role.BUREAU: whole_county,
}
_OF_WHO_SERVES_IT: dict[Role, Rule] = {
    Role.PROJECT_LEADER: in_own_areas,
    Role.COMPANY_ADMIN: in_served_area,
    Role.COMPANY_STAFF: in_served_area,
}

policy(
    WarrantyDeposit,
    {**_OF_THE_AREA, **_OF_WHO_SERVES_IT, Role.BANK: Via("bank_account_id", BankAccount)},
)
policy(WarrantyPayout, {**_OF_THE_AREA, **_OF_WHO_SERVES_IT})
policy(WarrantyObjection, _OF_THE_AREA)
