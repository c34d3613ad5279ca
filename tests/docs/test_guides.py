"""What the guides show works: GraphQL fits the schema, JSON its variables, commands and settings exist, links lead on."""

import json
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from graphql import GraphQLError, OperationDefinitionNode, parse, validate
from graphql.execution.values import get_variable_values

import auth.policies  # noqa: F401 - the schema's models have them
from app.cli import app
from app.settings import Settings, variable
from schema.api import graphql_schema
from schema.limits import Limits, excesses, measure

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SAMPLES = [path for path in sorted((ROOT / "docs/samples").rglob("*")) if path.suffix in (".ts", ".js", ".py")]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(path: Path, *languages: str) -> list[tuple[str, str]]:
    found = [(match[1], match[2]) for match in BLOCK.finditer(path.read_text("utf-8"))]
    return [(language, text) for language, text in found if language in languages]


def operations(path: Path) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """The documents of a guide, each with the variables that the JSON block after it gives."""
    found = blocks(path, "graphql", "json")
    for place, (language, text) in enumerate(found):
        if language == "graphql":
            after = found[place + 1] if place + 1 < len(found) else ("", "")
            yield text, json.loads(after[1]) if after[0] == "json" else None


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def check(text: str, variables: dict[str, Any] | None = None) -> None:
    """Valid, within the limits, and the variables are what it declares."""
    document = parse(text)
    assert validate(graphql_schema(), document) == [], text
    assert excesses(measure(document), Limits()) == []
    if variables is not None:
        [operation] = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
        coerced = get_variable_values(graphql_schema(), operation.variable_definitions, variables)
        assert not isinstance(coerced, list), coerced


WITH_GRAPHQL = [path for path in GUIDES if blocks(path, "graphql")]
DOCUMENTS = [
    pytest.param(*one, id=f"{shown(path)}-{number}")
    for path in WITH_GRAPHQL
    for number, one in enumerate(operations(path), 1)
]


@pytest.mark.parametrize(("text", "variables"), DOCUMENTS)
def test_graphql_fits_the_schema(text: str, variables: dict[str, Any] | None) -> None:
    check(text, variables)


@pytest.mark.parametrize("path", SAMPLES, ids=shown)
def test_graphql_of_the_samples_fits_the_schema(path: Path) -> None:
    text = path.read_text("utf-8")
    found = re.findall(r"/\* GraphQL \*/ `(.*?)`", text, re.DOTALL) + re.findall(
        r'"""(# GraphQL.*?)"""', text, re.DOTALL
    )
    assert len(found) == text.count("/* GraphQL */") + text.count("# GraphQL")
    for document in found:
        check(document)


def test_a_document_that_does_not_fit_is_seen() -> None:
    with pytest.raises(AssertionError):
        check("{ estates { nodes { nothing } } }")
    with pytest.raises(AssertionError):
        check("query($day: Date!) { payments(where: { receivedFrom: $day }) { totalCount } }", {"day": 5})
    with pytest.raises(GraphQLError):
        check("{ estates {")


def test_there_is_something_for_every_reader() -> None:
    assert {path.name for path in WITH_GRAPHQL} >= {"README.md", "clients.md", "mini-programs.md", "partners.md"}
    assert len(DOCUMENTS) > 15


# -- shell ------------------------------------------------------------------------------------------------------------


def lines(path: Path) -> Iterator[list[str]]:
    """The commands of a guide's shell blocks, each as words; what is assigned before a command is dropped."""
    for _, text in blocks(path, "sh"):
        for line in text.splitlines():
            line = re.sub(r"^(\w+)=\$\((.*)\)$", r"\2", line)
            for part in line.split(" && "):
                words = shlex.split(part)
                while words and re.fullmatch(r"\w+=.*", words[0]):
                    words.pop(0)
                if words:
                    yield words


SHELL = [pytest.param(words, id=f"{shown(path)}: {' '.join(words)[:60]}") for path in GUIDES for words in lines(path)]


@pytest.mark.parametrize("words", SHELL)
def test_commands_and_their_options_exist(words: list[str]) -> None:
    if not words[0].endswith("anju"):
        return
    command: Any = typer.main.get_command(app)
    rest = words[1:]
    while isinstance(command, click.Group) or hasattr(command, "commands"):
        assert rest[0] in command.commands, words
        command = command.commands[rest.pop(0)]
    options = {spelling for parameter in command.params for spelling in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= options, words


@pytest.mark.parametrize("words", SHELL)
def test_what_curl_sends_is_json_and_its_query_fits(words: list[str]) -> None:
    if words[0] != "curl" or "content-type: application/json" not in words:
        return
    body = json.loads(words[words.index("-d") + 1])
    assert isinstance(body, dict)
    if "query" in body:
        check(body["query"])


@pytest.mark.parametrize("path", GUIDES, ids=shown)
def test_settings_exist(path: Path) -> None:
    known = {variable(name) for name in Settings.model_fields} | {
        "ANJU_DEBUG",
        "ANJU_URL",
    }  # what the samples take, too
    assert set(re.findall(r"\bANJU_[A-Z_]+[A-Z]\b", path.read_text("utf-8"))) <= known


# -- programs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", GUIDES, ids=shown)
def test_programs_that_a_guide_shows_are_those_of_the_samples(path: Path) -> None:
    """What runs in tests/docs/test_samples.py is what the reader sees."""
    samples = [sample.read_text("utf-8") for sample in SAMPLES]
    for _, text in blocks(path, "python", "ts"):
        if "# not a sample" not in text:
            assert any(text in sample for sample in samples), text


# -- links and words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", GUIDES, ids=shown)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", [*GUIDES, *SAMPLES], ids=shown)
def test_no_address_but_examples_and_this_machine(path: Path) -> None:
    """Guides name no host that is somebody's."""
    hosts = set(re.findall(r"https?://([^/\s\"'`)]+)", path.read_text("utf-8")))
    assert {host for host in hosts if not re.fullmatch(r"127\.0\.0\.1:\d+|[\w.]+\.example\.gov\.cn", host)} <= {
        "host:port",
        "…",
        "api.weixin.qq.com",  # WeChat's, as the settings have it
    }


def test_the_folders_in_the_picture_are_the_layers_that_the_linter_keeps() -> None:
    """README's arrows against pyproject's contract."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    [layers] = [one["layers"] for one in project["tool"]["importlinter"]["contracts"] if one["type"] == "layers"]
    [(_, picture)] = blocks(ROOT / "README.md", "mermaid")
    drawn = re.findall(r"^  (\w+)\[.*?\] --> (\w+)$", picture, re.MULTILINE)
    assert drawn == list(pairwise(layers))
