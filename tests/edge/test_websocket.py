"""``graphql-transport-ws``: messages and close codes, exactly. (A real client over a real server: tests/conformance.)"""

import asyncio
from typing import Any

import pytest

from app.requests import Service
from tests.edge.asgi_client import Socket, running, until
from tests.edge.tiny import GRANT, TOKEN, TinyActors, tiny_app

SIGNED_IN = {"authorization": f"Bearer {TOKEN}"}
INIT = {"type": "connection_init"}


def app(service: Service, **websocket: Any) -> Any:
    return tiny_app(service, origins=["https://app.example.org"], websocket=websocket)


async def opened(service: Service, **websocket: Any) -> Socket:
    socket = Socket(app(service, **websocket))
    await socket.hear()
    return socket


# -- handshake --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://app.example.org", "http://testserver", None])
async def test_own_and_listed_origins_may_connect(service: Service, origin: str | None) -> None:
    socket = Socket(app(service), {} if origin is None else {"origin": origin})
    await socket.greeted()
    socket.leave()
    await socket.ended()


async def test_foreign_origins_are_turned_away_before_the_handshake(service: Service) -> None:
    socket = Socket(app(service), {"origin": "https://evil.example"})
    assert await socket.close() == (4403, "Forbidden")


@pytest.mark.parametrize("protocols", [(), ("graphql-ws",)])
async def test_other_subprotocols(service: Service, protocols: tuple[str, ...]) -> None:
    socket = Socket(app(service), protocols=protocols)
    assert await socket.hear() == {"type": "websocket.accept"}
    assert await socket.close() == (4406, "Subprotocol not acceptable")


async def test_no_handshake_in_time(service: Service) -> None:
    socket = await opened(service, handshake_seconds=0.01)
    assert await socket.close() == (4408, "Connection initialisation timeout")


async def test_subscribing_before_the_handshake(service: Service) -> None:
    socket = await opened(service)
    socket.subscribe("1", "{hello}")
    assert await socket.close() == (4401, "Unauthorized")


async def test_a_second_handshake(service: Service) -> None:
    socket = await opened(service)
    socket.send(INIT)
    socket.send(INIT)
    events = [await socket.hear()]
    if events[0]["type"] == "websocket.send":
        events.append(await socket.hear())
    assert (events[-1]["code"], events[-1]["reason"]) == (4429, "Too many initialisation requests")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"authorization": "Bearer wrong"}, "The token is wrong, expired or revoked."),
        ({"Authorization": "Basic YTpi"}, "The Authorization header must be: Bearer <token>."),
        ({**SIGNED_IN, "actingAs": "mine"}, "X-Acting-As must be the id of a grant."),
        (
            {**SIGNED_IN, "actingAs": "01980000-0000-7000-8000-00000000ffff"},
            "X-Acting-As names none of the caller's grants.",
        ),
    ],
)
async def test_a_token_or_grant_worth_nothing(service: Service, payload: dict[str, str], reason: str) -> None:
    socket = await opened(service)
    socket.send({**INIT, "payload": payload})
    assert await socket.close() == (4403, reason)


async def test_a_full_server(service: Service) -> None:
    service.most_connections = 0
    socket = await opened(service)
    assert await socket.close() == (1013, "Try again later")


# -- messages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("this is not json", "The message is not JSON"),
        ("[]", "The message is no object"),
        ("null", "The message is no object"),
        ("{}", "Unknown message type"),
        ('{"type": "start"}', "Unknown message type"),
        ('{"type": "connection_init", "payload": []}', "The payload of connection_init must be an object"),
        ('"' + "x" * 2000 + '"', "Messages must be text of bounded size"),
    ],
)
async def test_bad_messages(service: Service, message: str, reason: str) -> None:
    socket = await opened(service, message_bytes=1000)
    socket.send(message)
    assert await socket.close() == (4400, reason)


async def test_binary_messages(service: Service) -> None:
    socket = await opened(service)
    socket.tell(type="websocket.receive", bytes=b"{}")
    assert await socket.close() == (4400, "Messages must be text of bounded size")


@pytest.mark.parametrize("message", [{"payload": {}}, {"id": 1, "payload": {}}, {"id": "", "payload": {}}, {"id": "1"}])
async def test_subscribe_needs_an_id_and_a_payload(service: Service, message: dict[str, Any]) -> None:
    socket = await Socket(app(service)).greeted()
    socket.send({"type": "subscribe", **message})
    assert await socket.close() == (4400, "subscribe needs an id and a payload")


async def test_ping_is_answered_with_its_payload(service: Service) -> None:
    socket = await opened(service)
    socket.send({"type": "ping", "payload": {"a": 1}})
    assert await socket.message() == {"type": "pong", "payload": {"a": 1}}


# -- operations -------------------------------------------------------------------------------------------------------


async def test_a_query_gives_one_result(service: Service) -> None:
    socket = await Socket(app(service)).greeted(**SIGNED_IN, acceptLanguage="en")
    socket.subscribe("q", "query($n:String){hello(name:$n) me locale}", n="x")
    assert await socket.message() == {
        "id": "q",
        "type": "next",
        "payload": {
            "data": {"hello": "hello x", "me": "王小明", "locale": "en"},
            "extensions": {"cost": {"requested": 1}},
        },
    }
    assert await socket.message() == {"id": "q", "type": "complete"}


async def test_a_mutation(service: Service) -> None:
    socket = await Socket(app(service)).greeted()
    socket.subscribe("m", 'mutation{rename(title:"y")}')
    assert (await socket.message())["payload"]["data"] == {"rename": "y"}


async def test_a_subscription_delivers_and_completes(service: Service) -> None:
    socket = await Socket(app(service)).greeted()
    socket.subscribe("s", "subscription{countdown(start:2)}")
    for number in (2, 1):
        payload = {"data": {"countdown": number}, "extensions": {"cost": {"requested": 1}}}
        assert await socket.message() == {"id": "s", "type": "next", "payload": payload}
    assert await socket.message() == {"id": "s", "type": "complete"}


async def test_completing_an_endless_subscription_frees_its_id(service: Service) -> None:
    socket = await Socket(app(service)).greeted()
    socket.subscribe("s", "subscription{silence}")
    await until(lambda: _running(service) == 1)
    socket.send({"id": "s", "type": "complete"})
    await until(lambda: _running(service) == 0)
    socket.subscribe("s", "{hello}")
    assert (await socket.message())["type"] == "next"


async def test_hanging_up_ends_every_operation(service: Service) -> None:
    socket = await Socket(app(service)).greeted()
    for identity in "abc":
        socket.subscribe(identity, "subscription{silence}")
    await until(lambda: _running(service) == 3)
    assert service.connections == 1
    socket.leave()
    await socket.ended()
    assert (_running(service), service.connections) == (0, 0)


async def test_an_operation_id_in_use(service: Service) -> None:
    socket = await Socket(app(service)).greeted()
    socket.subscribe("x", "subscription{silence}")
    socket.subscribe("x", "subscription{silence}")
    assert await socket.close() == (4409, "Subscriber for x already exists")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription{nothing}", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("query($n:String!){hello(name:$n)}", "BAD_USER_INPUT"),
        ("subscription($n:Int!){countdown(start:$n)}", "BAD_USER_INPUT"),
        ("subscription{secretTicks}", "UNAUTHENTICATED"),
        ("{__schema{queryType{name}}}", "INTROSPECTION_REFUSED"),
    ],
)
async def test_request_errors_are_error_messages(service: Service, query: str, code: str) -> None:
    socket = await Socket(app(service)).greeted()
    socket.subscribe("e", query)
    message = await socket.message()
    assert (message["id"], message["type"]) == ("e", "error")
    assert [one["extensions"]["code"] for one in message["payload"]] == [code]
    socket.subscribe("e", "{hello}")
    assert (await socket.message())["type"] == "next"


async def test_malformed_parameters_are_error_messages(service: Service) -> None:
    socket = await Socket(app(service)).greeted()
    socket.send({"id": "e", "type": "subscribe", "payload": {"query": 1}})
    told = {"message": "The parameter query must be a string.", "extensions": {"code": "BAD_REQUEST"}}
    assert await socket.message() == {"id": "e", "type": "error", "payload": [told]}


async def test_too_many_operations_on_one_connection(service: Service) -> None:
    socket = await Socket(app(service, operations=2)).greeted()
    for identity in "abc":
        socket.subscribe(identity, "subscription{silence}")
    message = await socket.message()
    assert (message["id"], message["payload"][0]["extensions"]) == ("c", {"code": "TOO_MANY_REQUESTS"})


async def test_a_stream_that_fails_tells_nothing_of_it(service: Service) -> None:
    socket = await Socket(app(service)).greeted()
    socket.subscribe("b", "subscription{broken}")
    assert (await socket.message())["payload"]["data"] == {"broken": 1}
    message = await socket.message()
    assert message["payload"][0]["message"] == "Internal error."
    assert "secret" not in str(message)


# -- time -------------------------------------------------------------------------------------------------------------


async def test_a_revoked_token_ends_the_connection(service: Service, actors: TinyActors) -> None:
    service.recheck_seconds = 0.01
    socket = await Socket(app(service)).greeted(**SIGNED_IN)
    socket.subscribe("s", "subscription{silence}")
    actors.actor = None
    assert await socket.close() == (4403, "The token or a grant ended")


async def test_a_lost_grant_ends_the_connection(service: Service, actors: TinyActors) -> None:
    from dataclasses import replace

    service.recheck_seconds = 0.01
    assert actors.actor is not None
    socket = await Socket(app(service)).greeted(**SIGNED_IN)
    await asyncio.sleep(0.03)
    actors.actor = replace(actors.actor, grants=())
    assert await socket.close() == (4403, "The token or a grant ended")


async def test_a_grant_named_at_the_handshake_narrows(service: Service) -> None:
    socket = await Socket(app(service)).greeted(**SIGNED_IN, actingAs=str(GRANT.id))
    socket.subscribe("q", "{me}")
    assert (await socket.message())["payload"]["data"] == {"me": "王小明"}


async def test_a_silent_client_is_pinged_then_dropped(service: Service) -> None:
    socket = await Socket(app(service, keepalive=0.02)).greeted()
    assert await socket.message() == {"type": "ping"}
    socket.send({"type": "pong"})
    assert await socket.message() == {"type": "ping"}
    assert await socket.close() == (1001, "No sign of life")


async def test_a_stopping_server_sends_its_clients_away(service: Service) -> None:
    made = app(service)
    async with running(made):
        socket = await Socket(made).greeted()
        socket.subscribe("s", "subscription{silence}")
        await until(lambda: _running(service) == 1)
    assert await socket.close() == (1001, "Going away")
    assert _running(service) == 0


def _running(service: Service) -> float:
    return service.metrics.registry.get_sample_value("anju_subscriptions") or 0
