"""Ordinary fund requests in every state (SM-6), from the draft to the bureau's approval."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.demo.scene import Scene, Site
from domain.documents import DocumentKind
from domain.errors import ErrorCode
from domain.funds import FundScope, FundState
from domain.roles import Role
from models.funds import FundRequest
from resolvers import fund_votes, funds

_S = FundState
_WORKS = (
    ("屋面防水翻修", "屋面防水层老化渗漏，重做防水（演示）。"),
    ("外墙保温修补", "外墙保温层空鼓，局部修补（演示）。"),
    ("电梯钢丝绳更换", "曳引钢丝绳达到报废标准，更换（演示）。"),
    ("消防水泵更换", "消防水泵故障，更换两台（演示）。"),
    ("小区道路修复", "主干道路面破损，修复（演示）。"),
    ("楼道照明改造", "楼道照明线路老化，改造（演示）。"),
    ("监控系统更新", "监控设备超过使用年限，更新（演示）。"),
    ("污水主管疏浚", "污水主管淤堵，清掏疏浚（演示）。"),
)

_STEPS = (
    _S.DRAFT,
    _S.PLAN_POSTED,
    _S.VOTING,
    _S.VOTE_PASSED,
    _S.COMMITTEE_APPROVED,
    _S.COMMUNITY_CHECKED,
    _S.TOWNSHIP_VERIFIED,
    _S.BUREAU_APPROVED,
)
_GAPS = {_S.PLAN_POSTED: 1, _S.VOTING: 10}
"""Days between a step and the one before it, where they are not two."""

_POSTED_DAYS = 8


@dataclass(frozen=True)
class Way:
    """How far a request goes: the last step of the way up, days ago, and what came then."""

    reaches: FundState
    ago: int
    then: str = ""


WAYS = {
    "DRAFT": Way(_S.DRAFT, 2),
    "PLAN_POSTED": Way(_S.PLAN_POSTED, 3),
    "VOTING": Way(_S.VOTING, 9),
    "VOTE_PASSED": Way(_S.VOTE_PASSED, 1),
    "VOTE_PASSED_LATE": Way(_S.VOTE_PASSED, 16),
    "VOTE_FAILED": Way(_S.VOTING, 34, "fail"),
    "COMMITTEE_APPROVED": Way(_S.COMMITTEE_APPROVED, 12),
    "COMMITTEE_APPROVED_NEW": Way(_S.COMMITTEE_APPROVED, 1),
    "COMMUNITY_CHECKED": Way(_S.COMMUNITY_CHECKED, 13),
    "HELD_FOR_SEAL": Way(_S.COMMUNITY_CHECKED, 10, "try_without_seal"),
    "TOWNSHIP_VERIFIED": Way(_S.TOWNSHIP_VERIFIED, 14),
    "BUREAU_APPROVED": Way(_S.BUREAU_APPROVED, 20),
    "RETURNED": Way(_S.COMMITTEE_APPROVED, 4, "return"),
    "RETURNED_TO_COMMITTEE": Way(_S.COMMUNITY_CHECKED, 5, "return"),
    "RETURNED_TO_OWNER": Way(_S.TOWNSHIP_VERIFIED, 3, "return"),
    "LAPSED": Way(_S.COMMITTEE_APPROVED, 50, "return"),
    "REJECTED": Way(_S.TOWNSHIP_VERIFIED, 28, "reject"),
    "CANCELLED": Way(_S.PLAN_POSTED, 26, "cancel"),
}


async def ordinary(scene: Scene, site: Site, word: str) -> FundRequest:
    """One ordinary request of an estate with a committee. Who asks: the company, but where the word says otherwise."""
    way = WAYS[word]
    applicant = _applicant(scene, site, word)
    title, description = _WORKS[scene.serial() % len(_WORKS)]
    if word == "HELD_FOR_SEAL":
        title, description = "外墙渗漏维修（待街道盖章）", "材料齐备、经办人已签字，尚缺街道办事处公章（演示）。"
    when = _calendar(way)
    request: FundRequest = await scene.do(
        applicant,
        scene.at(when[_S.DRAFT]),
        funds.draft,
        estate_id=site.estate_id,
        scope=FundScope.ESTATE,
        title=f"{title}（{site.plan.name.removesuffix('（演示）')}）",
        description=description,
        budget=180_000 + scene.serial() % 40 * 10_000,
        warranty_checked=True,
        warranty_ends_on=scene.day(900),
        contractor="演示工程有限公司（虚构）",
    )
    for step in _STEPS[1 : _STEPS.index(way.reaches) + 1]:
        await _climb(scene, site, request.id, applicant, step, when[step])
    await _then(scene, site, request.id, applicant, way)
    return request


def _applicant(scene: Scene, site: Site, word: str) -> uuid.UUID:
    if word.endswith("TO_COMMITTEE"):
        return site.vice_id or _chair(site)
    return site.resident_id if word.endswith("TO_OWNER") else scene.firms[site.plan.firm or ""].admin_id


def _calendar(way: Way) -> dict[FundState, int]:
    """Days ago of every step up to the one that is reached."""
    when: dict[FundState, int] = {}
    ago = way.ago
    for step in reversed(_STEPS[: _STEPS.index(way.reaches) + 1]):
        when[step] = ago
        ago += _GAPS.get(step, 2)
    return when


def _chair(site: Site) -> uuid.UUID:
    if site.chair_id is None:
        raise ValueError(f"{site.plan.key} has no body in office")
    return site.chair_id


async def _climb(scene: Scene, site: Site, id: uuid.UUID, applicant: uuid.UUID, step: FundState, ago: int) -> None:
    when = scene.at(ago)
    place = site.plan
    if step is _S.PLAN_POSTED:
        papers = (DocumentKind.PLAN, DocumentKind.BUDGET, DocumentKind.POSTING_PROOF)
        posting: dict[str, Any] = {"posted_from": scene.day(ago), "posted_to": scene.day(ago - _POSTED_DAYS)}
        await scene.do(applicant, when, funds.post_plan, *papers, id=id, objection_contact="居委会（演示）", **posting)
    elif step is _S.VOTING:
        await scene.do(_chair(site), when, fund_votes.open_vote, id=id)
    elif step is _S.VOTE_PASSED:
        await _vote(scene, site, id, ago, passed=True)
    elif step is _S.COMMITTEE_APPROVED:
        await scene.do(_chair(site), when, funds.approve, id=id, reason="同意（演示）")
    elif step is _S.COMMUNITY_CHECKED:
        await scene.do(scene.office(Role.COMMUNITY, place.place), when, funds.check, id=id, reason="材料属实（演示）")
    elif step is _S.TOWNSHIP_VERIFIED:
        office = scene.office(Role.TOWNSHIP, place.township)
        await scene.do(office, when, funds.verify, id=id, signed=True, sealed=True, reason="程序合规（演示）")
    else:
        await scene.do(scene.office(Role.BUREAU), when, funds.grant, id=id, reason="同意使用（演示）")


async def _vote(scene: Scene, site: Site, id: uuid.UUID, ago: int, *, passed: bool) -> None:
    area = sum(home.area for home in site.homes)
    heads = len(site.homes)
    figures: dict[str, Any] = {
        "scope_area": area,
        "scope_heads": heads,
        "participating_area": area,
        "participating_heads": heads,
        "for_area": area * 4 // 5 if passed else area // 4,
        "for_heads": heads * 4 // 5 if passed else heads // 4,
    }
    papers = (DocumentKind.OWNERS_RESOLUTION,)
    await scene.do(
        _chair(site), scene.at(ago), fund_votes.record_vote, *papers, id=id, voted_on=scene.day(ago), figures=figures
    )


async def _then(scene: Scene, site: Site, id: uuid.UUID, applicant: uuid.UUID, way: Way) -> None:
    later = scene.at(way.ago, 16)
    if way.then == "fail":
        await _vote(scene, site, id, way.ago - 4, passed=False)
    elif way.then == "return":
        reviewer = {
            _S.COMMITTEE_APPROVED: scene.office(Role.COMMUNITY, site.plan.place),
            _S.COMMUNITY_CHECKED: scene.office(Role.TOWNSHIP, site.plan.township),
            _S.TOWNSHIP_VERIFIED: scene.office(Role.BUREAU),
        }[way.reaches]
        await scene.do(reviewer, later, funds.return_, id=id, reason="预算缺少工程量清单，请补正（演示）")
    elif way.then == "reject":
        await scene.do(scene.office(Role.BUREAU), later, funds.reject, id=id, reason="属于保修范围（演示）")
    elif way.then == "cancel":
        await scene.do(applicant, later, funds.cancel, id=id, reason="改由企业承担（演示）")
    elif way.then == "try_without_seal":
        await _try_without_seal(scene, site, id, later - timedelta(hours=1))


async def _try_without_seal(scene: Scene, site: Site, id: uuid.UUID, when: datetime) -> None:
    """The street signs and has not put its seal: Anju holds the request (ZD-7)."""
    office = scene.office(Role.TOWNSHIP, site.plan.township)
    await scene.refused(ErrorCode.SEAL_REQUIRED, office, when, funds.verify, id=id, signed=True, sealed=False)
