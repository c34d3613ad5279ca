"""GraphQL over HTTP: statuses, media types and bodies, exactly. (The 61 audits of graphql-http: tests/conformance.)"""

import hashlib
import json
import re
from typing import Any

import httpx
import pytest

from app.requests import Service
from schema.documents import Documents
from schema.limits import Limits
from tests.edge.tiny import GRANT, SCHEMA, TOKEN, TinyActors, tiny_app, tiny_service

JSON = {"content-type": "application/json"}
GRAPHQL = {"accept": "application/graphql-response+json", **JSON}
SIGNED_IN = {"authorization": f"Bearer {TOKEN}"}


async def post(client: httpx.AsyncClient, content: bytes | str | dict[str, Any], **headers: str) -> httpx.Response:
    body = json.dumps(content) if isinstance(content, dict) else content
    return await client.post("/graphql", content=body, headers={**GRAPHQL, **headers})


def error(message: str, code: str, **extensions: object) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code, **extensions}}]}


# -- what goes well ---------------------------------------------------------------------------------------------------


async def test_an_answer(client: httpx.AsyncClient) -> None:
    answer = await post(client, {"query": "query($n:String!){hello(name:$n)}", "variables": {"n": "安居"}})
    assert answer.status_code == 200
    assert answer.json() == {"data": {"hello": "hello 安居"}, "extensions": {"cost": {"requested": 1}}}
    assert answer.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-length"] == str(len(answer.content))


async def test_cost_is_reported_from_variables(client: httpx.AsyncClient) -> None:
    query = "query($n:Int){books(first:$n){edges{node{sequel{title}}}}}"
    answer = await post(client, {"query": query, "variables": {"n": 3}})
    assert answer.json()["extensions"] == {"cost": {"requested": 6}}


async def test_get_runs_queries(client: httpx.AsyncClient) -> None:
    given = {"query": "query A($n:String){hello(name:$n)}", "variables": '{"n":"x"}', "operationName": "A"}
    answer = await client.get("/graphql", params=given, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["data"]) == (200, {"hello": "hello x"})


async def test_a_field_that_fails_leaves_the_others(client: httpx.AsyncClient) -> None:
    answer = await post(client, {"query": "{hello broken}"}, **{"x-request-id": "request-0001"})
    assert answer.status_code == 200
    assert answer.json() == {
        "data": {"hello": "hello world", "broken": None},
        "errors": [
            {
                "message": "Internal error.",
                "extensions": {"code": "INTERNAL", "requestId": "request-0001"},
                "locations": [{"line": 1, "column": 8}],
                "path": ["broken"],
            }
        ],
        "extensions": {"cost": {"requested": 1}},
    }
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("language", "locale"),
    [("", "zh-CN"), ("en-GB,en;q=0.9", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"), ("en;q=0.5,zh", "zh-CN")],
)
async def test_language(client: httpx.AsyncClient, language: str, locale: str) -> None:
    answer = await post(client, {"query": "{locale}"}, **{"accept-language": language})
    assert answer.json()["data"] == {"locale": locale}


# -- media types ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "application/json; charset=utf-8"),
        ("*/*", "application/json; charset=utf-8"),
        ("application/*", "application/json; charset=utf-8"),
        ("application/json", "application/json; charset=utf-8"),
        ("application/json; charset=utf-8", "application/json; charset=utf-8"),
        (
            "application/graphql-response+json, application/json;q=0.9",
            "application/graphql-response+json; charset=utf-8",
        ),
        ("application/json, application/graphql-response+json", "application/graphql-response+json; charset=utf-8"),
        ("application/json, application/graphql-response+json;q=0.1", "application/json; charset=utf-8"),
        ("application/graphql-response+json;q=0, */*;q=0.1", "application/json; charset=utf-8"),
    ],
)
async def test_accept(client: httpx.AsyncClient, accept: str, content_type: str) -> None:
    answer = await post(client, {"query": "{hello}"}, accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)


@pytest.mark.parametrize("accept", ["text/html", "image/*", "application/json;q=0", "application/json; charset=gbk"])
async def test_nothing_acceptable(client: httpx.AsyncClient, accept: str) -> None:
    answer = await post(client, {"query": "{hello}"}, accept=accept)
    assert answer.status_code == 406
    assert answer.json()["errors"][0]["extensions"] == {"code": "NOT_ACCEPTABLE"}


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/graphql"},
        {"content-type": "application/json; charset=gbk"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json, text/plain"},
        {"content-type": ""},
        {"content-encoding": "gzip"},
    ],
)
async def test_only_json_in_utf_8_is_read(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await post(client, {"query": "{hello}"}, **headers)
    assert answer.status_code == 415
    assert answer.json() == error("The body must be application/json in UTF-8.", "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
async def test_charset_may_be_said(client: httpx.AsyncClient, charset: str) -> None:
    answer = await post(client, {"query": "{hello}"}, **{"content-type": f"Application/JSON; charset={charset}"})
    assert answer.status_code == 200


# -- malformed requests: 4xx, never 5xx, for either media type ----------------------------------------------------------

NOT_JSON = "The body is not JSON in UTF-8."
NO_OBJECT = "The body must be a JSON object."
NO_QUERY = "The parameter query is missing."
PERSISTED = 'extensions.persistedQuery must be {"version": 1, "sha256Hash": "…"}.'
MALFORMED: list[tuple[bytes, str]] = [
    (b"", NOT_JSON),
    (b"{", NOT_JSON),
    (b'{"query": "{hello}"', NOT_JSON),
    (b"\xff\xfe{}", NOT_JSON),
    (b'{"query": "\xe5\xae"}', NOT_JSON),
    (b'{"query": "{hello}", "variables": {"a": "\\ud800"}}', NOT_JSON),
    (b"\xef\xbb\xbf{}", NOT_JSON),
    (b'{"a":' * 5000 + b"1" + b"}" * 5000, NOT_JSON),
    (b"[" * 40_000, NOT_JSON),
    (b"NaN", NOT_JSON),
    (b"null", NO_OBJECT),
    (b"1", NO_OBJECT),
    (b"1e400", NOT_JSON),
    (b"true", NO_OBJECT),
    (b'"{hello}"', NO_OBJECT),
    (b"[]", NO_OBJECT + " Batches are not taken."),
    (b'[{"query":"{hello}"}]', NO_OBJECT + " Batches are not taken."),
    (b"{}", NO_QUERY),
    (b'{"query": null}', NO_QUERY),
    (b'{"qeury": "{hello}"}', NO_QUERY),
    (b'{"query": 1}', "The parameter query must be a string."),
    (b'{"query": {"a": 1}}', "The parameter query must be a string."),
    (b'{"query": "{hello}", "operationName": 1}', "The parameter operationName must be a string."),
    (b'{"query": "{hello}", "variables": []}', "The parameter variables must be an object."),
    (b'{"query": "{hello}", "variables": "{}"}', "The parameter variables must be an object."),
    (b'{"query": "{hello}", "extensions": 0}', "The parameter extensions must be an object."),
    (b'{"query": "{hello}", "extensions": {"persistedQuery": 1}}', PERSISTED),
    (b'{"query": "{hello}", "extensions": {"persistedQuery": {"version": 2, "sha256Hash": ""}}}', PERSISTED),
    (b'{"query": "{hello}", "extensions": {"persistedQuery": {"version": 1}}}', PERSISTED),
    (b'{"documentId": 1}', "The parameter documentId must be a string."),
    (b'{"query": "{hello}", "variables": {"a": ["\\u0000"]}}', "The character U+0000 is not allowed."),
    (b'{"query": "{hello}", "variables": {"\\u0000": 1}}', "The character U+0000 is not allowed."),
]


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
@pytest.mark.parametrize(("body", "message"), MALFORMED, ids=range(len(MALFORMED)))
async def test_malformed_bodies(client: httpx.AsyncClient, body: bytes, message: str, accept: str) -> None:
    answer = await post(client, body, accept=accept)
    assert answer.status_code == 400
    assert answer.json() == error(message, "BAD_REQUEST")


async def test_an_escaped_backslash_is_no_nul(client: httpx.AsyncClient) -> None:
    body = {"query": "query($n:String){hello(name:$n)}", "variables": {"n": "\\u0000"}}
    assert (await post(client, body)).json()["data"] == {"hello": "hello \\u0000"}


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large(client: httpx.AsyncClient, chunked: bool) -> None:
    content = b'{"query": "{hello}", "x": "' + b"x" * 2_000_000 + b'"}'

    async def chunks() -> Any:
        for start in range(0, len(content), 50_000):
            yield content[start : start + 50_000]

    answer = await client.post("/graphql", content=chunks() if chunked else content, headers=GRAPHQL)
    assert answer.status_code == 413
    assert answer.json() == error("The body must not exceed 100000 bytes.", "TOO_LARGE")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/graphql", headers=GRAPHQL)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("query=%ff&", "The query string is not URL-encoded UTF-8."),
        ("query={hello}&query={hello}", "The parameter query comes twice."),
        ("query={hello}&variables={", "The parameter variables is not JSON."),
        ("query={hello}&variables=1", "The parameter variables must be an object."),
        ("query={hello}&extensions=[]", "The parameter extensions must be an object."),
        ("query={hello}%00", "The character U+0000 is not allowed."),
        ("", NO_QUERY),
        ("&".join(f"a{n}=1" for n in range(60)), "The query string is not URL-encoded UTF-8."),
    ],
)
async def test_malformed_query_strings(client: httpx.AsyncClient, query: str, message: str) -> None:
    answer = await client.get(f"/graphql?{query}", headers={"accept": "application/graphql-response+json"})
    assert answer.status_code == 400
    assert answer.json() == error(message, "BAD_REQUEST")


async def test_mutations_need_post(client: httpx.AsyncClient) -> None:
    params = {"query": 'mutation{rename(title:"x")}'}
    answer = await client.get("/graphql", params=params, headers={"accept": "application/json"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json() == error("Mutations need POST.", "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"accept": "text/html,*/*;q=0.8"}, 400),
        ({"accept": "application/json", "sec-fetch-mode": "no-cors"}, 400),
        ({"accept": "application/json", "sec-fetch-mode": "navigate"}, 400),
        ({"sec-fetch-mode": "cors"}, 200),
        ({"sec-fetch-mode": "no-cors", "apollo-require-preflight": "true"}, 200),
        ({"authorization": f"Bearer {TOKEN}"}, 200),
        ({"accept": "application/json"}, 200),
    ],
)
async def test_a_foreign_page_cannot_send_a_get(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    answer = await client.get("/graphql?query={hello}", headers={"accept": "*/*", **headers})
    assert answer.status_code == status


# -- errors of requests in due form: 200 as application/json, 400 as application/graphql-response+json -----------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{" * 1000}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{nothing}"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "{hello}", "operationName": "Other"}, "OPERATION_NOT_FOUND"),
        ({"query": "query A{hello} query B{hello}"}, "OPERATION_NOT_FOUND"),
        ({"query": "query($n:String!){hello(name:$n)}"}, "BAD_USER_INPUT"),
        ({"query": "query($n:String!){hello(name:$n)}", "variables": {"n": {"a": 1}}}, "BAD_USER_INPUT"),
        ({"query": "{" + " ".join(f"a{n}:hello" for n in range(60)) + "}"}, "LIMIT_EXCEEDED"),
        ({"documentId": "sha256:" + "0" * 64}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"query": "{__schema{queryType{name}}}"}, "INTROSPECTION_REFUSED"),
    ],
)
@pytest.mark.parametrize(("accept", "status"), [("application/json", 200), ("application/graphql-response+json", 400)])
async def test_errors_of_well_formed_requests(
    client: httpx.AsyncClient, body: dict[str, Any], code: str, accept: str, status: int
) -> None:
    answer = await post(client, body, accept=accept)
    assert answer.status_code == status
    told = answer.json()
    assert "data" not in told
    assert {one["extensions"]["code"] for one in told["errors"]} == {code}


async def test_cost_is_judged_with_the_variables() -> None:
    service = tiny_service(documents=Documents(SCHEMA._schema, limits=Limits(cost=50)))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(tiny_app(service)), base_url="http://testserver"
    ) as client:
        query = "query($n:Int){books(first:$n){edges{node{title}}}}"
        assert (await post(client, {"query": query, "variables": {"n": 50}})).status_code == 200
        answer = await post(client, {"query": query, "variables": {"n": 51}})
    assert answer.status_code == 400
    message = "The document exceeds the limit of cost: 51, allowed are 50."
    assert answer.json() == error(message, "LIMIT_EXCEEDED", limit="cost", allowed=50, measured=51)


async def test_subscriptions_need_a_stream(client: httpx.AsyncClient) -> None:
    answer = await post(client, {"query": "subscription{ticks}"})
    assert answer.status_code == 406
    message = "Subscriptions need Accept: text/event-stream, or a WebSocket."
    assert answer.json() == error(message, "NOT_ACCEPTABLE")


# -- who asks ---------------------------------------------------------------------------------------------------------


async def test_a_token_is_known(client: httpx.AsyncClient) -> None:
    answer = await post(client, {"query": "{me}"}, **SIGNED_IN)
    assert (answer.status_code, answer.json()["data"]) == (200, {"me": "王小明"})


async def test_without_a_token_public_fields_answer(client: httpx.AsyncClient) -> None:
    assert (await post(client, {"query": "{hello}"})).status_code == 200
    assert (await post(client, {"query": "{me}"})).json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


@pytest.mark.parametrize("query", ["{hello}", "{nothing}", "{", "{__typename}", "subscription{ticks}"])
async def test_a_wrong_token_is_refused_whatever_is_asked(client: httpx.AsyncClient, query: str) -> None:
    headers = {"authorization": "Bearer wrong", "accept": "text/event-stream, application/json"}
    answer = await post(client, {"query": query}, **headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.json() == error("The token is wrong, expired or revoked.", "UNAUTHENTICATED")


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", TOKEN, "Bearer " + "x" * 5000])
async def test_an_authorization_of_another_form(client: httpx.AsyncClient, header: str) -> None:
    answer = await post(client, {"query": "{hello}"}, authorization=header)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_request"'


async def test_a_revoked_token_is_refused_at_once(client: httpx.AsyncClient, actors: TinyActors) -> None:
    assert (await post(client, {"query": "{me}"}, **SIGNED_IN)).status_code == 200
    actors.actor = None
    assert (await post(client, {"query": "{me}"}, **SIGNED_IN)).status_code == 401


@pytest.mark.parametrize(
    ("grant", "status"),
    [(str(GRANT.id), 200), ("01980000-0000-7000-8000-00000000ffff", 403), ("mine", 400)],
)
async def test_acting_as(client: httpx.AsyncClient, grant: str, status: int) -> None:
    assert (await post(client, {"query": "{me}"}, **SIGNED_IN, **{"x-acting-as": grant})).status_code == status


async def test_introspection_is_for_signed_in_callers(client: httpx.AsyncClient) -> None:
    body = {"query": '{__type(name:"Book"){name}}'}
    assert (await post(client, body, **SIGNED_IN)).json()["data"] == {"__type": {"name": "Book"}}
    answer = await post(client, body)
    assert answer.json() == error("Sign in to introspect the schema.", "INTROSPECTION_REFUSED")


# -- persisted queries ------------------------------------------------------------------------------------------------


def persisted(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(text.encode()).hexdigest()}}


async def test_automatic_persisted_queries(client: httpx.AsyncClient) -> None:
    text = "query Persisted{hello}"
    extensions = persisted(text)
    missing = error("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
    by_get = {"extensions": json.dumps(extensions)}
    get_headers = {"accept": "application/json", "apollo-require-preflight": "true"}
    assert (await post(client, {"extensions": extensions}, accept="application/json")).json() == missing
    assert (await client.get("/graphql", params=by_get, headers=get_headers)).json() == missing
    assert (await post(client, {"query": text, "extensions": extensions})).status_code == 200
    answer = await post(client, {"extensions": extensions})
    assert answer.json()["data"] == {"hello": "hello world"}
    assert (await client.get("/graphql", params=by_get, headers=get_headers)).json()["data"] == {"hello": "hello world"}
    document_id = "sha256:" + extensions["persistedQuery"]["sha256Hash"]
    assert (await post(client, {"documentId": document_id})).json()["data"] == {"hello": "hello world"}


async def test_a_wrong_hash_is_refused_and_not_kept(client: httpx.AsyncClient) -> None:
    extensions = persisted("{another}")
    answer = await post(client, {"query": "{hello}", "extensions": extensions})
    assert answer.json() == error("The hash is not the SHA-256 of the document.", "PERSISTED_QUERY_MISMATCH")
    answer = await post(client, {"extensions": extensions})
    assert answer.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


# -- faults and time --------------------------------------------------------------------------------------------------


async def test_a_fault_says_nothing_but_its_request_id(
    client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise LookupError("secret: relation account does not exist")

    monkeypatch.setattr(service.executor, "execute", fail)
    answer = await post(client, {"query": "{hello}"})
    assert answer.status_code == 500
    request_id = answer.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", request_id)
    assert answer.json() == error("Internal error.", "INTERNAL", requestId=request_id)


async def test_a_request_is_given_up_after_its_time(client: httpx.AsyncClient, service: Service) -> None:
    service.deadlines.seconds = 0.01
    answer = await post(client, {"query": "{slow(seconds:30)}"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["errors"][0]["extensions"] == {"code": "TIMEOUT"}
    assert service.gate.under_way == 0
