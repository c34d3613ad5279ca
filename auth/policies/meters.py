"""Who sees meters and shared costs: a unit's people its own meter and its own part, everybody of the area what is public."""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from auth.policies.fees import OF_A_COMPANY, led_by_actor, of_own_unit
from auth.policies.places import in_own_areas, of_own_community, of_own_company, of_own_home, of_own_township
from auth.visibility import Rule, Scope, Via, policy, whole_county
from domain.roles import RESIDENTS, Role
from models.meters import Meter, MeterReading, SharedCost, SharedCostPart

_SERVING: dict[Role, Rule] = {**dict.fromkeys(OF_A_COMPANY, of_own_company), Role.PROJECT_LEADER: led_by_actor}
_OFFICES: dict[Role, Rule] = {
    Role.COMMUNITY: of_own_community,
    Role.TOWNSHIP: of_own_township,
    Role.BUREAU: whole_county,
}


def _own_or_common(meter: Any, scope: Scope) -> ColumnElement[bool]:
    """What a neighbour uses is the neighbour's affair; what all use is everybody's."""
    return or_(of_own_unit(meter, scope), and_(meter.unit_id.is_(None), of_own_home(meter, scope)))


def _common(meter: Any, scope: Scope) -> ColumnElement[bool]:
    return and_(meter.unit_id.is_(None), in_own_areas(meter, scope))


policy(Meter, {**dict.fromkeys(RESIDENTS, _own_or_common), Role.COMMITTEE: _common, **_SERVING, **_OFFICES})

_READERS = (*RESIDENTS, Role.COMMITTEE, *_SERVING, *_OFFICES)
policy(MeterReading, dict.fromkeys(_READERS, Via("meter_id", Meter)))

policy(SharedCost, {**dict.fromkeys(RESIDENTS, of_own_home), Role.COMMITTEE: in_own_areas, **_SERVING, **_OFFICES})
_OF_THE_COST: dict[Role, Rule] = dict.fromkeys(_READERS, Via("cost_id", SharedCost))
policy(SharedCostPart, {**_OF_THE_COST, **dict.fromkeys(RESIDENTS, of_own_unit)})
