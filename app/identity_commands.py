"""``anju keys``, ``anju clients`` and ``anju official``: what an operator does about who may enter."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from typer import Argument, Option

if TYPE_CHECKING:
    from app.settings import Settings

keys = typer.Typer(no_args_is_help=True, help="Keys that sign tokens (签名密钥), and those that seal personal data.")
clients = typer.Typer(no_args_is_help=True, help="Apps and partners' systems (客户端).")
official = typer.Typer(no_args_is_help=True, help="Officials (任职人员).")

T = TypeVar("T")


@keys.command()
def rotate() -> None:
    """Sign tokens with a fresh key from now on. The old one stays published until its tokens have expired.

    Example:

        anju keys rotate
    """
    from app.asgi import lifetimes
    from app.database import opened
    from app.settings import load
    from auth.oauth import keys as signing

    with opened(load()) as settings:
        vault, longest = settings.keys.vault(), lifetimes(settings).longest_signed
        kid = in_transaction(settings, lambda session: signing.rotate(session, vault, longest_token=longest))
    typer.echo(f"key {kid} signs; its predecessor is published for {longest} more")


@clients.command()
def add(
    client_id: Annotated[str, Argument(help="The id that it will be known by.")],
    name: Annotated[str, Option(help="What people know it as; the consent page says it.")],
    purpose: Annotated[str, Option(help="What it needs access for.")],
    legal_basis: Annotated[str, Option(help="On what basis (PRI-4).")],
    scope: Annotated[list[str], Option(help="A scope that it may ask for (repeatable).")],
    grant: Annotated[list[str] | None, Option(help="A grant type (repeatable). Default: codes and refreshing.")] = None,
    redirect_uri: Annotated[list[str] | None, Option(help="Where codes may be sent (repeatable).")] = None,
    county: Annotated[list[str] | None, Option(help="A county of its agreement (repeatable).")] = None,
    jwks: Annotated[Path | None, Option(exists=True, help="Its public keys (JWKS), for private_key_jwt.")] = None,
    public: Annotated[bool, Option("--public", help="An app on people's devices, which can keep no secret.")] = False,
    first_party: Annotated[
        bool, Option("--first-party", help="The county's own: nobody is asked for consent.")
    ] = False,
    certificate_bound: Annotated[
        bool, Option("--certificate-bound", help="Its tokens hold only with its TLS certificate (RFC 8705).")
    ] = False,
) -> None:
    """Register a client. One with a secret gets it shown once.

    Example:

        anju clients add anju-h5 --public --first-party --name 安居 --purpose 业主办事 --legal-basis 履行职责
        --scope api --scope openid --redirect-uri https://h5.example.gov.cn/back
    """
    from app.database import opened
    from app.settings import load
    from auth.oauth.clients import new_secret, register_client
    from models.accounts import ClientAuthMethod

    secret = None if public or jwks else new_secret()
    method = ClientAuthMethod.PRIVATE_KEY_JWT if jwks else ClientAuthMethod.NONE if public else ClientAuthMethod.BASIC
    given: dict[str, Any] = {
        "counties": county or [],
        "scopes": scope,
        "purpose": purpose,
        "legal_basis": legal_basis,
        "auth_method": method,
        "secret": secret,
        "jwks": _public_keys(jwks) if jwks else None,
        "grant_types": _grant_types(grant),
        "redirect_uris": redirect_uri or [],
        "first_party": first_party,
        "certificate_bound": certificate_bound,
    }
    with opened(load()) as settings:
        try:
            in_transaction(settings, lambda session: register_client(session, client_id, name, **given))
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--redirect-uri") from None
    typer.echo(f"client {client_id} is registered ({method})")
    if secret is not None:
        typer.echo(f"its secret, shown this once: {secret}")


@clients.command()
def quota(
    client_id: Annotated[str, Argument(help="The client.")],
    points: Annotated[
        int | None, Option(min=1, max=2**31 - 1, help="What its bucket holds; a point is a row asked for.")
    ] = None,
    per_second: Annotated[int | None, Option(min=1, max=2**31 - 1, help="Points that come back each second.")] = None,
    default: Annotated[bool, Option("--default", help="Back to the deployment's own figures.")] = False,
) -> None:
    """Show or set what a partner's system, or each person who uses an app, may ask. Servers that run take it up.

    Examples:

        anju clients quota 370303-bank

        anju clients quota 370303-bank --points 2000000 --per-second 20000
    """
    from app.database import opened
    from app.settings import load
    from auth.quotas import quota_of, set_quota
    from domain.quotas import Quota

    if (points is None) != (per_second is None) or (default and points is not None):
        raise typer.BadParameter("--points and --per-second are given together, or --default alone")
    own = Quota(points, per_second) if points is not None and per_second is not None else None
    with opened(load()) as settings:
        if default or own is not None:
            in_transaction(settings, lambda session: set_quota(session, client_id, own))
        found = in_transaction(settings, lambda session: quota_of(session, client_id))
    typer.echo(f"{client_id}: {f'{found}, its own' if found else 'the quota of the deployment'}")


def _grant_types(given: list[str] | None) -> list[str]:
    from auth.oauth.server import GRANT_TYPES

    chosen = given or ["authorization_code", "refresh_token"]
    if unknown := set(chosen) - set(GRANT_TYPES):
        raise typer.BadParameter(
            f"{', '.join(sorted(unknown))}: none of {', '.join(GRANT_TYPES)}", param_hint="--grant"
        )
    return chosen


def _public_keys(path: Path) -> dict[str, Any]:
    """The keys of a JWKS file. Private ones are refused: they should never have come here."""
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        found = KeySet.import_key_set(json.loads(path.read_text()))
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise typer.BadParameter(f"no JWKS: {error}", param_hint="--jwks") from None
    if not found.keys or any(key.is_private or key.key_type == "oct" for key in found.keys):
        raise typer.BadParameter("public keys are needed, and nothing else", param_hint="--jwks")
    return dict(found.as_dict(private=False))


@official.command()
def appoint(
    county: Annotated[str, Argument(help="The county's six-digit code.")],
    name: Annotated[str, Option(help="The official's name.")],
    phone: Annotated[str, Option(help="Mobile number, with which the official signs in.")],
    office: Annotated[str, Option(help="The bureau's name, as events show it.")],
    basis: Annotated[str, Option(help="The paper that appoints, with its number.")],
) -> None:
    """Appoint an administrator of a county's bureau: the first two, who then appoint everybody else.

    Example:

        anju official appoint 370303 --name 李明 --phone 13900000000 --office 张店区住房和城乡建设局 --basis 张任〔2026〕1号
    """
    import asyncio

    from app import officials
    from app.database import opened
    from app.settings import load

    with opened(load()) as settings:
        made = asyncio.run(officials.appoint(settings, county, name=name, phone=phone, office=office, basis=basis))
    typer.echo(f"{made.name} administers {made.office} from {made.valid_from}; sign-in is by phone")


def in_transaction(settings: "Settings", work: Callable[[Any], T]) -> T:
    import asyncio

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.database import command_engine

    async def run() -> T:
        engine = command_engine(settings.database, size=1)
        try:
            async with AsyncSession(engine) as session, session.begin():
                return await session.run_sync(work)
        finally:
            await engine.dispose()

    return asyncio.run(run())


@official.command()
def link(
    county: Annotated[str, Argument(help="The county's six-digit code.")],
    subject: Annotated[str, Option(help="How the county's provider names the official (ANJU_SSO: subject_claim).")],
    phone: Annotated[str, Option(help="The official's mobile number here.")],
) -> None:
    """Let an official in post sign in through the county's own single sign-on, where that tells no phone.

    Example:

        anju official link 370303 --subject 3703030042 --phone 13900000000
    """
    import asyncio

    from app import officials
    from app.database import opened
    from app.settings import load

    with opened(load()) as settings:
        name = asyncio.run(officials.link(settings, county, subject=subject, phone=phone))
    typer.echo(f"{name} signs in as {subject}")
