"""Every value of every enum has a name in every language, and no name is left over (``enumLabels``)."""

import pytest
from graphql import is_enum_type

import auth.policies  # noqa: F401 - the schema's models have them
from app.texts import label, texts
from schema.api import graphql_schema
from schema.documents import Locale

LOCALES: tuple[Locale, ...] = ("zh-CN", "en")


def enums() -> dict[str, set[str]]:
    types = graphql_schema().type_map
    return {
        name: set(type_.values) for name, type_ in types.items() if is_enum_type(type_) and not name.startswith("__")
    }


@pytest.mark.parametrize("locale", LOCALES)
def test_every_enum_value_has_a_label(locale: Locale) -> None:
    labels = {name: set(values) for name, values in texts(locale)["labels"].items()}
    assert labels == enums(), "write the labels into app/locales/<locale>.toml"


@pytest.mark.parametrize("locale", LOCALES)
def test_labels_of_one_enum_tell_its_values_apart(locale: Locale) -> None:
    for name, values in texts(locale)["labels"].items():
        called = [label(name, value, locale) for value in values]  # type: ignore[attr-defined]
        assert len(set(called)) == len(called), name
        assert all(called), name


def test_a_label_is_what_people_say() -> None:
    assert label("FilingState", "RETURNED", "zh-CN") == "退回补正"
    assert label("FilingState", "RETURNED", "en") == "Returned"
    assert label("FilingState", "UNHEARD_OF", "en") == "UNHEARD_OF"
