"""Everything that can be set about a deployment, from the environment.

Variables start with ``ANJU_``; ``DATABASE_URL`` is honoured as it is. Development works with nothing set. Production
refuses what only development may do: the secrets that development makes for itself, and origins that let everybody in.
It never offers the development sign-in or GraphiQL.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from domain.lockouts import LOCKOUTS, Lockout, Subject
from domain.quotas import Quota

if TYPE_CHECKING:
    from app.county_keys import FileCountyKeys
    from auth.proxy import TrustedProxy
    from models.sealed import DerivedVault

KEY_BYTES = 32

QUOTAS = {"person": Quota(60_000, 300), "partner": Quota(500_000, 5_000), "anonymous": Quota(6_000, 30)}
"""What callers may ask where nothing is set: assumptions."""

GENEROSITY = 100
"""How many times as much it is in development."""


class SettingsError(Exception):
    """What is set does not make a working deployment; the message names the variable."""


def default_data_folder() -> Path:
    """``.data`` beside where Anju is started; for root a system folder, which PostgreSQL's own user may enter."""
    return Path("/var/lib/anju") if os.geteuid() == 0 else Path(".data")


class Settings(BaseSettings):
    """The settings of one deployment. Get them with ``load()``, which answers mistakes in one line."""

    model_config = SettingsConfigDict(env_prefix="ANJU_", frozen=True, extra="ignore", populate_by_name=True)

    environment: Literal["development", "production"] = Field(
        "development",
        description="`production` turns off the development sign-in, GraphiQL and generated secrets.",
    )
    database_url: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="`postgresql://user@host/database` of a PostgreSQL 15 or newer, as the owner of the database. "
        "Unset: an embedded server in the data folder.",
    )
    data: Path = Field(
        default_factory=default_data_folder,
        description="Folder of the embedded server, the generated secrets and uploaded files. "
        "Default: `.data` in the current folder; for root `/var/lib/anju`.",
    )
    secrets: Path | None = Field(
        None,
        description="File with the keys of personal data and signatures, made with `anju secrets`. "
        "Development makes one in the data folder; production needs one. Back it up apart from the database.",
    )
    kms: SecretStr | None = Field(
        None,
        description="Key management service that wraps the counties' own keys, by the Transit protocol: "
        "`https://host:port/name-of-the-key`, the token as user name before the host. Unset: they are in the file of "
        "`ANJU_SECRETS`.",
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    public_url: str | None = Field(
        None, description="How clients reach this deployment (`https://…`). Default: `http://host:port`."
    )
    workers: int = Field(1, ge=1, le=64, description="Server processes.")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Web origins that browsers may call from, separated by commas (`https://app.example.gov.cn`)."
    )

    read_connections: int = Field(8, ge=1, description="Database connections for reads, per process.")
    command_connections: int = Field(8, ge=1, description="Database connections for commands, per process.")
    statement_seconds: float = Field(15, gt=0, description="Longest run of one SQL statement of a request, in seconds.")
    request_seconds: float = Field(30, gt=0, description="Longest run of one request, in seconds.")
    max_body_bytes: int = Field(1_000_000, ge=10_000, description="Largest body of a GraphQL request, in bytes.")
    max_upload_bytes: int = Field(100_000_000, ge=10_000, description="Largest uploaded file, in bytes.")
    max_concurrency: int = Field(64, ge=2, description="Requests worked on at once, per process; more are shed.")
    payment_slots: int = Field(16, ge=1, description="Of these, slots that only payments may use.")
    backlog: int = Field(1024, ge=16, description="Connections that may wait to be accepted.")

    person_quota: str | None = Field(
        None,
        description="What one person may ask through one app: points, and points that come back each second. A point is a row "
        "that could be returned. A client may have another (`anju clients quota`). Default: `60000/300`, an assumption; in "
        "development a hundred times as much.",
    )
    partner_quota: str | None = Field(
        None, description="What a partner's system may ask. Default: `500000/5000`, likewise."
    )
    anonymous_quota: str | None = Field(
        None,
        description="What all callers of one address without a token may ask. Default: `6000/30`, likewise.",
    )

    phone_lockout: str = Field(
        str(LOCKOUTS[Subject.PHONE]),
        description="After how many failures in a row a phone is locked out of signing in, for how many minutes at first, and at "
        "most: the time doubles with each lockout. An assumption.",
    )
    address_lockout: str = Field(
        str(LOCKOUTS[Subject.ADDRESS]), description="Likewise for an address, which many people may share."
    )
    client_lockout: str = Field(
        str(LOCKOUTS[Subject.CLIENT]), description="Likewise for a client that fails to authenticate, at one address."
    )

    session_days: int = Field(30, ge=1, le=90, description="How long a person stays signed in, in days.")
    person_token_minutes: int = Field(
        30,
        ge=5,
        le=1440,
        description="How long an app's access token of a person holds before it is refreshed, in minutes.",
    )
    partner_token_minutes: int = Field(
        60, ge=5, le=1440, description="How long a token of a bank's or a court's client holds, in minutes."
    )
    proxy_addresses: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses or networks of the reverse proxies that end TLS, separated by commas. Only they may say where a "
        "request comes from and which client certificate it had.",
    )
    proxy_secret: SecretStr | None = Field(
        None, description="What these proxies prove themselves with, in `X-Anju-Proxy-Secret`: 32 characters or more."
    )

    sms_gateway: str | None = Field(
        None,
        description="Where one-time codes are sent for delivery by SMS (`https://…`), see docs/operators.md. Development "
        "prints them without it; production needs one.",
    )
    sms_secret: SecretStr | None = Field(
        None, description="What requests to the gateway are signed with: `whsec_` and 24 bytes or more in Base64."
    )
    wechat_apps: SecretStr | None = Field(
        None,
        description="The county's own mini-programs, whose users sign in through WeChat: `appid=secret`, separated by commas. "
        "Unset: nobody does in production; development uses its own double of WeChat (docs/clients.md).",
    )
    wechat_api: str = Field("https://api.weixin.qq.com", description="Where WeChat's servers are.")
    wechat_pay: Path | None = Field(
        None,
        description="The service provider's account at WeChat Pay, through which companies are paid in the mini-programs: a TOML "
        "file, see docs/operators.md. Unset: nobody pays this way in production; development uses its own double.",
    )
    invoice_gateway: str | None = Field(
        None,
        description="Where electronic invoices are asked for (`https://…`), see docs/operators.md. Unset: nobody asks for any in "
        "production; development uses its own double.",
    )
    invoice_secret: SecretStr | None = Field(
        None,
        description="What requests to the invoice gateway and its answers are signed with: `whsec_` and 24 bytes or more in "
        "Base64.",
    )
    sso: Path | None = Field(
        None, description="Counties' own single sign-on for officials: a TOML file, see docs/operators.md."
    )

    jobs: bool = Field(
        True, description="Whether `anju serve` also works on jobs. Production may run `anju worker` apart."
    )
    job_concurrency: int = Field(2, ge=1, le=32, description="Jobs worked on at once.")
    files: str | None = Field(
        None,
        description="Store of uploaded files (`file:///…`, `s3://bucket/prefix`). Default: `files` in the data folder.",
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severity that is logged."
    )
    log_format: Literal["console", "json"] | None = Field(
        None, description="Default: `console` in development, `json` in production."
    )

    @field_validator("cors_origins", "proxy_addresses", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("person_quota", "partner_quota", "anonymous_quota")
    @classmethod
    def _is_quota(cls, value: str | None) -> str | None:
        return str(Quota.parse(value)) if value else None

    @field_validator("phone_lockout", "address_lockout", "client_lockout")
    @classmethod
    def _is_lockout(cls, value: str) -> str:
        return str(Lockout.parse(value))

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        if not value.get_secret_value().startswith(("postgresql://", "postgresql+psycopg://", "postgres://")):
            raise ValueError("must start with postgresql://")
        return SecretStr(value.get_secret_value().replace("postgres://", "postgresql://", 1))

    @field_validator("sms_gateway", "wechat_api", "invoice_gateway")
    @classmethod
    def _is_secure(cls, value: str | None) -> str | None:
        return value and checked_endpoint(value)

    @field_validator("kms")
    @classmethod
    def _is_http(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        url = urlsplit(value.get_secret_value())
        if url.scheme not in ("http", "https") or not url.username or not url.path.strip("/"):
            raise ValueError("must look like https://TOKEN@host:port/name-of-the-key")
        return value

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.payment_slots >= self.max_concurrency:
            raise ValueError("ANJU_PAYMENT_SLOTS must be smaller than ANJU_MAX_CONCURRENCY")
        if self.environment == "production" and "*" in self.cors_origins:
            raise ValueError("ANJU_CORS_ORIGINS: production lists its origins; * is for development")
        if bool(self.proxy_addresses) != bool(self.proxy_secret):
            raise ValueError("ANJU_PROXY_ADDRESSES and ANJU_PROXY_SECRET are set together or not at all")
        if bool(self.sms_gateway) != bool(self.sms_secret):
            raise ValueError("ANJU_SMS_GATEWAY and ANJU_SMS_SECRET are set together or not at all")
        if bool(self.invoice_gateway) != bool(self.invoice_secret):
            raise ValueError("ANJU_INVOICE_GATEWAY and ANJU_INVOICE_SECRET are set together or not at all")
        if self.wechat_pay and not self.wechat_apps:
            raise ValueError("ANJU_WECHAT_PAY: who pays is known by ANJU_WECHAT_APPS, which is not set")
        _ = self.proxy, self.wechat_secrets
        return self

    @property
    def proxy(self) -> "TrustedProxy | None":
        """Whose word on client certificates is taken. Raises ``ValueError``."""
        if self.proxy_secret is None:
            return None
        from auth.proxy import TrustedProxy  # loads cryptography, which most commands do without

        secret = self.proxy_secret.get_secret_value()
        if len(secret) < KEY_BYTES:
            raise ValueError(f"ANJU_PROXY_SECRET needs {KEY_BYTES} characters or more")
        return TrustedProxy.of(self.proxy_addresses, secret)

    def quota(self, caller: Literal["person", "partner", "anonymous"]) -> Quota:
        """What such a caller may ask. In development, unless it is set, enough for a load test with one login."""
        given: str | None = getattr(self, f"{caller}_quota")
        return Quota.parse(given) if given else QUOTAS[caller].times(GENEROSITY if self.development else 1)

    @cached_property
    def wechat_secrets(self) -> Mapping[str, str]:
        """The mini-programs, appid → secret. Raises ``ValueError``."""
        given = self.wechat_apps.get_secret_value() if self.wechat_apps else ""
        pairs = [one.strip().partition("=") for one in given.split(",") if one.strip()]
        if not all(appid and secret for appid, _, secret in pairs):
            raise ValueError("ANJU_WECHAT_APPS must look like wx0123456789abcdef=secret")
        return {appid: secret for appid, _, secret in pairs}

    @property
    def lockouts(self) -> dict[Subject, Lockout]:
        """When whom is locked out."""
        return {subject: Lockout.parse(getattr(self, f"{subject.lower()}_lockout")) for subject in Subject}

    @property
    def development(self) -> bool:
        """Whether the development sign-in, GraphiQL and the printing of codes are offered."""
        return self.environment == "development"

    @property
    def url(self) -> str:
        """Where clients reach this deployment, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def files_url(self) -> str:
        """Where uploaded files are stored."""
        return self.files or (self.data.expanduser().resolve() / "files").as_uri()

    @cached_property
    def keys(self) -> "Secrets":
        """The deployment's keys; development makes them at first use. Raises ``SettingsError``."""
        path = (self.secrets or self.data / "secrets.json").expanduser()
        if not path.exists():
            if not self.development:
                raise SettingsError(
                    f"ANJU_SECRETS: {path} does not exist; production needs it, `anju secrets` makes it"
                )
            make_secrets(path, "development")
        found = read_secrets(path)
        if found.made_for == "development" and not self.development:
            raise SettingsError(f"ANJU_SECRETS: {path} was made for development; make another with `anju secrets`")
        return replace(found, counties=self._county_keys(path))

    def _county_keys(self, path: Path) -> "FileCountyKeys":
        from app.county_keys import FileCountyKeys, TransitKms

        if self.kms is None:
            return FileCountyKeys(path)
        url = urlsplit(self.kms.get_secret_value())
        where = f"{url.scheme}://{url.hostname}" + (f":{url.port}" if url.port else "")
        return FileCountyKeys(path, TransitKms(where, unquote(url.username or ""), url.path.strip("/")))

    def with_database(self, url: str) -> Self:
        """The same settings on the database that was found or started for them."""
        return self.model_copy(update={"database_url": SecretStr(url)})

    @property
    def database(self) -> str:
        """The database's URL, once it is known."""
        if self.database_url is None:
            raise SettingsError("DATABASE_URL is not set, and the embedded server has not been started")
        return self.database_url.get_secret_value()


def checked_endpoint(url: str) -> str:
    """The address, if secrets may be sent there: HTTPS, or HTTP to this machine. Raises ``ValueError``."""
    parts = urlsplit(url)
    here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not (here or parts.scheme == "https") or not parts.hostname or parts.username or parts.fragment:
        raise ValueError("must look like https://host/path")
    return url


def load(**given: Any) -> Settings:
    """The settings of the environment; ``given`` (a command's options) goes first where it is not None."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise SettingsError("; ".join(_complaint(one) for one in error.errors())) from None


def _complaint(error: Any) -> str:
    said = error["msg"].removeprefix("Value error, ")
    return f"{variable(str(error['loc'][0]))}: {said}" if error["loc"] else said


@dataclass(frozen=True)
class Secrets:
    """The keys of a deployment. Losing them loses the personal data; they are not in the database or its backups."""

    made_for: str
    root: bytes = field(repr=False)
    masters: Mapping[int, bytes] = field(repr=False)
    sealing: int
    indexing: int
    counties: "FileCountyKeys | None" = field(default=None, repr=False, compare=False)
    """The keys that counties have of their own."""

    def key(self, purpose: str) -> bytes:
        """32 bytes for one purpose (``"one-time codes"``, ``"file links"``): HMAC-SHA-256 of its name under the
        root."""
        return hmac.digest(self.root, purpose.encode(), hashlib.sha256)

    def vault(self) -> "DerivedVault":
        """What seals and opens personal data (``models/sealed.py``)."""
        from models.sealed import DerivedVault, NoCountyKeys  # loads every model, which most commands do without

        counties = self.counties or NoCountyKeys()
        return DerivedVault(self.masters, current=self.sealing, index_key=self.indexing, counties=counties)


def make_secrets(path: Path, made_for: str) -> Secrets:
    """Write a file of fresh keys, readable by its owner only. Raises ``SettingsError`` when there is one."""
    document = {
        "made_for": made_for,
        "root": _fresh(),
        "masters": {"1": _fresh(), "2": _fresh()},
        "sealing": 1,
        "indexing": 2,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and linked: of two first starts one makes the keys and both read the same ones.
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(document, file, indent=2)
    try:
        os.link(partial, path)
    except FileExistsError:
        if made_for != "development":
            raise SettingsError(f"{path} exists already; keys are never overwritten") from None
    finally:
        partial.unlink()
    return read_secrets(path)


def read_secrets(path: Path) -> Secrets:
    """The keys of a file. Raises ``SettingsError`` when they are not whole."""
    try:
        document = json.loads(path.read_text())
        read = Secrets(
            made_for=document["made_for"],
            root=base64.b64decode(document["root"]),
            masters={int(number): base64.b64decode(key) for number, key in document["masters"].items()},
            sealing=document["sealing"],
            indexing=document["indexing"],
        )
        for number in (read.sealing, read.indexing):
            if number not in read.masters:
                raise ValueError(f"master key {number} is missing")
        if {len(key) for key in (read.root, *read.masters.values())} != {KEY_BYTES}:
            raise ValueError(f"every key has {KEY_BYTES} bytes")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"ANJU_SECRETS: {path} cannot be used: {error}") from error
    return read


def _fresh() -> str:
    return base64.b64encode(random.token_bytes(KEY_BYTES)).decode()


def variable(name: str) -> str:
    """The environment variable of a setting."""
    setting = Settings.model_fields.get(name)
    alias = setting.validation_alias if setting else None
    return alias if isinstance(alias, str) else name if name.isupper() else f"ANJU_{name.upper()}"
