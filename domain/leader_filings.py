"""The filing of project leaders (项目负责人备案, SM-2): the street files whom a company appointed to a project (SL-8, SL-10)."""

from domain.companies import CAN_SERVE, MAX_PROJECTS_PER_LEADER
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.periods import Facts
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.simple_filings import Matter, simple_filing


def firm_filed(profile: Profile, facts: Facts) -> Refusal | None:
    """The company itself is filed in this county (SM-2)."""
    return None if facts["company_state"] in CAN_SERVE else Refusal(ErrorCode.FIRM_NOT_FILED, "projectLeaderId")


def in_post(profile: Profile, facts: Facts) -> Refusal | None:
    """The leader is in the post still: nobody is filed who has left it."""
    if facts["in_post"]:
        return None
    return Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "projectLeaderId", action="FILE", state="ENDED")


def few_projects(profile: Profile, facts: Facts) -> Refusal | None:
    """One person leads no more projects at a time than allowed (SM-2)."""
    if facts["projects_led"] <= MAX_PROJECTS_PER_LEADER:
        return None
    return Refusal(ErrorCode.OUT_OF_RANGE, "projectLeaderId", most=MAX_PROJECTS_PER_LEADER)


LEADER_FILING = simple_filing(
    Matter(
        id="leader_filing",
        title="Project-leader filing (项目负责人备案)",
        prefix="leader",
        basis=("SL-8", "SL-10", "COM-20"),
        opened_by=(Role.COMPANY_ADMIN,),
        documents=(DocumentKind.MANAGER_CERTIFICATE, DocumentKind.APPOINTMENT),
        guards={"firm_filed": firm_filed, "in_post": in_post, "few_projects": few_projects},
        facts={
            "company_state": "CompanyState of the company in this county",
            "in_post": "bool: the leader holds the post",
            "projects_led": "int: how many projects the person leads, this one included",
        },
    )
)
