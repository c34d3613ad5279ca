"""Clients (banks, courts, apps): registering them, and checking their secrets."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import ClientAuthMethod, OAuthClient

# 16 MiB and about 40 ms of one core a try. Secrets made here are random and would not need it; a partner's own may.
_COST, _BLOCK, _LANES = 1 << 14, 8, 1
_SALT_BYTES = 16


def new_secret() -> str:
    """256 random bits for a partner, shown once."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """``scrypt$cost$block$lanes$salt$hash``, hexadecimal: what is stored."""
    salt = secrets.token_bytes(_SALT_BYTES)
    derived = _derive(secret, salt, _COST, _BLOCK, _LANES)
    return f"scrypt${_COST}${_BLOCK}${_LANES}${salt.hex()}${derived.hex()}"


def secret_matches(secret: str, stored: str | None) -> bool:
    """Whether it is the client's secret. Takes as long for a client that does not exist (``stored`` is ``None``)."""
    _name, cost, block, lanes, salt, expected = (stored or _NOBODY).split("$")
    derived = _derive(secret, bytes.fromhex(salt), int(cost), int(block), int(lanes))
    return hmac.compare_digest(derived, bytes.fromhex(expected)) and stored is not None


def _derive(secret: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=cost, r=block, p=lanes, maxmem=64 << 20, dklen=32)


_NOBODY = f"scrypt${_COST}${_BLOCK}${_LANES}${'00' * _SALT_BYTES}${'00' * 32}"


def register_client(
    session: AsyncSession,
    client_id: str,
    name: str,
    *,
    counties: Iterable[str],
    scopes: Iterable[str],
    purpose: str,
    legal_basis: str,
    auth_method: ClientAuthMethod = ClientAuthMethod.BASIC,
    secret: str | None = None,
    jwks: dict[str, Any] | None = None,
    grant_types: Iterable[str] = ("client_credentials",),
    redirect_uris: Iterable[str] = (),
    first_party: bool = False,
    certificate_bound: bool = False,
) -> OAuthClient:
    """Add a client to the session. A partner's grants are opened apart, per county, from its agreement.

    A client with a secret needs ``secret``, one with ``private_key_jwt`` its public keys (``{"keys": [...]}``), a public one
    (``none``) neither; the table's CHECK refuses anything else. ``counties`` bound its grants: one outside them never
    counts. Raises ``ValueError`` for a redirect URI that no code may be sent to.
    """
    targets = [checked_redirect_uri(uri) for uri in redirect_uris]
    client = OAuthClient(
        client_id=client_id,
        name=name,
        auth_method=auth_method,
        secret_hash=None if secret is None else hash_secret(secret),
        jwks=jwks,
        counties=sorted(counties),
        scopes=sorted(scopes),
        purpose=purpose,
        legal_basis=legal_basis,
        grant_types=sorted(grant_types),
        redirect_uris=targets,
        first_party=first_party,
        certificate_bound=certificate_bound,
    )
    session.add(client)
    return client


def checked_redirect_uri(uri: str) -> str:
    """The URI, if codes may be sent there: HTTPS, HTTP to this device, or an app's own scheme with a dot in it
    (RFC 8252 §7), without fragment (RFC 6749 §3.1.2), user or anything but printable ASCII. Raises ``ValueError``."""
    parts = urlsplit(uri)
    loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    web = (parts.scheme == "https" and bool(parts.hostname)) or loopback
    if not (web or "." in parts.scheme) or parts.fragment or "#" in uri or "@" in parts.netloc:
        raise ValueError(f"no redirect URI: {uri}")
    if not uri.isascii() or not uri.isprintable() or set(uri) & set(' "\\<>'):
        raise ValueError(f"no redirect URI: {uri}")
    return uri
