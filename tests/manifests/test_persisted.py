"""Automatic persisted queries: each client's store is its own, bounded, and not to be poisoned."""

import hashlib
import uuid

import pytest

from auth.actor import Actor, ClientTerms, anonymous
from schema import persisted
from schema.documents import Documents
from schema.faults import RequestError
from schema.persisted import Manifest, Persisted
from tests.edge.tiny import SCHEMA, TODAY


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def using(app: str | None, **terms: object) -> Actor:
    of_app = None if app is None else ClientTerms(app, **terms)  # type: ignore[arg-type]
    return Actor(uuid.uuid4(), None, None, "王小明", "zh-CN", TODAY, terms=of_app)


async def nothing(_: str) -> Manifest:
    return Manifest()


@pytest.fixture
def stores() -> Persisted:
    return Persisted(Documents(SCHEMA._schema, capacity=3), nothing)


async def knows(stores: Persisted, actor: Actor, text: str) -> bool:
    try:
        return (await stores.named(actor, sha256(text))).text == text
    except RequestError as error:
        if str(error) != "PersistedQueryNotFound":
            raise
        return False


async def test_what_was_sent_once_is_found_by_its_hash(stores: Persisted) -> None:
    actor = using("app")
    assert not await knows(stores, actor, "{hello}")
    await stores.keep(actor, "{hello}", sha256("{hello}"))
    assert await knows(stores, using("app"), "{hello}"), "by everybody who uses the app"


async def test_each_client_has_a_store_of_its_own(stores: Persisted) -> None:
    actors = [using("app"), using("other"), using(None), anonymous(TODAY)]
    for number, actor in enumerate(actors):
        await stores.keep(actor, f"{{a{number}:hello}}", sha256(f"{{a{number}:hello}}"))
    found = [[await knows(stores, actor, f"{{a{number}:hello}}") for number in range(4)] for actor in actors]
    assert found == [[row == column for column in range(4)] for row in range(4)]


async def test_no_client_crowds_out_another(stores: Persisted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persisted, "MOST_TEXTS", 5)
    mine, theirs = using("app"), using("greedy")
    await stores.keep(mine, "{hello}", sha256("{hello}"))
    texts = [f"{{a{number}:hello}}" for number in range(20)]
    for text in texts:
        await stores.keep(theirs, text, sha256(text))
    assert await knows(stores, mine, "{hello}")
    assert [await knows(stores, theirs, text) for text in texts] == [False] * 15 + [True] * 5


async def test_a_store_is_bounded_by_size(stores: Persisted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persisted, "MOST_CHARACTERS", 100)
    texts = [f"{{a{number:014}:hello}}" for number in range(8)]
    for text in [*texts, *texts[:2], "{" + "hello " * 10 + "}"]:
        await stores.keep(using("app"), text, sha256(text))
    assert sum([await knows(stores, using("app"), text) for text in texts]) == 100 // len(texts[0])


async def test_a_wrong_hash_is_refused_and_not_kept(stores: Persisted) -> None:
    with pytest.raises(RequestError, match="not the SHA-256"):
        await stores.keep(using("app"), "{hello}", sha256("{me}"))
    assert not await knows(stores, using("app"), "{me}")


async def test_rejected_documents_are_not_kept(stores: Persisted) -> None:
    document = await stores.keep(using("app"), "{helo}", sha256("{helo}"))
    assert document.rejection is not None
    assert not await knows(stores, using("app"), "{helo}")


async def test_a_client_of_trusted_documents_has_no_store(stores: Persisted) -> None:
    stores.trust("app", Manifest(1, {"greet": "query G{hello}"}))
    actor = using("app", only_trusted=True, documents_revision=1)
    assert (await stores.named(actor, "greet")).text == "query G{hello}"
    await stores.keep(actor, "query G{hello}", sha256("query G{hello}"))
    for refused in (
        stores.keep(actor, "{hello}", sha256("{hello}")),
        stores.named(actor, sha256("{hello}")),
        stores.permit(actor, "{hello}"),
    ):
        with pytest.raises(RequestError) as raised:
            await refused
        assert raised.value.code == "DOCUMENT_NOT_TRUSTED"
    assert stores._stores == {}


async def test_a_manifest_is_read_again_only_when_it_changed(stores: Persisted) -> None:
    reads: list[str] = []

    async def load(client_id: str) -> Manifest:
        reads.append(client_id)
        return Manifest(2, {"greet": "{hello}"})

    stores._load = load
    for revision, expected in ((0, []), (1, ["app"]), (2, ["app"]), (2, ["app"])):
        await stores.manifest(ClientTerms("app", documents_revision=revision))
        assert reads == expected
