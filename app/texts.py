"""What people read, in the language they asked for: the sentences of ``app/locales``."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from domain.errors import Refusal
from schema.documents import Locale
from schema.engine.messages import speak


@cache
def texts(locale: Locale) -> dict[str, dict[str, str]]:
    """One language's tables: ``texts("en")["errors"]["NOT_FOUND"]``."""
    found: dict[str, dict[str, str]] = tomllib.loads(files("app.locales").joinpath(f"{locale}.toml").read_text("utf-8"))
    return found


def sentence(refusal: Refusal, locale: Locale) -> str:
    """What the refusal says to a person, and what to do about it."""
    return refusal.sentence(texts(locale)["errors"][refusal.code])


def error_body(refusal: Refusal, locale: Locale) -> dict[str, Any]:
    """A refusal as clients get it, the same four members as in ``userErrors``."""
    return {
        "code": refusal.code.value,
        "message": sentence(refusal, locale),
        "field": refusal.field,
        "retryable": refusal.retryable,
    }


def speak_up() -> None:
    """Give the schema its texts: a process that answers, or writes lists, calls it once."""
    speak(
        lambda refusal, locale: sentence(refusal, _locale(locale)),
        lambda enum, value, locale: label(enum, value, _locale(locale)),
    )


def _locale(name: str) -> Locale:
    return "en" if name == "en" else "zh-CN"


def label(enum: str, value: str, locale: Locale) -> str:
    """What people call a value of a GraphQL enum (``[labels.<Enum>]`` of the language); the bare value without a text."""
    names: Any = texts(locale).get("labels", {}).get(enum, {})
    return str(names.get(value, value))
