"""The matrix's conditions on dunning and suits."""

from collections.abc import Callable, Mapping
from typing import Any

from auth.actor import Actor, Grant
from domain.roles import Role
from models.dunning import DunningCase, DunningClaim, DunningRecord, Instalment
from models.suits import SuitBatch, SuitEvidence, SuitLine, SuitPack, SuitParty

KNOWN = (DunningCase, SuitBatch, SuitPack)
_PARTS: tuple[type[Any], ...] = (DunningClaim, DunningRecord, Instalment, SuitLine, SuitParty, SuitEvidence)
PARENTS: Mapping[type[Any], tuple[str, type[Any]]] = dict.fromkeys(_PARTS, ("case_id", DunningCase))
BEFORE_COURT = (
    "REMINDED",
    "NOTICE1",
    "DEMAND_SERVED",
    "COMMITTEE_URGED",
    "MEDIATING",
    "SETTLED",
    "PLAN_BROKEN",
    "READY",
)
NEVER_AT_COURT = ("PAID", "DROPPED")


def own(places: Any, actor: Actor, grant: Grant, row: Any) -> bool | None:
    """Companies: what is owed to them. A court: what was referred to its own client under its scope."""
    if isinstance(row, SuitPack):
        return _asked_for(places, actor, grant, row)
    match grant.role:
        case Role.COURT:
            mine = row.court_client_id is not None and row.court_client_id == actor.client_id
            return mine and "suits:handle" in grant.scopes
        case Role.COMPANY_ADMIN | Role.COMPANY_STAFF:
            return bool(row.company_id == grant.company_id)
        case Role.PROJECT_LEADER:
            return bool(row.company_id == grant.company_id and row.area_id == grant.area_id)
    return None


def _asked_for(places: Any, actor: Actor, grant: Grant, pack: SuitPack) -> bool:
    """A pack is its asker's, a court's while all of its cases are before that court."""
    if grant.role is not Role.COURT:
        reach = grant.area_id is None or pack.area_id == grant.area_id
        return pack.requested_by == actor.account_id is not None and pack.company_id == grant.company_id and reach
    cases = [case for case in places.world.rows.get(DunningCase, []) if case.id in pack.case_ids]
    before = [own(places, actor, grant, case) and CONDITIONS["referred_suit"](places, case) for case in cases]
    return pack.client_id == actor.client_id and "suits:handle" in grant.scopes and all(before)


# ``own`` judges whose it is.
CONDITIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "referred_suit": lambda _places, row: getattr(row, "state", "") not in (*BEFORE_COURT, *NEVER_AT_COURT),
}
