"""How claims to units and partners' agreements stand to grants (the judgement behind their matrix)."""

from typing import Any

from auth.actor import Actor, Grant
from domain.roles import PARTNERS, Role
from models.agreements import PartnerAgreement
from models.claims import UnitClaim

KNOWN = (PartnerAgreement, UnitClaim)


def own(_places: Any, actor: Actor, grant: Grant, row: Any) -> bool | None:
    """Whether a row is the grant's own; ``None`` where its place decides."""
    if isinstance(row, PartnerAgreement):
        return bool(row.client_id == actor.client_id) if grant.role in PARTNERS else None
    if grant.role in (Role.APPLICANT, Role.OWNER):
        at_home = grant.unit_id is not None and row.unit_id == grant.unit_id and row.state != "OPENED"
        return at_home or bool(row.applicant_id == actor.account_id)
    return None
