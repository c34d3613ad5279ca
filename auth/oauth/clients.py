"""Partners' clients (banks, courts): registering them, and checking their secrets."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import Any

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
) -> OAuthClient:
    """Add a partner's client to the session. Its grants are opened apart, per county, from its agreement.

    A client with a secret needs ``secret``, one with ``private_key_jwt`` its public keys (``{"keys": [...]}``); the
    table's CHECK refuses anything else. ``counties`` bound its grants: one outside them never counts.
    """
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
    )
    session.add(client)
    return client
