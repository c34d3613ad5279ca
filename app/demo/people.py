"""The people of a demo county: made-up names, numbers and phones, the accounts of the logins, the offices, the partners."""

import uuid
from datetime import date, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.demo.scene import Scene
from auth.grants import Reach, Source, open_grant
from auth.oauth.clients import new_secret, register_client
from auth.policies.contracts import FILINGS_PUBLIC
from auth.policies.dunning import SUITS_HANDLE
from auth.policies.fees import FEES_COLLECT
from domain.agreements import AgreementState, PartnerScope
from domain.estates import IdentityDocument
from domain.identifiers import make_id_number, make_phone
from domain.officials import PostingDuty, PostingState, powers
from domain.roles import Role
from models.accounts import Account
from models.agreements import PartnerAgreement
from models.base import new_id
from models.officials import Official
from models.sealed import Kind, seal_into
from resolvers.divisions import packaged_divisions
from resolvers.unit_of_work import set_fuse

_FAMILY = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史"
    "顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_GIVEN = (
    "建国", "建军", "志强", "秀英", "桂兰", "海燕", "丽华", "晓东", "文博", "思远",
    "雨桐", "子涵", "宇轩", "欣怡", "浩然", "国栋", "玉梅", "春燕", "立新", "永康",
    "佳慧", "明哲", "静怡", "红霞", "卫东", "淑芬", "俊杰", "晨曦", "美玲", "长青",
    "凤兰", "振华", "瑞雪", "少云", "彩云", "德明", "金凤", "世杰", "若曦", "嘉宁",
    "启航", "雅琴", "正平", "月华", "宏伟",
)  # fmt: skip

BOTH_NAME = "韩一鸣"
BOTH_PHONE = make_phone(90_000_000)
"""Who lives in one county and works for a company in another: the phone is how both registers find one account."""

_PHONES_PER_COUNTY = 1_000_000
_LOGIN_ROLES = {
    Role.BUREAU: "bureau",
    Role.PRICE: "price",
    Role.MARKET: "market",
    Role.TOWNSHIP: "township",
    Role.COMMUNITY: "community",
    Role.BANK: "bank",
    Role.COURT: "court",
}


def login_of(county: str, role: Role) -> str:
    """The login of an office or partner."""
    return f"{county}-{_LOGIN_ROLES[role]}"


def name(scene: Scene) -> str:
    """A made-up person's name."""
    return scene.chance.choice(_FAMILY) + scene.chance.choice(_GIVEN)


def phone(scene: Scene) -> str:
    """A phone that nobody else of the demo has."""
    return make_phone(scene.county.number * _PHONES_PER_COUNTY + scene.serial())


def person(
    scene: Scene, *, born: date | None = None, given: str | None = None, number: str | None = None
) -> dict[str, Any]:
    """A person with an identity card and a phone (``resolvers.people.PersonData``)."""
    serial = scene.serial()
    day = born or date(1950 + serial * 7 % 49, 1 + serial % 12, 1 + serial % 28)
    return {
        "name": given or name(scene),
        "document_kind": IdentityDocument.ID_CARD,
        "document_number": make_id_number(serial % 1000, day),
        "phone": number or phone(scene),
    }


async def open_account(
    scene: Scene, session: AsyncSession, shown: str, *, login: str | None = None, number: str | None = None
) -> uuid.UUID:
    """An account that can sign in: no command opens one with a login, since only the demo has logins."""
    account = Account(id=new_id(), display_name=shown, login=login and f"{scene.county.code}-{login}")
    seal_into(account, "phone", number or phone(scene), Kind.PHONE, scene.vault)
    session.add(account)
    await session.flush()  # grants lock its row
    if login:
        scene.logins[login] = account.id
    return account.id


async def offices(scene: Scene) -> None:
    """The county's offices with their officials; those of the home township and community have logins."""
    county = scene.county
    async with scene.sessions.begin() as session:
        await set_fuse(session, {county.code})
        for role, office in (
            (Role.BUREAU, county.bureau),
            (Role.PRICE, f"{county.name}发展和改革局"),
            (Role.MARKET, f"{county.name}市场监督管理局"),
        ):
            await _official(scene, session, role, office, county.code, login=_LOGIN_ROLES[role])
        await _official(scene, session, Role.BUREAU, county.bureau, county.code)
        names = {line.code: line.name for line in packaged_divisions()}
        for place in sorted({estate.place for estate in county.estates} | {county.home}):
            if (Role.TOWNSHIP, place[:9]) not in scene.offices:
                home = place[:9] == county.township
                office = county.street if home else f"{names[place[:9]]}办事处"
                login = "township" if home else None
                await _official(scene, session, Role.TOWNSHIP, office, place[:9], login=login)
                if home:
                    await _official(scene, session, Role.TOWNSHIP, office, place[:9])
            home = place == county.home
            office = county.committee_office if home else names[place]
            await _official(scene, session, Role.COMMUNITY, office, place, login="community" if home else None)


async def _official(
    scene: Scene, session: AsyncSession, role: Role, office: str, place: str, *, login: str | None = None
) -> None:
    """An official of an office; the second one becomes the first one's colleague.

    The bureau's first one approves, too, its second one pays, and both of its administrators can confirm what the other
    proposes.
    """
    shown = name(scene)
    account_id = await open_account(scene, session, shown, login=login)
    known = scene.colleagues if (role, place) in scene.offices else scene.offices
    first = known is scene.offices
    known[role, place] = account_id
    duties = [PostingDuty.ADMINISTRATOR if first or role is Role.BUREAU else PostingDuty.OFFICER]
    if role is Role.BUREAU:
        duties.append(PostingDuty.APPROVER if first else PostingDuty.CASHIER)
    township = place[:9] if len(place) >= 9 else None
    community = place if len(place) == 12 else None
    since = scene.day(scene.beginning + 30)
    for duty in duties:
        posting = Official(
            county=scene.county.code,
            id=new_id(),
            account_id=account_id,
            name=shown,
            role=role.value,
            duty=duty.value,
            office=office,
            township=township,
            community=community,
            state=PostingState.IN_POST.value,
            valid_from=since,
            basis="任职文件（演示）",
        )
        session.add(posting)
        await open_grant(
            session,
            role,
            scene.county.code,
            Source("official", posting.id),
            account_id=account_id,
            reach=Reach(office=office, township=township, community=community),
            scopes=powers(role, duty),
            valid_from=since,
        )


async def partners(scene: Scene) -> None:
    """The bank that collects fees and the court that asks for filings: systems, whose login is their client id."""
    county = scene.county
    async with scene.sessions.begin() as session:
        await set_fuse(session, {county.code})
        for role, shown, scopes, purpose, basis in (
            (
                Role.BANK,
                f"演示银行{county.name}支行（虚构）",
                (FEES_COLLECT, FILINGS_PUBLIC, PartnerScope.FUNDS_CUSTODY),
                "物业费代收、维修资金专户管理",
                "代收及专户管理协议（演示）",
            ),
            (
                Role.COURT,
                f"{county.name}人民法院（演示）",
                (FILINGS_PUBLIC, SUITS_HANDLE),
                "审判、执行查询",
                "民事诉讼法（演示）",
            ),
        ):
            client_id = login_of(county.code, role)
            register_client(
                session,
                client_id,
                shown,
                counties=(county.code,),
                scopes=scopes,
                purpose=purpose,
                legal_basis=basis,
                secret=new_secret(),
            )
            since = scene.day(scene.beginning + 30)
            agreement = PartnerAgreement(
                county=county.code,
                id=new_id(),
                client_id=client_id,
                name=shown,
                role=role.value,
                scopes=sorted(scopes),
                purpose=purpose,
                legal_basis=basis,
                state=AgreementState.ACTIVE.value,
                valid_from=since,
                valid_to=scene.day(-365),
            )
            await session.flush()  # the agreement and the grant refer to it
            session.add(agreement)
            await open_grant(
                session,
                role,
                county.code,
                Source("partner_agreement", agreement.id),
                client_id=client_id,
                reach=Reach(office=shown),
                scopes=scopes,
                valid_from=since,
                valid_to=agreement.valid_to,
            )


def child_born(scene: Scene) -> date:
    """The birthday of somebody who is ten years old."""
    return scene.today - timedelta(days=3700)
