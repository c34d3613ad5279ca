"""Who acts for the owners of an area: committees, property management committees, a self-management group."""

from datetime import timedelta
from typing import Any

from app.demo import people
from app.demo.scene import Scene, Site
from domain.committees import BodyKind, MemberPost, last_day_of_term
from domain.roles import Role
from resolvers import committees
from resolvers.committees import MemberDraft

_SEATS = {BodyKind.COMMITTEE: 3, BodyKind.PMC: 7, BodyKind.SELF_MANAGEMENT_GROUP: 5}
_WORDS = {
    BodyKind.COMMITTEE: "业主委员会",
    BodyKind.PMC: "物业管理委员会",
    BodyKind.SELF_MANAGEMENT_GROUP: "物业自管小组",
}


async def body(scene: Scene, site: Site) -> None:
    """The body in office of an area, as the street attests it from its papers; its chair signs in."""
    kind = BodyKind(site.plan.body or "")
    ago = scene.beginning - 20
    began = scene.day(ago + 60)
    years = 3 if kind is not BodyKind.COMMITTEE else 5
    main = site.plan.key == "main"
    async with scene.sessions.begin() as session:
        heads = [(people.name(scene), people.phone(scene)) for _ in range(2)]
        logins = ("committee" if main else None, None)
        accounts = [
            await people.open_account(scene, session, shown, login=login, number=number)
            for (shown, number), login in zip(heads, logins, strict=True)
        ]
    prepared: dict[str, Any] = {
        "commitment_signed_on": began - timedelta(days=10),
        "trained_on": began - timedelta(days=5),
    }
    posts = [MemberPost.CHAIR, MemberPost.VICE_CHAIR] + [MemberPost.MEMBER] * (_SEATS[kind] - 2)
    members = [
        MemberDraft(
            name=heads[place][0] if place < len(heads) else people.name(scene),
            post=post,
            phone=heads[place][1] if place < len(heads) else None,
            **prepared,
        )
        for place, post in enumerate(posts)
    ]
    filed = kind is not BodyKind.SELF_MANAGEMENT_GROUP and site.plan.contract != "DRAFT"
    await scene.do(
        scene.office(Role.TOWNSHIP, site.plan.township),
        scene.at(ago),
        committees.attest,
        area_id=site.area_id,
        kind=kind,
        name=f"{site.plan.name}{_WORDS[kind]}",
        term_from=began,
        term_to=last_day_of_term(began, years),
        basis="备案材料（演示）",
        filing_number=f"演示备{scene.serial():04}" if filed else None,
        filed_on=scene.day(ago + 5) if filed else None,
        model_text_declared=True,
        commitment_signed=True,
        members=members,
    )
    site.chair_id, site.vice_id = accounts
