"""The keys that sign tokens: made when first needed, stored under the vault, replaced by ``anju keys rotate``.

One key per algorithm signs. Its predecessors stay in the JWKS until the last token that they signed has expired, and no
longer: who validates offline takes a key out of use by fetching the set again.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from joserfc.jwk import ECKey, KeySet
from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.oauth import SigningAlgorithm, SigningKey
from models.sealed import SHARED, Context, Vault

ALGORITHM = SigningAlgorithm.ES256
_CURVE = "P-256"


def current_key(session: Session, vault: Vault) -> KeySet:
    """The key that signs, as a set of one: from a set joserfc writes the key's id (``kid``) into the header."""
    row = _current(session)
    if row is None:
        _add(session, vault)
        row = _current(session)
        assert row is not None  # noqa: S101 (ours, or that of whoever was first)
    private = json.loads(vault.decrypt(row.private_sealed, SHARED, _context(row.kid)))
    return KeySet([ECKey.import_key(private)])


def published_keys(session: Session, now: datetime) -> list[dict[str, Any]]:
    """The public keys of all tokens that may still be valid, the one that signs first (RFC 7517 §5)."""
    rows = session.scalars(
        select(SigningKey)
        .where(or_(SigningKey.retired_at.is_(None), SigningKey.published_until > now))
        .order_by(SigningKey.retired_at.desc().nulls_first(), SigningKey.created_at.desc())
    )
    return [row.public_jwk for row in rows]


def rotate(session: Session, vault: Vault, *, longest_token: timedelta, now: datetime | None = None) -> str:
    """Sign with a fresh key from now on; the id of that key. ``longest_token`` is the life of what the old one signed."""
    at = now or datetime.now(UTC)
    row = session.scalar(_CURRENT.with_for_update())
    if row is not None:
        row.retired_at, row.published_until = at, at + longest_token
        session.flush()  # two keys that sign would meet the unique index
    _add(session, vault)
    made = _current(session)
    assert made is not None  # noqa: S101
    return made.kid


def forget_old_keys(session: Session, before: datetime) -> int:
    """Delete keys that are no longer published; how many there were."""
    gone = session.execute(delete(SigningKey).where(SigningKey.published_until < before).returning(SigningKey.kid))
    return len(gone.all())


_CURRENT = select(SigningKey).where(SigningKey.algorithm == ALGORITHM, SigningKey.retired_at.is_(None))


def _current(session: Session) -> SigningKey | None:
    return session.scalar(_CURRENT)


def _add(session: Session, vault: Vault) -> None:
    """Insert a fresh key, unless another process was first: then that one's counts."""
    key = ECKey.generate_key(_CURVE, parameters={"alg": ALGORITHM.value, "use": "sig"})
    kid = key.thumbprint()  # RFC 7638
    private = json.dumps({**key.as_dict(private=True), "kid": kid}).encode()
    made = insert(SigningKey).values(
        kid=kid,
        algorithm=ALGORITHM,
        public_jwk={**cast(dict[str, Any], key.as_dict(private=False)), "kid": kid},
        private_sealed=vault.encrypt(private, SHARED, _context(kid)),
        created_at=func.clock_timestamp(),
    )
    session.execute(made.on_conflict_do_nothing())


def _context(kid: str) -> Context:
    return Context(SigningKey.__tablename__, "private", kid)
