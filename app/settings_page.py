"""``docs/settings.md``: every setting with its meaning, from the declarations themselves."""

import types
import typing
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

from app.settings import Settings, variable


def settings_table() -> str:
    """The settings as a Markdown table: ``docs/settings.md`` is made of it."""
    rows = ["| Variable | Values | Default | Meaning |", "|---|---|---|---|"]
    for name, setting in Settings.model_fields.items():
        default = "" if setting.default_factory or setting.default in (None, ()) else f"`{_plain(setting.default)}`"
        rows.append(f"| `{variable(name)}` | {_values(setting.annotation)} | {default} | {setting.description} |")
    return "\n".join(rows) + "\n"


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_WORDS = {str: "text", int: "whole number", float: "number", bool: "true, false", Path: "path", SecretStr: "text"}


def _values(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin is types.UnionType or origin is typing.Union:
        return ", ".join(_values(one) for one in arguments if one is not types.NoneType)
    if origin is tuple:
        return "list"
    return _WORDS[annotation]


SETTINGS_PAGE = """\
<!-- Made by `anju settings --write`; edit app/settings.py instead. -->

# Settings

Everything is set by environment variables. Nothing needs to be set for development.

{table}"""


def settings_page() -> str:
    """The text of ``docs/settings.md``."""
    return SETTINGS_PAGE.format(table=settings_table())
