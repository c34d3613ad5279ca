"""The words about the house say what is so: README's picture, the places of a feature, what each command says of itself."""

import inspect
import re
import tomllib
from itertools import pairwise

from schema.api import graphql_schema
from schema.engine.declare import declaration_of
from schema.engine.intents import Intent
from tests.docs.test_guides import ROOT

LAYERS = next(
    contract["layers"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    if contract["type"] == "layers"
)


def test_the_picture_shows_the_house_as_it_is_built() -> None:
    """The arrows of README's picture are the imports that the linter allows, from the application down to the rules."""
    [picture] = re.findall(r"^```mermaid\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    arrows = dict(re.findall(r"^ *(\w+)(?:\[.*\])? --> (\w+)", picture, re.MULTILINE))
    assert [(layer, arrows.get(layer)) for layer in LAYERS[:-1]] == list(pairwise(LAYERS))


def test_a_feature_is_added_in_six_places_that_are_there() -> None:
    guide = (ROOT / "docs/contributing.md").read_text("utf-8")
    steps = re.findall(r"^(\d)\. \*\*\w+\*\*, `([\w/]+?)(?:/<stem>.*)?`", guide.partition("six files")[2], re.MULTILINE)
    assert [number for number, _ in steps] == list("123456")
    assert [folder for _, folder in steps] == ["domain", "models", "auth/policies", "resolvers", "schema", "tests"]
    assert all((ROOT / folder).is_dir() for _, folder in steps)


def test_every_command_says_what_it_does() -> None:
    """Few adapters stand between an intent and its command; they say nothing of their own."""
    mutations = graphql_schema().mutation_type
    assert mutations is not None
    declared = [declaration_of("Mutation", name) for name in mutations.fields]
    commands = [inspect.unwrap(intent.command) for intent in declared if isinstance(intent, Intent)]
    told = [command for command in commands if command.__module__.startswith("resolvers.")]
    assert len(told) > 100
    assert [command.__qualname__ for command in told if not inspect.getdoc(command)] == []
