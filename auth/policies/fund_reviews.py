"""Who sees requests for review: the unit's owners and the bureau that answers. It is no neighbour's affair."""

from auth.policies.fees import of_own_unit
from auth.visibility import policy, whole_county
from domain.roles import Role
from models.fund_reviews import FundReview

policy(FundReview, {Role.OWNER: of_own_unit, Role.BUREAU: whole_county})
