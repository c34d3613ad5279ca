"""What a court's system does: a token with its own key, then the filings of a company that were in effect.

pip install authlib httpx2
ANJU_URL=http://127.0.0.1:8000 CLIENT_ID=court KEY=private.json CREDIT_CODE=91990303MA00000075 python filings.py
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey

ANJU_URL = os.environ.get("ANJU_URL", "http://127.0.0.1:8000")
ATTEMPTS = 4

FILINGS = """# GraphQL
query EffectiveFilings($purpose: PurposeInput!, $where: FilingFilter!, $after: String) {
  filings(purpose: $purpose, where: $where, orderBy: CHANGED, first: 500, after: $after) {
    nodes { kind certificateNumber isEffective effectiveFrom effectiveTo company { name } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


def signed_in(client_id: str, key: ECKey) -> OAuth2Client:
    """A client that gets a token by ``private_key_jwt``, and another one when that has expired."""
    server = f"{ANJU_URL}/.well-known/oauth-authorization-server"
    token_endpoint = httpx2.get(server).raise_for_status().json()["token_endpoint"]
    client = OAuth2Client(
        client_id,
        key,
        token_endpoint_auth_method=PrivateKeyJWT(token_endpoint, alg="ES256", headers={"kid": key.kid}),
        token_endpoint=token_endpoint,
        grant_type="client_credentials",
        timeout=30,
    )
    client.fetch_token()
    return client


def ask(client: OAuth2Client, query: str, variables: dict[str, Any]) -> Any:
    """``data`` of a query. A server that is busy says when to come back; a token that was revoked is replaced once."""
    for attempt in range(1, ATTEMPTS + 1):
        answer = client.post(
            f"{ANJU_URL}/graphql",
            json={"query": query, "variables": variables},
            headers={"accept": "application/graphql-response+json", "accept-language": "zh-CN"},
        )
        if answer.status_code in (429, 503) and attempt < ATTEMPTS:
            time.sleep(float(answer.headers.get("retry-after", attempt)))
        elif answer.status_code == 401 and attempt == 1:
            client.fetch_token()
        else:
            break
    body = answer.json()
    for error in body.get("errors", []):
        raise SystemExit(f"{error['extensions']['code']}: {error['message']}")
    return body["data"]


def filings(client: OAuth2Client, **variables: Any) -> Iterator[dict[str, Any]]:
    """All filings that meet the conditions, five hundred at a time."""
    after = None
    while True:
        page = ask(client, FILINGS, {**variables, "after": after})["filings"]
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


court = signed_in(os.environ["CLIENT_ID"], ECKey.import_key(json.loads(Path(os.environ["KEY"]).read_text())))
why = {"caseNumber": "（2026）鲁0303执1号", "legalBasis": "民事诉讼法（演示）"}
for filing in filings(court, purpose=why, where={"creditCode": os.environ["CREDIT_CODE"]}):
    until = filing["effectiveTo"] or "…"
    held = f"{filing['effectiveFrom']} – {until}" if filing["isEffective"] else "not in effect"
    print(f"{filing['certificateNumber']} {filing['kind']} {filing['company']['name']}: {held}")
