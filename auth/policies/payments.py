"""Who sees payments: the unit's people, the company that was paid, offices, and the bank those it recorded itself.

A payment names who paid; a committee sees that a bill is settled and no payment.
"""

from typing import Any

from sqlalchemy import ColumnElement

from auth.policies.fees import OF_A_COMPANY, led_by_actor, of_own_unit
from auth.policies.places import of_own_community, of_own_company, of_own_township
from auth.visibility import Scope, Via, policy, whole_county
from domain.roles import RESIDENTS, Role
from models.payments import Allocation, Payment


def _recorded_itself(payment: Any, scope: Scope) -> ColumnElement[bool]:
    return payment.recorded_by_client == scope.any("clients")  # type: ignore[no-any-return]


policy(
    Payment,
    {
        **dict.fromkeys(RESIDENTS, of_own_unit),
        **dict.fromkeys(OF_A_COMPANY, of_own_company),
        Role.PROJECT_LEADER: led_by_actor,
        Role.COMMUNITY: of_own_community,
        Role.TOWNSHIP: of_own_township,
        Role.BUREAU: whole_county,
        Role.BANK: _recorded_itself,
    },
)

_READERS = (
    *RESIDENTS,
    *OF_A_COMPANY,
    Role.PROJECT_LEADER,
    Role.COMMUNITY,
    Role.TOWNSHIP,
    Role.BUREAU,
    Role.BANK,
)
policy(Allocation, dict.fromkeys(_READERS, Via("payment_id", Payment)))
