"""Third-party clients and linters against a server in a process of its own. What each driver proves: harness/README.md."""

from pathlib import Path

from tests.conformance.conftest import Drive


def test_graphql_over_http_audits(drive: Drive, tiny_url: str) -> None:
    assert drive("a-graphql-http", tiny_url) == "graphql-http audit: 61/61 ok (MUST 13/13, SHOULD 23/23, MAY 25/25)"


def test_subscriptions_by_socket_and_stream(drive: Drive, tiny_url: str) -> None:
    assert drive("b-subscriptions", tiny_url) == "subscriptions: 15/15 ok"


def test_apollo_client(drive: Drive, tiny_url: str) -> None:
    assert drive("c-apollo", tiny_url) == "apollo client: 7/7 ok"


def test_relay(drive: Drive, tiny_url: str) -> None:
    assert drive("d-relay", tiny_url) == "relay: 6/6 ok"


def test_typescript_codegen(drive: Drive, tiny_url: str) -> None:
    assert drive("f-codegen", tiny_url) == "codegen: 3/3 ok"


def test_python_codegen(drive: Drive, tiny_url: str, client_generator: Path) -> None:
    assert drive("f2-ariadne-codegen", tiny_url, PYTHON_TOOLS=str(client_generator)) == "ariadne-codegen: 2/2 ok"
