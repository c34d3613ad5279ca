"""The catalogue of refusals: every code is documented and has a sentence in every locale."""

import string
import tomllib
from datetime import date
from pathlib import Path

import pytest

from domain.errors import ErrorCode, Refusal
from domain.roles import Role

LOCALES = Path(__file__).resolve().parents[2] / "app" / "locales"
TEXTS = {path.stem: tomllib.loads(path.read_text("utf-8"))["errors"] for path in sorted(LOCALES.glob("*.toml"))}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_locales_are_read() -> None:
    assert set(TEXTS) == {"en", "zh-CN"}


@pytest.mark.parametrize("locale", TEXTS)
def test_every_code_has_a_sentence_and_every_sentence_a_code(locale: str) -> None:
    assert set(TEXTS[locale]) == {code.value for code in ErrorCode}


@pytest.mark.parametrize("code", ErrorCode)
def test_a_code_is_named_by_its_value_documented_and_says_the_same_in_each_locale(code: ErrorCode) -> None:
    assert code.name == code.value
    assert code.doc.endswith(".")
    texts = [TEXTS[locale][code] for locale in TEXTS]
    assert all(text.rstrip().endswith((".", "。")) for text in texts)
    assert len({frozenset(placeholders(text)) for text in texts}) == 1


def test_the_codes_worth_repeating_are_those_of_load_locks_collisions_and_stopped_books() -> None:
    later = {ErrorCode.LEDGER_STOPPED, ErrorCode.LOCKED_OUT, ErrorCode.RATE_LIMITED, ErrorCode.TRY_AGAIN}
    assert {code for code in ErrorCode if code.retryable} == later
    assert Refusal(ErrorCode.TRY_AGAIN).retryable
    assert not Refusal(ErrorCode.NOT_FOUND).retryable


def test_a_refusal_knows_its_field_and_params() -> None:
    refusal = Refusal(ErrorCode.OUT_OF_RANGE, "areaM2", least=1, most=9)
    assert (refusal.code, refusal.field, refusal.params) == (ErrorCode.OUT_OF_RANGE, "areaM2", {"least": 1, "most": 9})
    assert str(refusal) == "OUT_OF_RANGE (areaM2) least=1 most=9"
    assert refusal == Refusal(ErrorCode.OUT_OF_RANGE, "areaM2", least=1, most=9)
    assert refusal != Refusal(ErrorCode.OUT_OF_RANGE, "areaM2", least=2, most=9)


@pytest.mark.parametrize(
    ("refusal", "template", "sentence"),
    [
        (Refusal(ErrorCode.LATE, deadline=date(2025, 5, 12)), "ended on {deadline}", "ended on 2025-05-12"),
        (Refusal(ErrorCode.PRICE_ABOVE_CEILING, ceiling_fen=123456), "above {ceiling_fen}", "above ¥1,234.56"),
        (Refusal(ErrorCode.FORBIDDEN_ROLE, roles={Role.TOWNSHIP, Role.BUREAU}), "for {roles}", "for BUREAU, TOWNSHIP"),
        (Refusal(ErrorCode.LATE), "ended on {deadline}", "ended on …"),
    ],
)
def test_sentences_are_filled_and_a_forgotten_param_never_hides_the_refusal(
    refusal: Refusal, template: str, sentence: str
) -> None:
    assert refusal.sentence(template) == sentence
