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
        # At home, while somebody else's claim may be contested; then what came of the own contest.
        disputed = row.unit_id == grant.unit_id and row.state in ("SUBMITTED", "BOUND", "CONTESTED")
        mine = actor.account_id in (row.applicant_id, row.contested_by if grant.role is Role.OWNER else None)
        return mine or (grant.unit_id is not None and disputed)
    return None
