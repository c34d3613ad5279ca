"""Who sees partners' agreements: the bureau, and the partner its own."""

from auth.visibility import policy, whole_county
from domain.roles import PARTNERS, Role
from models.agreements import PartnerAgreement

policy(
    PartnerAgreement,
    {
        Role.BUREAU: whole_county,
        **{role: lambda agreement, scope: agreement.client_id == scope.any("clients") for role in PARTNERS},
    },
)
