"""Who sees the bodies of owners and their members: the area's people, the company that serves it, the offices."""

from auth.policies.places import in_own_areas, in_served_area, of_own_community, of_own_home, of_own_township
from auth.visibility import Via, policy, whole_county
from domain.roles import RESIDENTS, Role
from models.committees import Committee, CommitteeMember

_SEES_BODIES = (
    *RESIDENTS,
    Role.COMMITTEE,
    Role.COMPANY_ADMIN,
    Role.PROJECT_LEADER,
    Role.COMPANY_STAFF,
    Role.COMMUNITY,
    Role.TOWNSHIP,
    Role.BUREAU,
)

policy(
    Committee,
    {
        **dict.fromkeys(RESIDENTS, of_own_home),
        Role.COMMITTEE: in_own_areas,
        Role.PROJECT_LEADER: in_own_areas,
        Role.COMPANY_ADMIN: in_served_area,
        Role.COMPANY_STAFF: in_served_area,
        Role.COMMUNITY: of_own_community,
        Role.TOWNSHIP: of_own_township,
        Role.BUREAU: whole_county,
    },
)

policy(CommitteeMember, {role: Via("committee_id", Committee) for role in _SEES_BODIES})
