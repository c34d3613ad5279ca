"""Emergency fund requests in every state (SM-7), in the order that the county's profile names."""

import uuid
from typing import Any

from app.demo.funds import Way
from app.demo.scene import Scene, Site
from domain.documents import DocumentKind
from domain.funds import EmergencyCode, EmergencyOrder, FundScope, FundState
from domain.roles import Role
from models.funds import FundRequest
from resolvers import emergency_funds, funds

_S = FundState
_K = DocumentKind
_POST_FIRST = (
    _S.REPORTED,
    _S.SITE_CHECKED,
    _S.APPROVED_DIRECT,
    _S.REPAIRED,
    _S.ACCEPTED,
    _S.POSTED,
    _S.TOWNSHIP_VERIFIED,
    _S.BUREAU_APPROVED,
)
_PAY_FIRST = (_S.REPORTED, _S.SITE_CHECKED, _S.APPROVED_DIRECT, _S.TOWNSHIP_VERIFIED, _S.BUREAU_APPROVED)
_POSTED_DAYS = 6
_SETTLED = 260_000
"""What a repair cost, in fen; invented."""


WAYS = {
    "REPORTED": Way(_S.REPORTED, 1),
    "REPORTED_LATE": Way(_S.REPORTED, 4),
    "REPORTED_BY_OWNER": Way(_S.REPORTED, 1),
    "REPORTED_BY_OFFICE": Way(_S.REPORTED, 1),
    "SITE_CHECKED": Way(_S.SITE_CHECKED, 2),
    "APPROVED_DIRECT": Way(_S.APPROVED_DIRECT, 5),
    "REPAIRED": Way(_S.REPAIRED, 3),
    "ACCEPTED": Way(_S.ACCEPTED, 3),
    "POSTED": Way(_S.POSTED, 12),
    "TOWNSHIP_VERIFIED": Way(_S.TOWNSHIP_VERIFIED, 6),
    "BUREAU_APPROVED": Way(_S.BUREAU_APPROVED, 15),
    "OF_A_BUILDING": Way(_S.BUREAU_APPROVED, 100),
    "NOT_EMERGENCY": Way(_S.SITE_CHECKED, 18, "decline"),
    "RETURNED": Way(_S.TOWNSHIP_VERIFIED, 5, "return"),
    "REJECTED": Way(_S.TOWNSHIP_VERIFIED, 22, "reject"),
    "CANCELLED": Way(_S.REPORTED, 30, "cancel"),
}

_MATTERS = (
    (EmergencyCode.ELEVATOR, "电梯困人抢修", "电梯曳引机故障，停梯困人（演示）。"),
    (EmergencyCode.DRAINAGE_BURST, "排水主管爆裂抢修", "地下排水主管爆裂，污水外溢（演示）。"),
    (EmergencyCode.ROOF_WALL_LEAK, "屋面渗漏抢修", "暴雨后顶层多户渗漏（演示）。"),
    (EmergencyCode.FACADE_FALL, "外墙脱落排险", "外墙饰面砖脱落，危及行人（演示）。"),
)


async def emergency(scene: Scene, site: Site, word: str) -> FundRequest:
    """One emergency of an estate; without a body in office the profile's stand-in takes its part."""
    way = WAYS[word]
    order = _POST_FIRST if scene.profile.emergency_order is EmergencyOrder.POST_FIRST else _PAY_FIRST
    steps = order[: order.index(way.reaches) + 1]
    applicant = _applicant(scene, site, word)
    code, title, description = _MATTERS[0 if "OFFICE" in word else scene.serial() % len(_MATTERS)]
    when = _calendar(steps, way.ago)
    # Yesterday in the afternoon: the check on site is due today.
    reported = scene.at(when[_S.REPORTED], 15)
    request: FundRequest = await scene.do(
        applicant,
        reported,
        emergency_funds.report,
        _K.PHOTO,
        estate_id=site.estate_id,
        emergency_code=code,
        **_scope(site, word),
        title=f"{title}（{site.plan.name.removesuffix('（演示）')}）",
        description=description,
        budget=_SETTLED,
        facility_id=site.facility_id if code is EmergencyCode.ELEVATOR else None,
        warranty_checked=True,
        contractor="演示应急抢修队（虚构）",
    )
    for step in steps[1:]:
        await _climb(scene, site, request.id, applicant, step, when[step])
    office = {
        "decline": _decider(scene, site),
        "return": scene.office(Role.BUREAU),
        "reject": scene.office(Role.BUREAU),
    }
    if way.then == "cancel":
        await scene.do(applicant, scene.at(way.ago - 1), funds.cancel, id=request.id, reason="已由保修单位修复（演示）")
    elif way.then:
        command = {"decline": emergency_funds.decline, "return": funds.return_, "reject": funds.reject}[way.then]
        reason = {
            "decline": "不属于紧急情形（演示）",
            "return": "发票不清晰，请补正（演示）",
            "reject": "属于企业责任（演示）",
        }
        await scene.do(office[way.then], scene.at(way.ago, 17), command, id=request.id, reason=reason[way.then])
    return request


def _calendar(steps: tuple[FundState, ...], ago: int) -> dict[FundState, int]:
    """Days ago of every step: one a day, and before a street verifies what was posted, the posting's days."""
    when: dict[FundState, int] = {}
    for step in reversed(steps):
        when[step] = ago
        ago += _POSTED_DAYS + 2 if step is _S.TOWNSHIP_VERIFIED and _S.POSTED in steps else 1
    return when


def _scope(site: Site, word: str) -> dict[str, Any]:
    if word == "OF_A_BUILDING":
        return {"scope": FundScope.BUILDING, "building_id": site.buildings[0]}
    return {"scope": FundScope.ESTATE}


def _applicant(scene: Scene, site: Site, word: str) -> uuid.UUID:
    if "OFFICE" in word:
        return _stand_in(scene, site)
    if "OWNER" in word:
        return site.resident_id
    return _company(scene, site)


def _company(scene: Scene, site: Site) -> uuid.UUID:
    return scene.firms[site.plan.firm or ""].admin_id


def _stand_in(scene: Scene, site: Site) -> uuid.UUID:
    role = scene.profile.emergency_without_committee
    return scene.office(role, site.plan.township if role is Role.TOWNSHIP else site.plan.place)


def _decider(scene: Scene, site: Site) -> uuid.UUID:
    return site.chair_id or _stand_in(scene, site)


async def _climb(scene: Scene, site: Site, id: uuid.UUID, applicant: uuid.UUID, step: FundState, ago: int) -> None:
    when = scene.at(ago, 10)
    if step is _S.SITE_CHECKED:
        third = site.chair_id or scene.office(Role.COMMUNITY, site.plan.place)
        for who, note in ((site.resident_id, "现场属实"), (third, "情况属实"), (_company(scene, site), "已设警戒")):
            await scene.do(who, when, emergency_funds.check_site, id=id, is_emergency=True, note=f"{note}（演示）")
    elif step is _S.APPROVED_DIRECT:
        papers: tuple[DocumentKind, ...] = (
            () if scene.profile.emergency_order is EmergencyOrder.POST_FIRST else (_K.PLAN, _K.BUDGET)
        )
        await scene.do(_decider(scene, site), when, funds.approve, *papers, id=id)
    elif step is _S.REPAIRED:
        repaired: dict[str, Any] = {"repaired_on": scene.day(ago), "settled_cost": _SETTLED - 10_000}
        await scene.do(applicant, when, emergency_funds.record_repair, _K.INVOICE, id=id, **repaired)
    elif step is _S.ACCEPTED:
        await scene.do(site.resident_id, when, emergency_funds.accept, _K.ACCEPTANCE, id=id, note="恢复正常（演示）")
        await scene.do(_decider(scene, site), when, emergency_funds.accept, id=id)
    elif step is _S.POSTED:
        papers = (_K.SETTLEMENT, _K.APPORTIONMENT, _K.POSTING_PROOF)
        posting: dict[str, Any] = {"posted_from": scene.day(ago), "posted_to": scene.day(ago - _POSTED_DAYS)}
        await scene.do(
            applicant, when, emergency_funds.post, *papers, id=id, objection_contact="居委会（演示）", **posting
        )
    elif step is _S.TOWNSHIP_VERIFIED:
        office = scene.office(Role.TOWNSHIP, site.plan.township)
        await scene.do(office, when, funds.verify, id=id, signed=True, sealed=True, reason="核实无误（演示）")
    else:
        await scene.do(scene.office(Role.BUREAU), when, funds.grant, id=id)
