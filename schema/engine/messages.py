"""What refusals say and what enum values are called, by language. The composition root owns the texts and registers them."""

from collections.abc import Callable

from domain.errors import Refusal

Speaker = Callable[[Refusal, str], str]
Labeller = Callable[[str, str, str], str]

_SPEAKERS: list[Speaker] = []
_LABELLERS: list[Labeller] = []


def speak(speaker: Speaker, labeller: Labeller) -> None:
    """Register what turns a refusal into a sentence, and an enum's value into what people call it (``app.texts``)."""
    _SPEAKERS[:] = [speaker]
    _LABELLERS[:] = [labeller]


def message(refusal: Refusal, locale: str) -> str:
    """The sentence; the bare code where no texts were registered."""
    return _SPEAKERS[0](refusal, locale) if _SPEAKERS else str(refusal.code)


def label(enum: str, value: str, locale: str) -> str:
    """What people call an enum's value; the bare value where no texts were registered."""
    return _LABELLERS[0](enum, value, locale) if _LABELLERS else value
