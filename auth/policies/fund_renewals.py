"""Who sees renewal plans: the area's owners, who decide on them, its committee, the offices of the place. Of the units an
owner sees the own one: what a neighbour has in the fund is the neighbour's."""

from auth.policies.fees import of_own_unit
from auth.policies.places import in_own_areas, of_own_community, of_own_home, of_own_township
from auth.visibility import Via, policy, whole_county
from domain.roles import Role
from models.fund_renewals import FundRenewalLine, FundRenewalPlan

policy(
    FundRenewalPlan,
    {
        Role.OWNER: of_own_home,
        Role.COMMITTEE: in_own_areas,
        Role.COMMUNITY: of_own_community,
        Role.TOWNSHIP: of_own_township,
        Role.BUREAU: whole_county,
    },
)
policy(
    FundRenewalLine,
    {
        Role.OWNER: of_own_unit,
        **dict.fromkeys((Role.COMMITTEE, Role.COMMUNITY, Role.TOWNSHIP, Role.BUREAU), Via("plan_id", FundRenewalPlan)),
    },
)
