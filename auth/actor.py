"""Who asks: an account or a partner's client with the grants it has today (DESIGN §5).

Reads use all grants. A write acts under exactly one (``Actor.acting``), and its event records it. ``load_actor`` turns
a bearer token into an actor with one statement; a cached actor is checked with ``FRESH_SQL`` inside the reader's own.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any

import psycopg
from psycopg.raw_cursor import AsyncRawCursor

from auth.tokens import token_hash
from domain.errors import ErrorCode, Refusal
from domain.quotas import Quota
from domain.roles import Role


@dataclass(frozen=True)
class Grant:
    """One capacity in one county, and what it covers. Fields that the role does not name are ``None``."""

    id: uuid.UUID
    role: Role
    county: str
    account_id: uuid.UUID | None = None
    client_id: str | None = None
    office: str | None = None
    township: str | None = None
    community: str | None = None
    unit_id: uuid.UUID | None = None
    estate_id: uuid.UUID | None = None
    area_id: uuid.UUID | None = None
    company_id: uuid.UUID | None = None
    committee_id: uuid.UUID | None = None
    scopes: tuple[str, ...] = ()
    valid_from: date = date.min
    valid_to: date | None = None
    source_type: str = field(default="", compare=False)
    """The table of the fact that it follows from."""
    acting_for: str | None = None
    """Whom an acting official stands in for (代理)."""

    @property
    def capacity(self) -> tuple[Any, ...]:
        """What it makes of its holder; two duties in one office are one capacity."""
        return tuple(getattr(self, name) for name in _CAPACITY)

    def scope(self, what: str) -> tuple[Any, ...]:
        """What it covers of one sort, by the plurals of ``auth.visibility.SCOPES``: ``grant.scope("units")``."""
        if what == "scopes":
            return self.scopes
        value = getattr(self, _SCOPE_FIELDS[what])
        return () if value is None else (value,)


_SCOPE_FIELDS = {
    "accounts": "account_id",
    "areas": "area_id",
    "clients": "client_id",
    "committees": "committee_id",
    "communities": "community",
    "companies": "company_id",
    "counties": "county",
    "estates": "estate_id",
    "townships": "township",
    "units": "unit_id",
}


_SYSTEM_GRANT = uuid.UUID(int=0)
_APPLICANT_GRANT = uuid.UUID(int=1)
"""Grants that are in no table: of the county's clock, and of whoever begins to claim something."""

_CAPACITY = (
    "role",
    "county",
    "office",
    "township",
    "community",
    "unit_id",
    "estate_id",
    "area_id",
    "company_id",
    "committee_id",
    "client_id",
    "acting_for",
)


def one_capacity(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """One grant of each capacity, the one that opens most: who may act in several has to say in which."""
    found: dict[tuple[Any, ...], Grant] = {}
    for grant in sorted(grants, key=lambda grant: (-len(grant.scopes), grant.id)):
        found.setdefault(grant.capacity, grant)
    return tuple(found.values())


def _anywhere(_grant: Grant) -> bool:
    return True


@dataclass(frozen=True)
class ClientTerms:
    """What holds for the registered client that a request comes through: a partner's system, or the app of a person."""

    client_id: str
    quota: Quota | None = None
    """The client's own; ``None`` is the deployment's."""
    only_trusted: bool = False
    """Nothing but the documents of its manifests runs for it."""
    documents_revision: int = 0
    """Counts up with every change of its manifests; 0 when it never had one."""


@dataclass(frozen=True)
class Actor:
    """An account or a client, what it may do on the day ``today``, and the version of that knowledge."""

    account_id: uuid.UUID | None
    client_id: str | None
    token_id: uuid.UUID | None
    display_name: str
    locale: str
    today: date
    grants: tuple[Grant, ...] = ()
    scopes: frozenset[str] = frozenset()
    """The scopes of the token; those of a partner's grants are cut down to them."""
    grants_version: int = 0
    certificate: bytes | None = field(default=None, repr=False)
    """SHA-256 of the client certificate to which the token is bound (RFC 8705 §3): without it the token is worth
    nothing, which whoever knows the connection has to check (``Actor.comes_with``)."""
    terms: ClientTerms | None = None
    """Of the client that the token was issued to, if any."""
    roles: frozenset[Role] = field(init=False, compare=False)
    counties: frozenset[str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # Every request reads them several times, and a cached actor serves many requests.
        object.__setattr__(self, "roles", frozenset(grant.role for grant in self.grants))
        object.__setattr__(self, "counties", frozenset(grant.county for grant in self.grants))

    @property
    def is_anonymous(self) -> bool:
        """Nobody signed in."""
        return self.account_id is None and self.client_id is None

    def comes_with(self, certificate: bytes | None) -> bool:
        """Whether a request with this client certificate (its SHA-256, ``None`` without) may use the actor's token."""
        return self.certificate is None or self.certificate == certificate

    def narrowed(self, acting_as: uuid.UUID) -> "Actor":
        """The same actor with one grant only (``X-Acting-As``); a grant that is not its own is refused."""
        chosen = tuple(grant for grant in self.grants if grant.id == acting_as)
        if not chosen:
            raise Refusal(ErrorCode.FORBIDDEN_ROLE, roles=self.roles)
        return replace(self, grants=chosen)

    @property
    def home_county(self) -> str:
        """Where an act is written that concerns the account and no county in particular."""
        kept = sorted(grant.county for grant in self.grants if grant.id != _APPLICANT_GRANT)
        if not self.counties:
            raise Refusal(ErrorCode.FORBIDDEN_ROLE)
        return kept[0] if kept else min(self.counties)

    def as_applicant(self, counties: Iterable[str]) -> "Actor":
        """The same person, who may also ask for a capacity in these counties; nobody but a person may."""
        if self.account_id is None:
            raise Refusal(ErrorCode.FORBIDDEN_ROLE)
        applying = {grant.county for grant in self.grants if grant.role is Role.APPLICANT}
        newly = tuple(
            Grant(_APPLICANT_GRANT, Role.APPLICANT, county, account_id=self.account_id)
            for county in counties
            if county not in applying
        )
        return replace(self, grants=(*self.grants, *newly))

    def eligible(
        self, roles: Iterable[Role], county: str, where: Callable[[Grant], bool] = _anywhere
    ) -> tuple[Grant, ...]:
        """The grants of one of these roles in the county that also satisfy ``where``."""
        wanted = frozenset(roles)
        return tuple(grant for grant in self.grants if grant.county == county and grant.role in wanted and where(grant))

    def acting(self, roles: Iterable[Role], county: str, where: Callable[[Grant], bool] = _anywhere) -> Grant:
        """The one grant under which a write happens.

        Refuses with ``FORBIDDEN_ROLE`` when there is none and with ``ACTING_GRANT_REQUIRED`` when there are several:
        the client then names one with ``X-Acting-As``.
        """
        wanted = frozenset(roles)
        found = one_capacity(self.eligible(wanted, county, where))
        if not found:
            raise Refusal(ErrorCode.FORBIDDEN_ROLE, roles=wanted)
        if len(found) > 1:
            raise Refusal(ErrorCode.ACTING_GRANT_REQUIRED)
        return found[0]


def anonymous(today: date, locale: str = "zh-CN") -> Actor:
    """Nobody: sees what has no need of a grant."""
    return Actor(None, None, None, "", locale, today)


def system_actor(county: str, today: date) -> Actor:
    """The county's own clock, for deadlines that pass without anybody acting. It is never reached through a token."""
    return Actor(None, None, None, "", "zh-CN", today, (Grant(_SYSTEM_GRANT, Role.SYSTEM, county),))


_HOLDER = """
  FROM access_token t
  LEFT JOIN account a ON a.id = t.account_id
  LEFT JOIN oauth_client c ON c.client_id = t.client_id"""

_LIVE = """
  t.revoked_at IS NULL AND t.expires_at > now()
  AND (t.account_id IS NULL OR a.status = 'ACTIVE') AND (t.client_id IS NULL OR c.status = 'ACTIVE')"""

# Each version only counts up, so their sum changes whenever either does.
_VERSION = "coalesce(a.grants_version, 0) + coalesce(c.grants_version, 0)"

FRESH_SQL = f"(SELECT {_VERSION}{_HOLDER}\n  WHERE t.token_hash = {{token}} AND{_LIVE})"
"""A scalar subquery: the present ``Actor.grants_version`` of a token's holder, or NULL once the token is worth nothing.

``FRESH_SQL.format(token="$3")`` goes into the reader's own statement, bound to ``auth.tokens.token_hash(token)`` as
bytea. An actor kept from an earlier request counts while this equals its ``grants_version``, and until its day ends.
"""

_GRANT_COLUMNS = tuple(column.name for column in fields(Grant))

_GRANTS_TODAY = (
    f"SELECT {', '.join(_GRANT_COLUMNS)} FROM account_grant "  # noqa: S608 (constants only)
    "WHERE valid_from <= $2 AND (valid_to IS NULL OR $2 < valid_to)"
)

_ACTOR_SQL = f"""
SELECT t.id, t.account_id, t.client_id, coalesce(a.display_name, c.name), coalesce(a.locale, 'zh-CN'), t.scopes,
  {_VERSION}, t.certificate, c.quota_points, c.quota_per_second, c.only_trusted, c.documents_revision,
  g.*{_HOLDER}
  LEFT JOIN LATERAL (
    {_GRANTS_TODAY} AND account_id = t.account_id
    UNION ALL
    {_GRANTS_TODAY} AND t.account_id IS NULL AND client_id = t.client_id AND county = ANY (c.counties)
  ) g ON true
  WHERE t.token_hash = $1 AND{_LIVE}
  ORDER BY g.county, g.role, g.id
"""


_OF_TOKEN = 12
"""Columns before those of the grants."""

API_SCOPE = "api"
"""The scope without which an app's token of a person opens only what OpenID Connect tells (``/oauth/userinfo``)."""


async def load_actor(connection: psycopg.AsyncConnection[Any], token: str, today: date) -> Actor | None:
    """The holder of a bearer token with its grants of that day, or ``None`` when the token is worth nothing.

    One statement. ``today`` is the day in Asia/Shanghai.
    """
    cursor = AsyncRawCursor(connection)
    await cursor.execute(_ACTOR_SQL, (token_hash(token), today), binary=True, prepare=True)
    rows = await cursor.fetchall()
    if not rows:
        return None
    token_id, account_id, client_id, display_name, locale, scopes, version, certificate, *terms = rows[0][:_OF_TOKEN]
    if account_id is not None and client_id is not None and API_SCOPE not in scopes:
        return None
    return Actor(
        account_id,
        None if account_id is not None else client_id,  # an app is not who asks: the person is
        token_id,
        display_name,
        locale,
        today,
        tuple(_grant(row[_OF_TOKEN:], account_id is None, scopes) for row in rows if row[_OF_TOKEN] is not None),
        frozenset(scopes),
        version,
        certificate,
        None if client_id is None else _terms(client_id, *terms),
    )


def _terms(
    client_id: str, points: int | None, per_second: int | None, only_trusted: bool, revision: int
) -> ClientTerms:
    own = None if points is None or per_second is None else Quota(points, per_second)
    return ClientTerms(client_id, own, only_trusted, revision)


def _grant(columns: tuple[Any, ...], of_client: bool, token_scopes: list[str]) -> Grant:
    values = dict(zip(_GRANT_COLUMNS, columns, strict=True))
    # A partner may ask for a token with fewer scopes than its agreement allows; then that is all the token gives.
    values["scopes"] = tuple(scope for scope in values["scopes"] if not of_client or scope in token_scopes)
    values["role"] = Role(values["role"])
    return Grant(**values)
