"""The counties' own sign-in providers, from the file that ``ANJU_SSO`` names (TOML, one table per county)::

[370303]
name = "张店区统一身份认证"
name_en = "Zhangdian single sign-on"
issuer = "https://sso.example.gov.cn"
client_id = "anju"
client_secret = "…"                       # or private_key = "/etc/anju/sso-370303.json" (a JWK, ES256)
phone_claim = "phone_number"              # by which an official is recognised the first time
subject_claim = "sub"                     # by which from then on: sub, or a staff number
scope = "openid phone"
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.settings import SettingsError, checked_endpoint
from domain.profiles import COUNTIES

if TYPE_CHECKING:
    from joserfc.jwk import ECKey


@dataclass(frozen=True)
class Provider:
    """One county's provider."""

    county: str
    name: str
    issuer: str
    client_id: str
    name_en: str = ""
    client_secret: str | None = field(default=None, repr=False)
    private_key: "ECKey | None" = field(default=None, repr=False)
    subject_claim: str = "sub"
    """Names somebody for good at this provider: ``sub``, or a claim with the staff number."""
    phone_claim: str | None = None
    """The claim with a phone that the county vouches for; without one, subjects are linked by ``anju official link``."""
    scope: str = "openid"


def read_providers(path: Path | None) -> Mapping[str, Provider]:
    """The providers by county. Raises ``SettingsError`` with the county and what is wrong."""
    if path is None:
        return {}
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"ANJU_SSO: {path} cannot be read: {error}") from None
    return {county: _provider(county, given) for county, given in document.items()}


_TEXTS = ("name", "issuer", "client_id", "name_en", "client_secret", "subject_claim", "phone_claim", "scope")


def _provider(county: str, given: Any) -> Provider:
    if county not in COUNTIES:
        raise SettingsError(f"ANJU_SSO: {county} is no county of this deployment")
    if not isinstance(given, dict):
        raise SettingsError(f"ANJU_SSO: {county} must be a table")
    if unknown := set(given) - {*_TEXTS, "private_key"}:
        raise SettingsError(f"ANJU_SSO: {county}: nobody knows {', '.join(sorted(unknown))}")
    if wrong := [name for name, value in given.items() if not isinstance(value, str) or not value]:
        raise SettingsError(f"ANJU_SSO: {county}: {', '.join(wrong)} must be text")
    if missing := {"name", "issuer", "client_id"} - set(given):
        raise SettingsError(f"ANJU_SSO: {county}: {', '.join(sorted(missing))} is missing")
    if ("client_secret" in given) == ("private_key" in given):
        raise SettingsError(f"ANJU_SSO: {county}: client_secret or private_key is needed, not both")
    try:
        checked_endpoint(given["issuer"])
    except ValueError as error:
        raise SettingsError(f"ANJU_SSO: {county}: issuer {error}") from None
    if "openid" not in given.get("scope", "openid").split():
        raise SettingsError(f"ANJU_SSO: {county}: scope must contain openid")
    key = _private_key(county, Path(given["private_key"])) if "private_key" in given else None
    texts = {name: given[name] for name in _TEXTS if name in given}
    return Provider(county, **{**texts, "issuer": texts["issuer"].rstrip("/")}, private_key=key)


def _private_key(county: str, path: Path) -> "ECKey":
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey

    try:
        key = ECKey.import_key(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, JoseError) as error:
        raise SettingsError(f"ANJU_SSO: {county}: private_key {path} cannot be used: {error}") from None
    if not key.is_private or key.curve_name != "P-256":
        raise SettingsError(f"ANJU_SSO: {county}: private_key must be a private key of P-256")
    return key
