"""The six screens: what each contender is asked for the same answer."""

import base64
import itertools
import json
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bench.stage import Subject

Build = Callable[[Subject], bytes]

_RUN = uuid.uuid4().hex[:8]
_COUNTER = itertools.count(1)


@dataclass(frozen=True)
class Screen:
    """One screen: ``name`` as in the report, the requests by contender, and whether it writes."""

    name: str
    title: str
    build: dict[str, Build]
    writes: bool = False

    def requests(self, contender: str, subjects: list[Subject], seed: int) -> Iterator[bytes]:
        """Requests without end. Reads are built before; a payment is new every time."""
        build = self.build[contender]
        mixed = random.Random(seed).sample(subjects, len(subjects))
        if self.writes:
            return (build(subject) for subject in itertools.cycle(mixed))
        return itertools.cycle([build(subject) for subject in mixed])


def _get(path: Callable[[Subject], str]) -> Build:
    def build(subject: Subject) -> bytes:
        lines = (f"GET {path(subject)} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {subject.caller.token}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    return build


def _post(path: str, token: str, content: Any) -> bytes:
    body = json.dumps(content).encode()
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        "Accept: application/graphql-response+json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _anju(query: str, variables: Callable[[Subject], dict[str, Any]]) -> Build:
    return lambda subject: _post("/graphql", subject.caller.token, {"query": query, "variables": variables(subject)})


def _postgraphile(query: str, variables: Callable[[Subject], dict[str, Any]]) -> Build:
    return lambda subject: _post(
        "/graphql", subject.caller.json_web_token, {"query": query, "variables": variables(subject)}
    )


def _id(type_name: str, subject: Subject) -> str:
    return f"{type_name}_{subject.caller.county}_{subject.row.hex}"


def _node_id(type_name: str, subject: Subject) -> str:
    listed = json.dumps([type_name, subject.caller.county, str(subject.row)], separators=(",", ":"))
    return base64.b64encode(listed.encode()).decode()


_CURSORS: dict[str, dict[str, list[str | None]]] = {}


def _after(contender: str, subject: Subject) -> str | None:
    return _CURSORS[contender][subject.caller.county][subject.page]


def walk_export(contender: str, subjects: list[Subject], send: Callable[[bytes], bytes]) -> None:
    """Learn the export's cursors, which each contender spells in its own way, by walking its first pages."""
    cursors = _CURSORS[contender] = {}
    for subject in sorted(subjects, key=lambda each: each.page):
        found = cursors.setdefault(subject.caller.county, [None])
        body = json.loads(send(EXPORT.build[contender](subject)))
        while "endCursor" not in body:
            body = next(value for name, value in body.items() if isinstance(value, dict) and name != "extensions")
            body = body.get("pageInfo", body)
        found.append(body["endCursor"])


BILL = "id number title periodFrom amount settled state dueOn"

UNIT_BILLS = Screen(
    "unit bills",
    "20 bills of a unit, with unit, building, estate (an owner)",
    {
        "anju": _anju(
            f"query UnitBills($unit: ID!) {{ feeBills(first: 20, where: {{unit: $unit}}, orderBy: OLDEST) {{ nodes {{ {BILL}"
            " unit { id name building { id name } estate { id name } } } pageInfo { hasNextPage endCursor } } }",
            lambda s: {"unit": _id("Unit", s)},
        ),
        "postgraphile": _postgraphile(
            "query UnitBills($county: String!, $unit: UUID!) { allFeeBills(condition: {county: $county, unitId: $unit},"
            f" first: 20, orderBy: [DUE_ON_ASC, PRIMARY_KEY_ASC]) {{ nodes {{ {BILL}"
            " unit: unitByCountyAndUnitId { id name building: buildingByCountyAndBuildingId { id name }"
            " estate: estateByCountyAndEstateId { id name } } } pageInfo { hasNextPage endCursor } } }",
            lambda s: {"county": s.caller.county, "unit": str(s.row)},
        ),
        "sql": _get(lambda s: f"/{s.caller.county}/units/{s.row}/bills"),
    },
)

ESTATE = Screen(
    "estate overview",
    "an estate: figures, contract and company, 10 inspections × 3 findings (a township)",
    {
        "anju": _anju(
            "query Overview($id: ID!) { node(id: $id) { ... on Estate { code name address serviceMode yearBuilt"
            " buildingArea buildingCount unitCount"
            " contract { number startsOn endsOn state company { id name } }"
            " inspections(first: 10) { nodes { id title state inspectedOn"
            " findings(first: 3) { nodes { severity description basis clearedOn } } } } } } }",
            lambda s: {"id": _id("Estate", s)},
        ),
        "postgraphile": _postgraphile(
            "query Overview($county: String!, $id: UUID!) { estateByCountyAndRowId(county: $county, rowId: $id) { code name"
            " address serviceMode yearBuilt buildingArea"
            " buildings: buildingsByCountyAndEstateId { totalCount } units: unitsByCountyAndEstateId { totalCount }"
            " contract { number startsOn endsOn state company: companyByCountyAndCompanyId { id name } }"
            " inspections: inspectionsByCountyAndEstateId(first: 10, orderBy: ROW_ID_DESC) { nodes { id title state"
            " inspectedOn findings: findingsByCountyAndInspectionId(first: 3) { nodes { severity description basis"
            " clearedOn } } } } } }",
            lambda s: {"county": s.caller.county, "id": str(s.row)},
        ),
        "sql": _get(lambda s: f"/{s.caller.county}/estates/{s.row}"),
    },
)

COUNTY_ESTATES = Screen(
    "county estates",
    "50 estates of a county with company and 3 fund requests each (the bureau)",
    {
        "anju": _anju(
            "query Estates($county: String!) { estates(county: $county, first: 50) { nodes { id name township"
            " contract { company { id name } }"
            " fundRequests(first: 3) { nodes { id title state budget } } }"
            " pageInfo { hasNextPage endCursor } } }",
            lambda s: {"county": s.caller.county},
        ),
        "postgraphile": _postgraphile(
            "query Estates($county: String!) { allEstates(condition: {county: $county}, first: 50,"
            " orderBy: [NAME_SORT_ASC, PRIMARY_KEY_ASC]) { nodes { id name township"
            " contract { company: companyByCountyAndCompanyId { id name } }"
            " fundRequests: fundRequestsByCountyAndEstateId(first: 3, orderBy: ROW_ID_DESC) {"
            " nodes { id title state budget } } } pageInfo { hasNextPage endCursor } } }",
            lambda s: {"county": s.caller.county},
        ),
        "sql": _get(lambda s: f"/{s.caller.county}/estates"),
    },
)

NODE = Screen(
    "node",
    "a bill by its id (an owner)",
    {
        "anju": _anju(
            f"query Node($id: ID!) {{ node(id: $id) {{ ... on FeeBill {{ {BILL} }} }} }}",
            lambda s: {"id": _id("FeeBill", s)},
        ),
        "postgraphile": _postgraphile(
            f"query Node($id: ID!) {{ node(id: $id) {{ ... on FeeBill {{ {BILL} }} }} }}",
            lambda s: {"id": _node_id("FeeBill", s)},
        ),
        "sql": _get(lambda s: f"/{s.caller.county}/bills/{s.row}"),
    },
)

EXPORT = Screen(
    "export page",
    "500 bills × 8 fields of an export (a bank)",
    {
        "anju": _anju(
            "query Export($county: String!, $after: String) { feeBills(county: $county, first: 500, after: $after, orderBy: OLDEST) {"
            f" nodes {{ {BILL} }} pageInfo {{ hasNextPage endCursor }} }} }}",
            lambda s: {"county": s.caller.county, "after": _after("anju", s)},
        ),
        "postgraphile": _postgraphile(
            "query Export($county: String!, $after: Cursor) { allFeeBills(condition: {county: $county}, first: 500,"
            f" after: $after, orderBy: [DUE_ON_ASC, ROW_ID_ASC]) {{ nodes {{ {BILL} }}"
            " pageInfo { hasNextPage endCursor } } }",
            lambda s: {"county": s.caller.county, "after": _after("postgraphile", s)},
        ),
        "sql": _get(lambda s: f"/{s.caller.county}/export/{_after('sql', s) or '0001-01-01~' + str(uuid.UUID(int=0))}"),
    },
)


def _pay_anju(subject: Subject) -> bytes:
    number = next(_COUNTER)
    return _post(
        "/graphql",
        subject.caller.token,
        {
            "query": "mutation Pay($input: FeeBillPayInput!) { feeBillPay(input: $input) { payment { id amount state }"
            " bill { id state settled } userErrors { code message } } }",
            "variables": {
                "input": {
                    "id": _id("FeeBill", subject),
                    "amount": 1,
                    "channel": "BANK",
                    "reference": f"A{_RUN}{number}",
                    "receivedOn": _today(),
                    "idempotencyKey": f"A{_RUN}{number}",
                }
            },
        },
    )


def _pay_postgraphile(subject: Subject) -> bytes:
    number = next(_COUNTER)
    return _post(
        "/graphql",
        subject.caller.json_web_token,
        {
            "query": "mutation Pay($input: BenchPayBillInput!) { benchPayBill(input: $input) { result { paymentId amount"
            " paymentState billId billState settled } } }",
            "variables": {
                "input": {
                    "county": subject.caller.county,
                    "billId": str(subject.row),
                    "amount": "1",
                    "reference": f"P{_RUN}{number}",
                    "key": f"P{_RUN}{number}",
                }
            },
        },
    )


def _pay_sql(subject: Subject) -> bytes:
    number = next(_COUNTER)
    content = {
        "billId": str(subject.row),
        "amount": 1,
        "reference": f"S{_RUN}{number}",
        "idempotencyKey": f"S{_RUN}{number}",
    }
    return _post(f"/{subject.caller.county}/payments", subject.caller.token, content)


def _today() -> str:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()


PAY = Screen(
    "pay a bill",
    "a bank records one payment: nine rows in seven tables, one transaction",
    {"anju": _pay_anju, "postgraphile": _pay_postgraphile, "sql": _pay_sql},
    writes=True,
)

SCREENS = (UNIT_BILLS, ESTATE, COUNTY_ESTATES, NODE, EXPORT, PAY)

_NOT_COMPARED = frozenset({"id", "endCursor", "paymentId", "billId", "__typename"})


def leaves(answer: Any) -> list[str]:
    """The values of an answer, without ids and cursors, which each contender spells in its own way."""
    found: list[str] = []
    pending = [answer]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += [each for key, each in value.items() if key not in _NOT_COMPARED]
        elif isinstance(value, list):
            pending += value
        elif value is not None:
            found.append(str(value))
    return sorted(found)
