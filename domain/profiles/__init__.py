"""County profiles: dated parameters read from one TOML file per county, over the defaults of ``defaults.toml``.

A file holds ``[[version]]`` tables, oldest first. Each gives ``number``, ``valid_from`` and the values that changed,
every value with its basis: ``contract_filing_days = { value = 10, basis = "Zibo …" }``. A version takes over what it
does not name.

>>> profile("370303", date(2026, 1, 1)).contract_filing_days
10
"""

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType, NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from domain.profiles.parameters import BankItemWorth, FundRate, GuidePrice, Profile

IDENTITY = frozenset({"county", "name", "version", "valid_from", "basis"})
"""The fields of a profile that are not parameters."""

COUNTIES = ("220382", "370303", "410927", "451122", "620724")
"""The counties whose profiles are packaged."""

_registered: dict[str, tuple[Profile, ...]] = {}


class UnknownCounty(LookupError):  # noqa: N818 -- a configuration fault, named as in domain.errors
    """There is no profile: the county is not packaged, or it had none yet on that day."""


class InvalidProfile(ValueError):  # noqa: N818
    """A profile file lacks a parameter, has one too many, or a value of the wrong type."""


def counties() -> tuple[str, ...]:
    """The codes of all counties with a profile, sorted."""
    return tuple(sorted({*COUNTIES, *_registered}))


def profile(county: str, on: date) -> Profile:
    """The profile in force in a county on a day. Raises ``UnknownCounty``."""
    in_force = [version for version in versions(county) if version.valid_from <= on]
    if not in_force:
        raise UnknownCounty(f"county {county} has no profile in force on {on.isoformat()}")
    return in_force[-1]


def profile_version(version: str) -> Profile:
    """The profile that a case or a decision stored (``620724/1``). Raises ``UnknownCounty``."""
    for known in versions(version.partition("/")[0]):
        if known.version == version:
            return known
    raise UnknownCounty(f"there is no profile version {version}")


def versions(county: str) -> tuple[Profile, ...]:
    """All versions of a county's profile, oldest first. Raises ``UnknownCounty``."""
    if county in _registered:
        return _registered[county]
    if county not in COUNTIES:
        raise UnknownCounty(f"county {county} has no profile; known are {', '.join(counties())}")
    return _packaged(county)


def profile_for_test(code: str, copy_of: str, **changes: Any) -> Profile:
    """Register a test county (``99xxxx``) with a copy of a county's latest profile, changed as given, and return it."""
    if not (code.startswith("99") and len(code) == 6 and code.isdigit()):
        raise ValueError("test counties have codes 990000 to 999999")
    copied = tuple(
        replace(version, county=code, version=f"{code}/{version.version.partition('/')[2]}", **changes)
        for version in versions(copy_of)
    )
    _registered[code] = copied
    return copied[-1]


def parse(county: str, text: str, defaults: str) -> tuple[Profile, ...]:
    """Profiles from the text of a county's file and of the defaults. Raises ``InvalidProfile``."""
    document = tomllib.loads(text)
    values: dict[str, Any] = tomllib.loads(defaults)
    parsed: list[Profile] = []
    for version in document["version"]:
        meta = {"number", "valid_from"}
        values = values | {name: entry for name, entry in version.items() if name not in meta}
        parsed.append(
            _profile(county, document["name"], f"{county}/{version['number']}", version["valid_from"], values)
        )
    if [p.valid_from for p in parsed] != sorted({p.valid_from for p in parsed}):
        raise InvalidProfile(f"{county}: versions stand oldest first, each with a day of its own")
    return tuple(parsed)


@cache
def _packaged(county: str) -> tuple[Profile, ...]:
    folder = files("domain.profiles")
    return parse(
        county,
        folder.joinpath(f"{county}.toml").read_text("utf-8"),
        folder.joinpath("defaults.toml").read_text("utf-8"),
    )


def _profile(county: str, name: str, version: str, valid_from: date, values: Mapping[str, Any]) -> Profile:
    hints = get_type_hints(Profile)
    parameters = {field.name for field in fields(Profile)} - IDENTITY
    if parameters != set(values):
        raise InvalidProfile(f"{version}: missing or unknown parameters {sorted(parameters ^ set(values))}")
    read: dict[str, Any] = {}
    basis: dict[str, str] = {}
    for parameter, entry in values.items():
        try:
            basis[parameter] = entry["basis"]
            read[parameter] = _read(hints[parameter], entry.get("value"))
        except (KeyError, TypeError, ValueError) as fault:
            raise InvalidProfile(f"{version}: {parameter}: {fault}") from fault
    return Profile(
        county=county, name=name, version=version, valid_from=valid_from, basis=MappingProxyType(basis), **read
    )


def _read(kind: Any, value: Any) -> Any:
    """A TOML value as the type that the field declares."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return None if value is None else _read(inner, value)
    if origin in (tuple, frozenset):
        if not isinstance(value, list):
            raise TypeError(f"{value!r} is not a list")
        return origin(_read(arguments[0], item) for item in value)
    if kind in (GuidePrice, FundRate, BankItemWorth):
        hints = get_type_hints(kind)
        if set(hints) != set(value):
            raise ValueError(f"a line has {sorted(hints)}")
        return kind(**{name: _read(hint, value[name]) for name, hint in hints.items()})
    if issubclass(kind, StrEnum):
        return kind(value)
    if type(value) is not kind:
        raise TypeError(f"{value!r} is not {kind.__name__}")
    return value
