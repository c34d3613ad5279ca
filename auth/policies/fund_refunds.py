"""Who sees refunds: the unit's owner, the area's committee, the bureau. The bank sees the instruction."""

from auth.policies.fees import of_own_unit
from auth.policies.places import in_own_areas
from auth.visibility import policy, whole_county
from domain.roles import Role
from models.fund_refunds import FundRefund

policy(FundRefund, {Role.OWNER: of_own_unit, Role.COMMITTEE: in_own_areas, Role.BUREAU: whole_county})
