"""Partners' systems: registered with an agreement and credentials, renewed, ended; what keys and scopes are taken."""

from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey

from auth.actor import Actor
from auth.oauth.clients import secret_matches
from domain.agreements import AgreementState, PartnerScope
from domain.errors import ErrorCode
from domain.officials import Power
from domain.profiles import profile_for_test
from domain.roles import Role
from models.accounts import AccountStatus, ClientAuthMethod, OAuthClient
from models.agreements import PartnerAgreement
from models.base import new_id
from models.cases import AuditEvent
from resolvers import agreements
from resolvers.agreements import Credentials
from tests.world import World


def terms(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "name": "演示银行（虚构）",
        "role": Role.BANK,
        "scopes": [PartnerScope.FEES_COLLECT],
        "purpose": "物业费代收",
        "legal_basis": "代收协议〔2026〕1号",
        "valid_from": world.today,
        "valid_to": world.today + timedelta(days=365),
        **changes,
    }


async def registered(world: World, by: Actor, **changes: Any) -> tuple[PartnerAgreement, Credentials]:
    made: tuple[PartnerAgreement, Credentials] = await world.do(by, agreements.register, **terms(world, **changes))
    return made


async def client_of(world: World, agreement: PartnerAgreement) -> OAuthClient:
    async with world.sessions() as session:
        return await session.get_one(OAuthClient, agreement.client_id)


def public_key(kid: str = "1") -> dict[str, Any]:
    return dict(ECKey.generate_key("P-256", parameters={"kid": kid}).as_dict(private=False))


async def test_a_bank_gets_a_secret_and_what_its_agreement_says(world: World) -> None:
    bureau = await world.bureau()
    agreement, credentials = await registered(world, bureau)
    client = await client_of(world, agreement)
    assert credentials.secret is not None
    assert secret_matches(credentials.secret, client.secret_hash)
    assert credentials.secret not in f"{credentials!r} {client.secret_hash}"
    assert (client.counties, client.scopes) == ([world.county], ["fees:collect"])
    (grant,) = (await world.actor(client_id=agreement.client_id)).grants
    assert (grant.role, grant.scopes, grant.source_type) == (Role.BANK, ("fees:collect",), "partner_agreement")
    assert (grant.valid_from, grant.valid_to) == (agreement.valid_from, agreement.valid_to)
    (event,) = await world.rows(AuditEvent, subject_id=agreement.id)
    assert (event.action, event.role, event.reason) == ("partnerRegister", "BUREAU", "代收协议〔2026〕1号")
    assert await world.sees(await world.actor(client_id=agreement.client_id), PartnerAgreement) == {agreement.id}


async def test_a_court_may_prove_itself_by_keys(world: World) -> None:
    keys = {"keys": [public_key()]}
    given = {"role": Role.COURT, "scopes": [PartnerScope.FILINGS_PUBLIC], "keys": keys}
    agreement, credentials = await registered(world, await world.bureau(), **given)
    client = await client_of(world, agreement)
    assert credentials.secret is None
    assert (client.auth_method, client.jwks, client.secret_hash) == (ClientAuthMethod.PRIVATE_KEY_JWT, keys, None)


async def test_what_is_refused(world: World) -> None:
    bureau = await world.bureau()
    private = dict(ECKey.generate_key("P-256", parameters={"kid": "1"}).as_dict(private=True))
    other_curve = dict(ECKey.generate_key("P-384", parameters={"kid": "1"}).as_dict(private=False))
    short = {"kty": "RSA", "n": "x" * 171, "e": "AQAB", "kid": "1"}  # 1,024 bits
    shared = {"kty": "oct", "k": "c2VjcmV0", "kid": "1"}
    nameless = {name: value for name, value in public_key().items() if name != "kid"}
    for wrong in ([private], [other_curve], [short], [shared], [nameless], [public_key(), public_key()], "x", [1]):
        await world.refused(bureau, agreements.register, ErrorCode.INVALID_INPUT, "keys", **terms(world, keys=wrong))
    for changes, code, at in (
        ({"keys": []}, ErrorCode.REQUIRED, "keys"),
        ({"scopes": []}, ErrorCode.REQUIRED, "scopes"),
        ({"scopes": ["everything:read"]}, ErrorCode.INVALID_INPUT, "scopes"),
        ({"role": Role.COURT}, ErrorCode.INVALID_INPUT, "scopes"),
        ({"role": Role.BUREAU}, ErrorCode.INVALID_INPUT, "role"),
        ({"purpose": " "}, ErrorCode.REQUIRED, "purpose"),
        ({"legal_basis": ""}, ErrorCode.REQUIRED, "legalBasis"),
        ({"valid_to": world.today}, ErrorCode.OUT_OF_RANGE, "validTo"),
        ({"valid_to": world.today + timedelta(days=3650)}, ErrorCode.OUT_OF_RANGE, "validTo"),
    ):
        await world.refused(bureau, agreements.register, code, at, **terms(world, **changes))


async def test_who_may_register(world: World) -> None:
    officer = await world.person(Role.BUREAU, office="演示局", scopes=[Power.FUNDS_APPROVE])
    await world.refused(officer, agreements.register, ErrorCode.POWER_REQUIRED, **terms(world))
    await world.refused(await world.township_office(), agreements.register, ErrorCode.FORBIDDEN_ROLE, **terms(world))
    agreement, _ = await registered(world, await world.bureau())
    for somebody in (await world.township_office(), await world.person(Role.COMPANY_ADMIN, company_id=new_id())):
        await world.refused(somebody, agreements.end, ErrorCode.NOT_FOUND, "id", id=agreement.id, reason="x")
        assert await world.sees(somebody, PartnerAgreement) == set()


async def test_a_rotated_secret_ends_the_former_one(world: World) -> None:
    bureau = await world.bureau()
    agreement, first = await registered(world, bureau)
    _, second = await world.do(bureau, agreements.rotate, id=agreement.id)
    client = await client_of(world, agreement)
    assert second.secret is not None
    assert first.secret is not None
    assert secret_matches(second.secret, client.secret_hash)
    assert not secret_matches(first.secret, client.secret_hash)
    _, none = await world.do(bureau, agreements.rotate, id=agreement.id, keys=[public_key("a"), public_key("b")])
    client = await client_of(world, agreement)
    assert (none.secret, client.secret_hash, client.auth_method) == (None, None, "private_key_jwt")


async def test_an_agreement_is_renewed_and_runs_out(world: World) -> None:
    bureau = await world.bureau()
    agreement, _ = await registered(world, bureau, valid_to=world.today + timedelta(days=10))
    until = world.today + timedelta(days=20)
    renewed = await world.do(bureau, agreements.extend, id=agreement.id, valid_to=until, legal_basis="续签〔2026〕2号")
    assert (renewed.valid_to, renewed.legal_basis) == (until, "续签〔2026〕2号")
    world.now += timedelta(days=19)
    assert len((await world.actor(client_id=agreement.client_id)).grants) == 1
    world.now += timedelta(days=1)
    assert (await world.actor(client_id=agreement.client_id)).grants == ()


async def test_an_ended_agreement_closes_its_system(world: World) -> None:
    bureau = await world.bureau()
    agreement, _ = await registered(world, bureau)
    await world.refused(bureau, agreements.end, ErrorCode.REQUIRED, "reason", id=agreement.id, reason=" ")
    ended = await world.do(bureau, agreements.end, id=agreement.id, reason="违约")
    assert (ended.state, ended.ended_on) == (AgreementState.ENDED, world.today)
    assert (await world.actor(client_id=agreement.client_id)).grants == ()
    assert (await client_of(world, agreement)).status == AccountStatus.CLOSED
    await world.refused(bureau, agreements.rotate, ErrorCode.ACTION_NOT_AVAILABLE, id=agreement.id)
    given = terms(world, client_id=agreement.client_id)
    await world.refused(bureau, agreements.register, ErrorCode.NOT_FOUND, "clientId", **given)


async def test_another_county_adds_its_agreement_but_gives_no_credentials(world: World, county: str) -> None:
    agreement, _ = await registered(world, await world.bureau())
    before = await client_of(world, agreement)
    code = f"99{(int(county[2:]) + 5000) % 10000:04d}"
    profile_for_test(code, copy_of="370303")
    elsewhere = await World(world.sessions, code, now=world.now).settle()
    bureau = await elsewhere.bureau()
    scopes = [PartnerScope.FILINGS_PUBLIC]
    theirs, none = await registered(elsewhere, bureau, client_id=agreement.client_id, scopes=scopes)
    client = await client_of(world, agreement)
    assert none.secret is None
    assert (client.counties, client.secret_hash) == (sorted([world.county, code]), before.secret_hash)
    scopes_of = {grant.county: grant.scopes for grant in (await world.actor(client_id=client.client_id)).grants}
    assert scopes_of == {world.county: ("fees:collect",), code: ("filings:public",)}
    # Whoever gives credentials could use them in both counties.
    await elsewhere.refused(bureau, agreements.rotate, ErrorCode.ACTION_NOT_AVAILABLE, "id", id=theirs.id)
    again = terms(elsewhere, client_id=agreement.client_id)
    await elsewhere.refused(bureau, agreements.register, ErrorCode.ALREADY_REGISTERED, "clientId", **again)
    # One county's end is not the other's.
    await elsewhere.do(bureau, agreements.end, id=theirs.id, reason="到期")
    client = await client_of(world, agreement)
    assert (client.status, client.counties) == (AccountStatus.ACTIVE, [world.county])


@pytest.mark.parametrize("client_id", ["nobody", "' OR 1=1", "x" * 300, "a\x00b"])
async def test_an_unknown_system_is_not_found(world: World, client_id: str) -> None:
    given = terms(world, client_id=client_id)
    await world.refused(await world.bureau(), agreements.register, ErrorCode.NOT_FOUND, "clientId", **given)
