"""Third-party clients and linters against the served application. What each driver proves: harness/README.md."""

from pathlib import Path

from tests.conformance.conftest import Drive


def test_graphql_over_http_audits(drive: Drive) -> None:
    assert drive("a-graphql-http") == "graphql-http audit: 61/61 ok (MUST 13/13, SHOULD 23/23, MAY 25/25)"


def test_subscriptions_by_socket_and_stream(drive: Drive) -> None:
    assert drive("b-subscriptions") == "subscriptions: 15/15 ok"


def test_apollo_client(drive: Drive) -> None:
    assert drive("c-apollo") == "apollo client: 7/7 ok"


def test_relay(drive: Drive) -> None:
    assert drive("d-relay") == "relay: 6/6 ok"


def test_style_of_the_schema(drive: Drive) -> None:
    assert drive("e-eslint").startswith(
        "graphql-eslint: ok (schema-recommended 0 findings by 0 of 20 rules; schema-relay 0 findings by 0 of 4 rules;"
    )


def test_typescript_codegen(drive: Drive) -> None:
    assert drive("f-codegen") == "codegen: 3/3 ok"


def test_python_codegen(drive: Drive, client_generator: Path) -> None:
    assert drive("f2-ariadne-codegen", PYTHON_TOOLS=str(client_generator)) == "ariadne-codegen: 2/2 ok"


def test_openid_client(drive: Drive) -> None:
    assert drive("k-openid-client") == "openid-client: 20/20 ok"


def test_pages_in_chromium(drive: Drive) -> None:
    assert drive("l-pages") == "pages: 5/5 ok"
