"""Partners' systems (bank, court): registered with an agreement, given a secret or keys, renewed, ended (PRI-4)."""

import re
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from auth.actor import Grant
from auth.grants import Reach, Source, end_grants, extend_grants, open_grant
from auth.oauth.clients import hash_secret, new_secret, register_client
from domain.agreements import LONGEST_YEARS, AgreementState, PartnerScope, check_public_keys, check_scopes
from domain.calendar import anniversary
from domain.errors import ErrorCode, Refusal
from domain.officials import Power
from domain.records import Record
from domain.roles import Role
from models.accounts import AccountGrant, AccountStatus, ClientAuthMethod, OAuthClient
from models.agreements import PartnerAgreement
from models.base import new_id
from resolvers.unit_of_work import UnitOfWork

REGISTRARS = (Role.BUREAU,)


@dataclass(frozen=True)
class Terms(Record):
    """What a partner may ask, for what purpose, on what legal basis, and until when (``valid_to`` is the day after)."""

    name: str
    role: Role
    scopes: Sequence[PartnerScope]
    purpose: str
    legal_basis: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True)
class Credentials:
    """What a partner's system signs in with. The secret is shown once: only its hash is kept."""

    client_id: str
    secret: str | None

    def __repr__(self) -> str:
        return f"Credentials({self.client_id})"


async def register(
    uow: UnitOfWork, *, keys: Any = None, client_id: str | None = None, **terms: Any
) -> tuple[PartnerAgreement, Credentials]:
    """Register a partner's system with its agreement (``Terms``, partnerRegister).

    With ``keys`` (a JWKS of public keys) it proves itself by signed assertions, without by a secret that is made here.
    ``client_id`` names a system that another county has registered: it gets this county's agreement and keeps its
    credentials. Refuses ``POWER_REQUIRED``, ``ALREADY_REGISTERED`` for a system whose agreement here holds,
    ``INVALID_INPUT`` for private or weak keys and for scopes that such a partner is not given.
    """
    wanted = Terms(**terms)
    grant = await uow.act(REGISTRARS, power=Power.PARTNERS_REGISTER)
    scopes = _check(uow, wanted)
    if client_id is None:
        client, credentials = _new_client(uow, wanted, scopes, keys)
        await uow.session.flush()  # the agreement and the grant refer to it
    elif keys is not None:
        raise Refusal(ErrorCode.INVALID_INPUT, "keys")
    else:
        client, credentials = await _known_client(uow, client_id, wanted, scopes), Credentials(client_id, None)
    agreement = PartnerAgreement(
        county=uow.county,
        id=new_id(),
        client_id=client.client_id,
        name=wanted.name.strip(),
        role=wanted.role.value,
        scopes=scopes,
        purpose=wanted.purpose.strip(),
        legal_basis=wanted.legal_basis.strip(),
        state=AgreementState.ACTIVE.value,
        valid_from=wanted.valid_from,
        valid_to=wanted.valid_to,
        registered_by=uow.actor.account_id,
        version=1,
    )
    uow.session.add(agreement)
    await uow.session.flush()  # the grant names it
    await open_grant(
        uow.session,
        wanted.role,
        uow.county,
        _source(agreement),
        client_id=client.client_id,
        reach=Reach(office=agreement.name),
        scopes=scopes,
        valid_from=agreement.valid_from,
        valid_to=agreement.valid_to,
    )
    await _record(uow, agreement, grant, "partnerRegister", reason=agreement.legal_basis, scopes=scopes)
    return agreement, credentials


async def rotate(uow: UnitOfWork, *, id: uuid.UUID, keys: Any = None) -> tuple[PartnerAgreement, Credentials]:
    """Give a partner's system new credentials (partnerCredentialsRotate): another secret, or the keys handed over.

    The former secret ends at once. Keys may be handed over with the former ones among them, so that both work for a
    while. Refuses ``ACTION_NOT_AVAILABLE`` after the agreement's end, and to every county but the one that registered
    the system: whoever gives credentials could use them in all of its counties.
    """
    agreement, grant, client = await _active(uow, id, "partnerCredentialsRotate")
    if not client.client_id.startswith(f"{uow.county}-"):
        raise Refusal(
            ErrorCode.ACTION_NOT_AVAILABLE, "id", action="partnerCredentialsRotate", state="REGISTERED_ELSEWHERE"
        )
    secret = None
    if keys is not None:
        client.jwks = check_public_keys(keys)
        client.auth_method, client.secret_hash = ClientAuthMethod.PRIVATE_KEY_JWT.value, None
    else:
        secret = new_secret()
        client.secret_hash = hash_secret(secret)
        client.auth_method, client.jwks = ClientAuthMethod.BASIC.value, None
    _changed(uow, agreement)
    await _record(uow, agreement, grant, "partnerCredentialsRotate", method=client.auth_method)
    return agreement, Credentials(client.client_id, secret)


async def extend(uow: UnitOfWork, *, id: uuid.UUID, valid_to: date, legal_basis: str) -> PartnerAgreement:
    """Let an agreement hold until the day before ``valid_to`` (partnerExtend), on the paper that ``legal_basis`` names."""
    agreement, grant, _client = await _active(uow, id, "partnerExtend")
    if not legal_basis.strip():
        raise Refusal(ErrorCode.REQUIRED, "legalBasis")
    _check_term(uow, agreement.valid_from, valid_to)
    agreement.valid_to, agreement.legal_basis = valid_to, legal_basis.strip()
    _changed(uow, agreement)
    await extend_grants(uow.session, _source(agreement), valid_to)
    await _record(uow, agreement, grant, "partnerExtend", reason=agreement.legal_basis)
    return agreement


async def end(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> PartnerAgreement:
    """End an agreement today (partnerEnd): its grants end, and where no other county has one the system is closed.

    Taking rights away needs no fresh sign-in. Its tokens are refused from their next use on.
    """
    agreement, grant, client = await _active(uow, id, "partnerEnd")
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    agreement.state = AgreementState.ENDED.value
    agreement.ended_on, agreement.ended_reason = uow.today, reason.strip()
    _changed(uow, agreement)
    await end_grants(uow.session, _source(agreement), uow.today)
    elsewhere = select(AccountGrant.id).where(
        AccountGrant.client_id == client.client_id,
        AccountGrant.ended_at.is_(None),
        AccountGrant.source_type == PartnerAgreement.__tablename__,
        AccountGrant.source_id != agreement.id,
    )
    if await uow.session.scalar(elsewhere.limit(1)) is None:
        client.status = AccountStatus.CLOSED.value
    else:
        client.counties = sorted({*client.counties} - {uow.county})
    client.grants_version += 1
    await _record(uow, agreement, grant, "partnerEnd", reason=reason.strip())
    return agreement


def _source(agreement: PartnerAgreement) -> Source:
    return Source(PartnerAgreement.__tablename__, agreement.id)


def _check(uow: UnitOfWork, wanted: Terms) -> list[str]:
    scopes = check_scopes(wanted.role, [str(scope) for scope in wanted.scopes])
    for field, value in (("name", wanted.name), ("purpose", wanted.purpose), ("legalBasis", wanted.legal_basis)):
        if not value.strip():
            raise Refusal(ErrorCode.REQUIRED, field)
    _check_term(uow, wanted.valid_from, wanted.valid_to)
    return scopes


def _check_term(uow: UnitOfWork, valid_from: date, valid_to: date) -> None:
    longest = anniversary(max(valid_from, uow.today), LONGEST_YEARS)
    if not max(valid_from, uow.today) < valid_to <= longest:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "validTo", least=max(valid_from, uow.today), most=longest)


def _new_client(uow: UnitOfWork, wanted: Terms, scopes: list[str], keys: Any) -> tuple[OAuthClient, Credentials]:
    secret = None if keys is not None else new_secret()
    client = register_client(
        uow.session,
        f"{uow.county}-{wanted.role.value.lower()}-{secrets.token_hex(6)}",
        wanted.name.strip(),
        counties=[uow.county],
        scopes=scopes,
        purpose=wanted.purpose.strip(),
        legal_basis=wanted.legal_basis.strip(),
        auth_method=ClientAuthMethod.BASIC if keys is None else ClientAuthMethod.PRIVATE_KEY_JWT,
        secret=secret,
        jwks=None if keys is None else check_public_keys(keys),
    )
    return client, Credentials(client.client_id, secret)


async def _known_client(uow: UnitOfWork, client_id: str, wanted: Terms, scopes: list[str]) -> OAuthClient:
    """A partner's system of another county, which gets this county too."""
    client = None
    if re.fullmatch(r"[\w-]{1,100}", client_id, re.ASCII):
        client = await uow.session.get(OAuthClient, client_id, with_for_update=True)
    if client is None or client.status != AccountStatus.ACTIVE or client.auth_method == ClientAuthMethod.NONE:
        raise Refusal(ErrorCode.NOT_FOUND, "clientId")
    held = await uow.session.scalar(
        select(PartnerAgreement.id).where(
            PartnerAgreement.county == uow.county,
            PartnerAgreement.client_id == client_id,
            PartnerAgreement.state == AgreementState.ACTIVE.value,
            PartnerAgreement.valid_to > uow.today,
        )
    )
    if held is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "clientId", value=wanted.name)
    client.counties = sorted({*client.counties, uow.county})
    client.scopes = sorted({*client.scopes, *scopes})
    return client


async def _active(uow: UnitOfWork, agreement_id: uuid.UUID, action: str) -> tuple[PartnerAgreement, Grant, OAuthClient]:
    agreement = await uow.load(PartnerAgreement, agreement_id, lock=True)
    grant = await uow.act(REGISTRARS, power=Power.PARTNERS_REGISTER)
    if agreement.state != AgreementState.ACTIVE:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action=action, state=agreement.state)
    client = await uow.session.get_one(OAuthClient, agreement.client_id, with_for_update=True)
    return agreement, grant, client


def _changed(uow: UnitOfWork, agreement: PartnerAgreement) -> None:
    agreement.version += 1
    agreement.updated_at = uow.now


async def _record(
    uow: UnitOfWork, agreement: PartnerAgreement, grant: Grant, action: str, *, reason: str | None = None, **detail: Any
) -> None:
    await uow.audit(action, agreement, grant=grant, reason=reason, to_state=agreement.state, detail=detail)
    uow.notify(agreement)
