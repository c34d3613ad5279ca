"""The application itself in a process of its own, on a database with one small county, and a token of its bureau."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey, KeySet
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.database import command_engine
from app.settings import load
from auth.oauth.clients import new_secret, register_client
from auth.oauth.grants import ONE_TIME_CODE
from auth.tokens import issue_token
from domain.roles import Role
from models.accounts import Account, ClientAuthMethod
from models.base import new_id
from models.sealed import Kind, Vault, seal_into
from tests.conformance.tools import serving
from tests.database import Database
from tests.stage import Stage
from tests.world import World

COUNTY = "370303"
ESTATES = 25


@dataclass(frozen=True)
class Deployment:
    """A running server and the token of an official who sees its county."""

    url: str
    token: str
    oidc: dict[str, Any]
    """Clients and people of the authorization server, for the driver ``k-openid-client``."""


async def settle(database: Database, folder: Path) -> tuple[str, dict[str, Any]]:
    """Estates enough for three pages, made by commands; a token of the bureau; the authorization server's clients."""
    engine = command_engine(database.url)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    stage = await Stage.build(sessions, COUNTY)
    official = await stage.actor(Role.BUREAU)
    for number in range(ESTATES):
        await stage.place(name=f"测试花园{number}号（演示）", bureau=official)
    bureau = await World(sessions, COUNTY).bureau()
    async with sessions.begin() as session:
        token = await issue_token(session, lifetime=timedelta(days=1), account_id=bureau.account_id)
        oidc = register(session, load(data=folder).keys.vault())
    await engine.dispose()
    return token.value, {**oidc, "log": str(folder / "server.log")}


def register(session: AsyncSession, vault: Vault) -> dict[str, Any]:
    """An app of others, the county's own, two partners, and two people with phones."""
    redirect_uri = "https://app.example.com/back"
    phones = [f"1380000000{number}" for number in range(1, 5)]
    for phone in phones:
        account = Account(id=new_id(), display_name="王小明")
        seal_into(account, "phone", phone, Kind.PHONE, vault)
        session.add(account)
    secret, key = new_secret(), ECKey.generate_key("P-256", parameters={"kid": "2026-1"})
    agreed = {"counties": [], "purpose": "演示", "legal_basis": "演示"}
    personal = {
        "scopes": ["api", "openid", "profile"],
        "grant_types": ["authorization_code", "refresh_token", ONE_TIME_CODE],
        "redirect_uris": [redirect_uri],
    }
    register_client(session, "web", "演示网站", secret=secret, **agreed, **personal)
    public = ClientAuthMethod.NONE
    register_client(session, "app", "安居", auth_method=public, first_party=True, **agreed, **personal)
    register_client(session, "bank", "演示银行", scopes=["fees:collect"], secret=secret, **agreed)
    register_client(
        session,
        "court",
        "演示法院",
        scopes=["filings:public"],
        auth_method=ClientAuthMethod.PRIVATE_KEY_JWT,
        jwks=dict(KeySet([key]).as_dict(private=False)),
        **agreed,
    )
    return {
        "redirectUri": redirect_uri,
        "phones": phones,
        "web": {"id": "web", "secret": secret},
        "app": {"id": "app"},
        "partner": {"id": "court", "jwk": key.as_dict(private=True)},
        "partnerBasic": {"id": "bank", "secret": secret},
    }


@contextmanager
def deployed(database: Database, token: str, oidc: dict[str, Any], folder: Path) -> Iterator[Deployment]:
    """The application on this database, as ``anju serve`` starts it (without worker and demo)."""
    environment = {"DATABASE_URL": database.url, "ANJU_DATA": str(folder), "ANJU_ENVIRONMENT": "development"}
    with serving("app.serve:application", environment, folder / "server.log") as server:
        yield Deployment(server.url, token, oidc)
