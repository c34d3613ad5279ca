"""What a manifest may hold, as the build tools write it."""

import hashlib
from typing import Any

import pytest

from app.manifests import check
from domain.manifests import ManifestError, read_manifest
from schema.api import graphql_schema


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


HELLO = "query Hello { viewer { displayName } }"
OTHER = "query Other { viewer { locale } }"


@pytest.mark.parametrize(
    "written",
    [
        {sha256(HELLO): HELLO, "relay-md5-0f": OTHER},
        {f"sha256:{sha256(HELLO)}": HELLO, "relay-md5-0f": OTHER},
        {
            "format": "apollo-persisted-query-manifest",
            "version": 1,
            "operations": [
                {"id": sha256(HELLO), "name": "Hello", "type": "query", "body": HELLO},
                {"id": "relay-md5-0f", "name": "Other", "type": "query", "body": OTHER},
            ],
        },
    ],
)
def test_the_forms_of_build_tools(written: Any) -> None:
    assert read_manifest(written) == {sha256(HELLO): HELLO, "relay-md5-0f": OTHER}


@pytest.mark.parametrize(
    ("written", "faults"),
    [
        ([], ["a manifest is a JSON object of id and document, with one at least"]),
        ({}, ["a manifest is a JSON object of id and document, with one at least"]),
        ({"format": "apollo-persisted-query-manifest"}, ["the manifest has no list of operations"]),
        (
            {"a": 1, "b c": HELLO, "0" * 64: HELLO},
            [
                "a: the document is not a text",
                "'b c': an id has letters, digits and . : / + = - _, at most 200",
                f"{'0' * 64}: the id is not the SHA-256 of its document",
            ],
        ),
        ({f"d{n}": "{a}" for n in range(1_001)}, ["1001 documents: at most 1000 are taken"]),
        ({"d": "#" * 400_001}, ["400001 characters: at most 400000 are taken"]),
    ],
)
def test_all_faults_of_form_are_told(written: Any, faults: list[str]) -> None:
    with pytest.raises(ManifestError) as raised:
        read_manifest(written)
    assert list(raised.value.faults) == faults


def test_all_faults_against_the_schema_are_told() -> None:
    with pytest.raises(ManifestError) as raised:
        check(graphql_schema(), {"good": HELLO, "typo": "{ viewer { nam nme } }", "broken": "{", "deep": "{a" * 20})
    assert list(raised.value.faults) == [
        "typo: Cannot query field 'nam' on type 'Viewer'.",
        "typo: Cannot query field 'nme' on type 'Viewer'.",
        "broken: Syntax Error: Expected Name, found <EOF>.",
        "deep: Syntax Error: Expected Name, found <EOF>.",
    ]
