"""Documents are read once, rejected ones too; the cache is bounded, and trusted documents are not crowded out."""

import gc
import hashlib
import weakref

import pytest
from graphql import GraphQLSchema

from schema import documents as module
from schema.documents import Documents
from schema.faults import RequestError
from tests.edge.tiny import SCHEMA


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def validations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry per validation that was really done."""
    done: list[str] = []
    validate = module.validate

    def counted(schema: GraphQLSchema, ast: object, *rest: object, **options: object) -> object:
        done.append("validated")
        return validate(schema, ast, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "validate", counted)
    return done


def documents(**options: object) -> Documents:
    return Documents(SCHEMA._schema, **options)  # type: ignore[arg-type]


def test_a_document_is_read_once(validations: list[str]) -> None:
    store = documents()
    first = store.get("{hello}")
    assert store.get("{hello}") is first
    assert validations == ["validated"]
    assert first.sha256 == sha256("{hello}")


def test_a_rejected_document_is_read_once_and_refused_each_time(validations: list[str]) -> None:
    store = documents()
    for _ in range(3):
        with pytest.raises(RequestError) as raised:
            store.get("{helo}").operation(None)
        assert raised.value.errors == [
            {
                "message": "Cannot query field 'helo' on type 'Query'.",
                "locations": [{"line": 1, "column": 2}],
                "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
            }
        ]
    assert validations == ["validated"]


@pytest.mark.parametrize(
    "text",
    [
        "{helo}",
        "{hello(nme:1)}",
        "{node(id:1){...on Bok{id}}}",
        "{node(id:1){...on Book{id}}} fragment F on Book{titel}",
        "query($x: Strin){hello(name:$x)}",
        "{hello @inclde(if:true)}",
    ],
)
def test_no_names_are_suggested(text: str) -> None:
    rejection = documents().get(text).rejection
    assert rejection is not None
    assert not any("Did you mean" in error["message"] for error in rejection.errors)


def test_at_most_twenty_errors_are_told() -> None:
    rejection = documents().get("{" + " ".join(f"f{n}" for n in range(40)) + "}").rejection
    assert rejection is not None
    assert len(rejection.errors) == 21
    assert rejection.errors[-1]["message"] == "Too many validation errors, error limit reached. Validation aborted."


def test_syntax_errors_name_their_place() -> None:
    rejection = documents().get("{hello").rejection
    assert rejection is not None
    assert rejection.errors == (
        {
            "message": "Syntax Error: Expected Name, found <EOF>.",
            "locations": [{"line": 1, "column": 7}],
            "extensions": {"code": "GRAPHQL_PARSE_FAILED"},
        },
    )


def test_the_cache_is_bounded_by_count_and_keeps_what_is_used() -> None:
    store = documents(capacity=3)
    texts = [f"{{a{n}:hello}}" for n in range(4)]
    for text in texts[:3]:
        store.get(text)
    store.get(texts[0])
    store.get(texts[3])
    assert len(store) == 3
    assert [store.known(text) is not None for text in texts] == [True, False, True, True]


def test_the_cache_is_bounded_by_size() -> None:
    store = documents(characters=400)
    for n in range(50):
        store.get(f"{{a{n:030}:hello}}")
    assert sum(len(text) for text in store._recent._documents) <= 400
    long = "{" + " ".join(f"a{n}:hello" for n in range(40)) + "}"
    assert store.get(long).rejection is None
    assert store.known(long) is None


def test_a_dropped_document_is_freed() -> None:
    store = documents(capacity=1)
    dropped = weakref.ref(store.get("{hello}"))
    for n in range(5):
        store.get(f"{{a{n}:hello}}")
    gc.collect()
    assert dropped() is None


def test_what_else_is_asked_does_not_drop_trusted_documents(validations: list[str]) -> None:
    store = documents(capacity=1)
    trusted = [store.trust(f"query T{n}{{hello}}") for n in range(5)]
    for n in range(5):
        store.get(f"{{a{n}:hello}}")
    del validations[:]
    assert [store.get(each.text) for each in trusted] == trusted
    assert [store.trust(each.text) for each in trusted] == trusted
    assert validations == []


def test_trusted_documents_are_bounded_too() -> None:
    store = documents(characters=400)
    for n in range(50):
        store.trust(f"{{a{n:030}:hello}}")
    assert sum(len(text) for text in store._trusted._documents) <= 400
    assert store.trust(f"{{a{0:030}:hello}}").rejection is None


def test_operations_are_chosen_by_name() -> None:
    document = documents().get("query A{hello} mutation B{rename(title:1)} subscription C{ticks}".replace(":1", ':"x"'))
    assert [(each.name, each.kind, each.fields) for each in document.operations] == [
        ("A", "query", ("hello",)),
        ("B", "mutation", ("rename",)),
        ("C", "subscription", ("ticks",)),
    ]
    assert document.operation("B").name == "B"
    for name in (None, "D"):
        with pytest.raises(RequestError) as raised:
            document.operation(name)
        assert raised.value.code == "OPERATION_NOT_FOUND"


def test_root_fields_are_found_through_fragments() -> None:
    text = "{...F ...on Query{a:hello me} __typename} fragment F on Query{locale ...G} fragment G on Query{hello}"
    operation = documents().get(text).operation(None)
    assert operation.fields == ("locale", "hello", "me", "__typename")
    assert operation.reads_data
    assert not operation.introspects
    assert not documents().get("{__typename}").operation(None).reads_data
    assert documents().get("{...F} fragment F on Query{__schema{queryType{name}}}").operation(None).introspects
