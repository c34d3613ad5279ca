"""Trusted documents in the whole application: uploaded, run by id, nothing else let through, retired."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from auth.manifests import add_manifest, manifests, retire_manifest, trust_only
from domain.errors import Refusal
from domain.manifests import ManifestError
from tests.database import Database
from tests.deployment import Deployed, deployed
from tests.edge.asgi_client import Socket

NAMES = "query Names($n: Int!) { estates(first: $n) { nodes { name } } }"
CODES = "query Codes { estates(first: 1) { nodes { code } } }"
EMPTY = {"estates": {"nodes": []}}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def by_hash(text: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)}}}


async def change(there: Deployed, act: Callable[..., None], *given: Any) -> None:
    async with there.sessions.begin() as session:
        await session.run_sync(lambda run: act(run, *given))


def code(answer: httpx.Response) -> str | None:
    errors = answer.json().get("errors")
    assert (answer.status_code == 400) is bool(errors), answer.text
    return errors[0]["extensions"]["code"] if errors else None


async def test_an_apps_documents_from_the_first_upload_to_their_end(
    database: Database, county: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with deployed(database, county, tmp_path, monkeypatch) as there:
        app, other = await there.client(app=True), await there.client(app=True)
        official = (await there.world.bureau()).account_id
        token, elsewhere = await there.token(official, app), await there.token(official, other)
        assert code(await there.ask(token, NAMES, variables={"n": 1})) is None
        assert code(await there.ask(token, None, **by_hash(CODES))) == "PERSISTED_QUERY_NOT_FOUND"

        # Uploaded while the server runs: found by the next request.
        await change(there, add_manifest, app, "1.0.0", {sha256(NAMES): NAMES, "codes": CODES})
        for named in (by_hash(NAMES), {"documentId": sha256(NAMES)}, {"documentId": f"sha256:{sha256(NAMES)}"}):
            answer = await there.ask(token, None, variables={"n": 1}, **named)
            assert answer.json()["data"] == EMPTY
        assert (await there.ask(token, None, documentId="codes")).json()["data"] == EMPTY
        assert code(await there.ask(elsewhere, None, documentId="codes")) == "PERSISTED_QUERY_NOT_FOUND"
        assert code(await there.ask(None, None, documentId="codes")) == "PERSISTED_QUERY_NOT_FOUND"
        assert code(await there.ask(token, "{__typename}")) is None, "the rest still runs"

        # From now on nothing else runs for this app, whatever it is.
        await change(there, trust_only, app, True)
        for refused in (
            await there.ask(token, "{estates(first:1){nodes{name}}}"),
            await there.ask(token, "{__schema{queryType{name}}}"),
            await there.ask(token, "{broken"),
            await there.ask(token, "{__typename}", **by_hash("{__typename}")),
            await there.ask(token, None, **by_hash("{__typename}")),
        ):
            assert code(refused) == "DOCUMENT_NOT_TRUSTED"
        assert (await there.ask(token, None, documentId="codes")).json()["data"] == EMPTY
        assert (await there.ask(token, CODES)).json()["data"] == EMPTY, "the text of a trusted document"
        assert code(await there.ask(elsewhere, "{__typename}")) is None
        socket = await Socket(there.app).greeted(authorization=f"Bearer {token}")
        for query, kind in (("subscription{heartbeat(count:1){number}}", "error"), (CODES, "next")):
            socket.subscribe(query, query)
            message = await socket.message()
            assert message["type"] == kind
            assert kind == "next" or message["payload"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
        socket.leave()

        # Two versions side by side, then the first one ends.
        await change(there, add_manifest, app, "1.1.0", {sha256(NAMES): NAMES})
        assert (await there.ask(token, None, documentId="codes")).json()["data"] == EMPTY
        await change(there, retire_manifest, app, "1.0.0")
        assert code(await there.ask(token, None, documentId="codes")) == "DOCUMENT_NOT_TRUSTED"
        assert code(await there.ask(token, CODES)) == "DOCUMENT_NOT_TRUSTED"
        assert code(await there.ask(token, None, variables={"n": 1}, **by_hash(NAMES))) is None

        for act, given in (
            (retire_manifest, (app, "1.1.0")),
            (add_manifest, (app, "1.0.0", {"names": NAMES})),
            (add_manifest, (app, "1.2.0", {sha256(NAMES): CODES})),
            (trust_only, (other, True)),
        ):
            with pytest.raises(ManifestError):
                await change(there, act, *given)
        for act, given in ((retire_manifest, (app, "9")), (add_manifest, ("nobody", "1", {"a": CODES}))):
            with pytest.raises(Refusal):
                await change(there, act, *given)
        async with there.sessions.begin() as session:
            held = await session.run_sync(manifests, app)
        assert [(each.version, each.retired_at is None) for each in held] == [("1.0.0", False), ("1.1.0", True)]


async def test_a_server_that_starts_has_read_them(
    database: Database, county: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"query Own{county} {{ estates(first: 2) {{ nodes {{ name }} }} }}"
    async with deployed(database, county, tmp_path, monkeypatch) as there:
        app = await there.client(app=True)
        await change(there, add_manifest, app, "1", {"own": text})
        assert there.app.state.service.documents.known(text) is None
    async with deployed(database, county, tmp_path, monkeypatch) as there:
        assert there.app.state.service.documents.known(text).rejection is None
