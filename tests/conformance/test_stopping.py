"""A stop signal reaches clients kindly: sockets close, streams end, answers under way are still given."""

import asyncio
import json
from pathlib import Path

import httpx
import websockets

from tests.conformance.tools import Server, serving


async def test_stopping_with_connections_open(tmp_path: Path) -> None:
    with serving("tests.edge.tiny:app", {}, tmp_path / "server.log") as server:
        async with asyncio.timeout(60):
            await _stop_under_load(server)


async def _stop_under_load(server: Server) -> None:
    graphql = f"{server.url}/graphql"
    stream = {"accept": "text/event-stream"}
    async with (
        websockets.connect(graphql.replace("http", "ws"), subprotocols=["graphql-transport-ws"]) as socket,
        httpx.AsyncClient() as client,
        client.stream("POST", graphql, json={"query": "subscription{silence}"}, headers=stream) as events,
    ):
        await socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(await socket.recv()) == {"type": "connection_ack"}
        pieces = events.aiter_raw()
        assert await anext(pieces) == b":\n\n"
        under_way = asyncio.create_task(client.post(graphql, json={"query": "{slow(seconds:1)}"}))
        await _until_under_way(client, server.url)
        server.stop()
        await socket.wait_closed()
        assert (socket.close_code, socket.close_reason) == (1001, "Going away")
        assert [piece async for piece in pieces] == []
        assert (await under_way).json()["data"] == {"slow": "done"}


async def _until_under_way(client: httpx.AsyncClient, url: str) -> None:
    while "anju_requests_under_way 1.0" not in (await client.get(f"{url}/metrics")).text:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
