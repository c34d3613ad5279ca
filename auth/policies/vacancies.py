"""Who sees that a unit is vacant: its own people, the company, offices. Neighbours and committees do not: it invites burglars."""

from auth.policies.fees import OF_A_COMPANY, led_by_actor, of_own_unit
from auth.policies.places import of_own_community, of_own_company, of_own_township
from auth.visibility import policy, whole_county
from domain.roles import RESIDENTS, Role
from models.vacancies import UnitVacancy

policy(
    UnitVacancy,
    {
        **dict.fromkeys(RESIDENTS, of_own_unit),
        **dict.fromkeys(OF_A_COMPANY, of_own_company),
        Role.PROJECT_LEADER: led_by_actor,
        Role.COMMUNITY: of_own_community,
        Role.TOWNSHIP: of_own_township,
        Role.BUREAU: whole_county,
    },
)
