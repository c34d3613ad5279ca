"""What a refusal says to a person, in their language. The texts are the composition root's; it registers them at start."""

from collections.abc import Callable

from domain.errors import Refusal

_SPEAKERS: list[Callable[[Refusal, str], str]] = []


def speak(speaker: Callable[[Refusal, str], str]) -> None:
    """Register what turns a refusal and a locale into a sentence (``app.locales``)."""
    _SPEAKERS[:] = [speaker]


def message(refusal: Refusal, locale: str) -> str:
    """The sentence; the bare code where no texts were registered."""
    return _SPEAKERS[0](refusal, locale) if _SPEAKERS else str(refusal.code)
