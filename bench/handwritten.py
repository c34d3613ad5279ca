"""The first contender: what a careful engineer writes by hand, one SQL statement for each screen, served by Starlette.

It answers the same questions to the same people: the token is looked up by its hash, the actor is kept and checked to
be fresh inside the statement, visibility is written into each WHERE, and the county fuse is set in the same round trip.
The JSON is built in PostgreSQL, the cheapest way we know.
"""

import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import psycopg
from psycopg.raw_cursor import AsyncRawCursor
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from auth.actor import FRESH_SQL, Actor, load_actor
from auth.tokens import token_hash
from domain.roles import Role
from models.base import new_id

SHANGHAI = ZoneInfo("Asia/Shanghai")
SESSION = "-c role=anju_app -c TimeZone=Asia/Shanghai -c DateStyle=ISO -c jit=off -c plan_cache_mode=force_generic_plan"
"""Generic plans, because each statement has one good plan and planning it anew costs more than running it."""


def fused(body: str) -> str:
    """A read behind the fuse: $1 county, $2 token hash, $3 the version of the grants that the actor was kept with."""
    fresh = FRESH_SQL.format(token="$2")
    return (
        f"WITH s AS MATERIALIZED (SELECT set_config('anju.counties', $1, true) AS c, coalesce({fresh} = $3, false) AS fresh)"
        f" SELECT s.fresh, CASE WHEN s.c = $1 AND s.fresh THEN ({body}) END FROM s"
    )


BILL = """'{"id":"', b.id, '","number":', to_json(b.number), ',"title":', to_json(b.title), ',"periodFrom":"', b.period_from,
  '","amount":', b.amount, ',"settled":', b.settled, ',"state":"', b.state, '","dueOn":"', b.due_on, '"'"""

# An owner's unit: $5 are the units of the actor's grants.
UNIT_BILLS = fused(f"""
SELECT convert_to(concat('{{"nodes":[', string_agg(page.j, ',' ORDER BY page.n) FILTER (WHERE page.n <= 20),
    '],"hasNextPage":', (count(*) > 20)::text, ',"endCursor":"', (array_agg(page.cursor ORDER BY page.n DESC) FILTER (WHERE page.n <= 20))[1], '"}}'), 'UTF8')
FROM (
  SELECT row_number() OVER (ORDER BY b.due_on, b.id) AS n, concat(b.due_on, '~', b.id) AS cursor,
    concat({BILL}, ',"unit":{{"id":"', u.id, '","name":', to_json(u.name), ',"building":{{"id":"', g.id, '","name":',
      to_json(g.name), '}},"estate":{{"id":"', e.id, '","name":', to_json(e.name), '}}}}}}') AS j
  FROM fee_bill b
  JOIN unit u ON u.county = $1 AND u.id = b.unit_id
  JOIN building g ON g.county = $1 AND g.id = u.building_id
  JOIN estate e ON e.county = $1 AND e.id = u.estate_id
  WHERE b.county = $1 AND b.unit_id = $4::uuid AND b.unit_id = ANY ($5::uuid[])
  ORDER BY b.due_on, b.id LIMIT 21
) page""")

# A township's estate: $5 are the townships of the actor's grants.
ESTATE = fused("""
SELECT convert_to(concat('{"code":', to_json(e.code), ',"name":', to_json(e.name), ',"address":', to_json(e.address),
  ',"serviceMode":"', e.service_mode, '","yearBuilt":', coalesce(e.year_built::text, 'null'), ',"buildingArea":',
  coalesce(e.building_area::text, 'null'),
  ',"buildingCount":', (SELECT count(*) FROM building g WHERE g.county = $1 AND g.estate_id = e.id),
  ',"unitCount":', (SELECT count(*) FROM unit u WHERE u.county = $1 AND u.estate_id = e.id),
  ',"contract":', coalesce((
    SELECT concat('{"number":', to_json(c.number), ',"startsOn":"', c.starts_on, '","endsOn":"', c.ends_on, '","state":"',
      c.state, '","company":', coalesce((SELECT concat('{"id":"', k.id, '","name":', to_json(k.name), '}')
        FROM company k WHERE k.county = $1 AND k.id = c.company_id AND (k.listed OR k.township = ANY ($5::text[]))), 'null'), '}')
    FROM estate_area l JOIN service_contract c ON c.county = $1 AND c.area_id = l.area_id
    WHERE l.county = $1 AND l.estate_id = e.id AND l.valid_to IS NULL AND c.signed_on IS NOT NULL
      AND c.township = ANY ($5::text[]) AND c.state IN ('EFFECTIVE', 'EXPIRING', 'EXPIRED_CONTINUING')
    ORDER BY c.starts_on DESC LIMIT 1), 'null'),
  ',"inspections":[', (
    SELECT string_agg(page.j, ',') FROM (
      SELECT concat('{"id":"', i.id, '","title":', to_json(i.title), ',"state":"', i.state, '","inspectedOn":',
        coalesce('"' || i.inspected_on || '"', 'null'), ',"findings":[', (
          SELECT string_agg(concat('{"severity":"', f.severity, '","description":', to_json(f.description), ',"basis":',
            to_json(f.basis), ',"clearedOn":', coalesce('"' || f.cleared_on || '"', 'null'), '}'), ',')
          FROM (SELECT * FROM finding f WHERE f.county = $1 AND f.inspection_id = i.id ORDER BY f.position, f.id LIMIT 3) f),
        ']}') AS j
      FROM inspection i
      WHERE i.county = $1 AND i.estate_id = e.id AND (i.township = ANY ($5::text[]) OR i.published_on IS NOT NULL)
      ORDER BY i.id DESC LIMIT 10
    ) page), ']}'), 'UTF8')
FROM estate e WHERE e.county = $1 AND e.id = $4::uuid AND e.township = ANY ($5::text[])""")

# The bureau sees its whole county; $4 is the actor's account, whose drafts it sees too.
COUNTY_ESTATES = fused("""
SELECT convert_to(concat('{"nodes":[', string_agg(page.j, ',' ORDER BY page.n) FILTER (WHERE page.n <= 50),
    '],"hasNextPage":', (count(*) > 50)::text, ',"endCursor":"', (array_agg(page.cursor ORDER BY page.n DESC) FILTER (WHERE page.n <= 50))[1], '"}'), 'UTF8')
FROM (
  SELECT row_number() OVER (ORDER BY e.name_sort, e.id) AS n, translate(encode(convert_to(concat(e.name_sort, '~', e.id), 'UTF8'), 'base64'), E'+/=\\n', '-_') AS cursor,
    concat('{"id":"', e.id, '","name":', to_json(e.name), ',"township":"', e.township, '","company":', coalesce((
      SELECT concat('{"id":"', k.id, '","name":', to_json(k.name), '}')
      FROM estate_area l
      JOIN service_contract c ON c.county = $1 AND c.area_id = l.area_id
      JOIN company k ON k.county = $1 AND k.id = c.company_id
      WHERE l.county = $1 AND l.estate_id = e.id AND l.valid_to IS NULL AND c.signed_on IS NOT NULL
        AND c.state IN ('EFFECTIVE', 'EXPIRING', 'EXPIRED_CONTINUING')
      ORDER BY c.starts_on DESC LIMIT 1), 'null'),
    ',"fundRequests":[', (
      SELECT string_agg(concat('{"id":"', r.id, '","title":', to_json(r.title), ',"state":"', r.state, '","budget":',
        r.budget, '}'), ',')
      FROM (SELECT * FROM fund_request r WHERE r.county = $1 AND r.estate_id = e.id
              AND (r.applicant_id = $4::uuid OR r.state <> 'DRAFT')
            ORDER BY r.id DESC LIMIT 3) r), ']}') AS j
  FROM estate e WHERE e.county = $1 ORDER BY e.name_sort, e.id LIMIT 51
) page""")

NODE = fused(f"""
SELECT convert_to(concat({BILL}, '}}'), 'UTF8') FROM fee_bill b
WHERE b.county = $1 AND b.id = $4::uuid AND b.unit_id = ANY ($5::uuid[])""")

# A bank that may collect; $4 are the scopes of its grants, ($5, $6) is where the last page ended.
EXPORT = fused(f"""
SELECT convert_to(concat('{{"nodes":[', string_agg(page.j, ',' ORDER BY page.n) FILTER (WHERE page.n <= 500),
    '],"hasNextPage":', (count(*) > 500)::text, ',"endCursor":"', (array_agg(page.cursor ORDER BY page.n DESC) FILTER (WHERE page.n <= 500))[1], '"}}'), 'UTF8')
FROM (
  SELECT row_number() OVER (ORDER BY b.due_on, b.id) AS n, concat(b.due_on, '~', b.id) AS cursor, concat({BILL}, '}}') AS j
  FROM fee_bill b
  WHERE b.county = $1 AND 'fees:collect' = ANY ($4::text[]) AND (b.due_on, b.id) > ($5::date, $6::uuid)
  ORDER BY b.due_on, b.id LIMIT 501
) page""")

# $1 county, $2 token hash, $3 grants' version, $4 scopes, $5 client, $6 bill, $7 amount, $8 reference, $9 key, $10 hash of
# the input, $11 payment, $12 allocation, $13 transaction, $14 event, $15 operation, $16 day, $17 instant, $18 grant.
PAY = f"""
WITH bill AS MATERIALIZED (
  SELECT b.* FROM fee_bill b
  WHERE b.county = $1 AND b.id = $6::uuid AND 'fees:collect' = ANY ($4::text[]) AND {FRESH_SQL.format(token="$2")} = $3
  FOR NO KEY UPDATE
),
payable AS (
  SELECT bill.*, m.id AS money_id FROM bill
  JOIN ledger_account m ON m.county = $1 AND m.kind = 'BANK' AND m.unit_id IS NULL
    AND m.company_id = bill.company_id AND m.area_id IS NULL AND m.building_id IS NULL
  WHERE bill.state IN ('ISSUED', 'PARTIALLY_PAID') AND $7::bigint <= bill.amount + bill.adjusted - bill.settled
),
claim AS (
  INSERT INTO operation (county, id, client_id, key, name, input_hash, outcome_type, outcome_id, others, at)
  SELECT $1, $15::uuid, $5, $9, 'feeBillPay', $10, 'Payment', $11::uuid,
    jsonb_build_array(jsonb_build_object('type', 'FeeBill', 'id', payable.id, 'version', NULL)), $17::timestamptz FROM payable
  ON CONFLICT DO NOTHING RETURNING id
),
paying AS (SELECT payable.* FROM payable CROSS JOIN claim),
tx AS (
  INSERT INTO ledger_transaction (county, id, kind, occurred_on, reason, reference, posted_by_client, posted_at)
  SELECT $1, $13::uuid, 'PAYMENT', $16::date, 'BANK', $8, $5, $17::timestamptz FROM paying
),
lines AS (
  INSERT INTO posting (county, transaction_id, line, account_id, occurred_on, amount)
  SELECT $1, $13::uuid, 1, money_id, $16::date, $7::bigint FROM paying
  UNION ALL SELECT $1, $13::uuid, 2, receivable_id, $16::date, -$7::bigint FROM paying
),
paid AS (
  INSERT INTO payment (county, id, unit_id, company_id, area_id, township, community, channel, issuer, reference, amount,
    prepaid, received_on, recorded_by_client, transaction_id, state, created_at)
  SELECT $1, $11::uuid, unit_id, company_id, area_id, township, community, 'BANK', $5, $8, $7::bigint, 0, $16::date, $5,
    $13::uuid, 'SUCCEEDED', $17::timestamptz FROM paying
),
spread AS (
  INSERT INTO allocation (county, id, payment_id, bill_id, amount, occurred_on, created_at)
  SELECT $1, $12::uuid, $11::uuid, id, $7::bigint, $16::date, $17::timestamptz FROM paying
),
settled AS (
  UPDATE fee_bill b SET settled = b.settled + $7::bigint,
    state = CASE WHEN b.amount + b.adjusted - b.settled = $7::bigint THEN 'PAID' ELSE 'PARTIALLY_PAID' END,
    paid_on = CASE WHEN b.amount + b.adjusted - b.settled = $7::bigint THEN $16::date END, updated_at = $17::timestamptz
  FROM paying WHERE b.county = $1 AND b.id = paying.id
  RETURNING b.id, b.state, b.settled, paying.state AS former, b.township, b.community
),
event AS (
  INSERT INTO audit_event (county, id, client_id, grant_id, role, action, subject_type, subject_id, township, community,
    from_state, to_state, at)
  SELECT $1, $14::uuid, $5, $18::uuid, 'BANK', 'feeBillPay', 'FeeBill', id, township, community, former, state, $17::timestamptz
  FROM settled
)
SELECT convert_to(concat('{{"payment":{{"id":"', $11::uuid, '","amount":', $7::bigint, ',"state":"SUCCEEDED"}},"bill":{{"id":"', id,
  '","state":"', state, '","settled":', settled, '}}}}'), 'UTF8') FROM settled"""


class StaleError(Exception):
    """The kept actor is no longer what the database says."""


class Desk:
    """The pool and the actors kept by token."""

    def __init__(self, url: str) -> None:
        self.pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            url,
            kwargs={"autocommit": True, "prepare_threshold": 0, "options": SESSION},
            min_size=2,
            max_size=8,
            open=False,
        )
        self.kept: dict[bytes, Actor] = {}

    async def actor(self, key: bytes, token: str) -> Actor:
        today = datetime.now(SHANGHAI).date()
        found = self.kept.get(key)
        if found is None or found.today != today:
            async with self.pool.connection() as connection:
                found = await load_actor(connection, token, today)
            if found is None:
                raise StaleError
            self.kept[key] = found
        return found

    async def read(self, request: Request, statement: str, values: Callable[[Actor], tuple[Any, ...]]) -> Response:
        token = request.headers["authorization"][7:]
        key = token_hash(token)
        for _ in range(3):
            actor = await self.actor(key, token)
            county = request.path_params["county"]
            if county not in actor.counties:
                break
            connection = await self.pool.getconn()
            try:
                cursor = AsyncRawCursor(connection)
                given = (county, key, actor.grants_version, *values(actor))
                await cursor.execute(statement, given, prepare=True, binary=True)
                fresh, body = await cursor.fetchone()
            finally:
                await self.pool.putconn(connection)
            if fresh:
                return Response(body, 200 if body else 404, media_type="application/json")
            del self.kept[key]
        return Response(b"{}", 401, media_type="application/json")


def _of(actor: Actor, role: Role, what: str) -> list[Any]:
    return [value for grant in actor.grants if grant.role is role for value in grant.scope(what)]


def application() -> Starlette:
    desk = Desk(os.environ["BENCH_DATABASE_URL"])

    async def unit_bills(request: Request) -> Response:
        unit = uuid.UUID(request.path_params["id"])
        return await desk.read(request, UNIT_BILLS, lambda actor: (unit, _of(actor, Role.OWNER, "units")))

    async def estate(request: Request) -> Response:
        wanted = uuid.UUID(request.path_params["id"])
        return await desk.read(request, ESTATE, lambda actor: (wanted, _of(actor, Role.TOWNSHIP, "townships")))

    async def county_estates(request: Request) -> Response:
        return await desk.read(request, COUNTY_ESTATES, lambda actor: (actor.account_id,))

    async def node(request: Request) -> Response:
        bill = uuid.UUID(request.path_params["id"])
        return await desk.read(request, NODE, lambda actor: (bill, _of(actor, Role.OWNER, "units")))

    async def export(request: Request) -> Response:
        day, _, last = request.path_params["after"].partition("~")
        after = (date.fromisoformat(day), uuid.UUID(last))
        return await desk.read(request, EXPORT, lambda actor: (_of(actor, Role.BANK, "scopes"), *after))

    async def pay(request: Request) -> Response:
        given = orjson.loads(await request.body())
        token = request.headers["authorization"][7:]
        key, county = token_hash(token), request.path_params["county"]
        actor = await desk.actor(key, token)
        grant = next(g for g in actor.grants if g.county == county and g.role is Role.BANK)
        now = datetime.now(SHANGHAI)
        payment = new_id()
        values = (
            county, key, actor.grants_version, list(grant.scopes), actor.client_id, uuid.UUID(given["billId"]),
            given["amount"], given["reference"], given["idempotencyKey"], token_hash(str(given)).hex(), payment,
            new_id(), new_id(), new_id(), new_id(), now.date(), now, grant.id,
        )  # fmt: skip
        body = await _in_one_trip(desk.pool, county, values)
        return Response(body, 200 if body else 409, media_type="application/json")

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        await desk.pool.open(wait=True)
        yield
        await desk.pool.close()

    handlers: dict[str, Callable[[Request], Awaitable[Response]]] = {
        "/{county}/units/{id}/bills": unit_bills,
        "/{county}/estates/{id}": estate,
        "/{county}/estates": county_estates,
        "/{county}/bills/{id}": node,
        "/{county}/export/{after}": export,
    }
    routes = [Route(path, handler) for path, handler in handlers.items()]
    return Starlette(routes=[*routes, Route("/{county}/payments", pay, methods=["POST"])], lifespan=running)


async def _in_one_trip(pool: AsyncConnectionPool[Any], county: str, values: tuple[Any, ...]) -> bytes | None:
    connection: psycopg.AsyncConnection[Any] = await pool.getconn()
    try:
        async with connection.pipeline():
            await connection.execute("BEGIN")
            fuse: AsyncRawCursor[Any] = AsyncRawCursor(connection)
            await fuse.execute("SELECT set_config('anju.counties', $1, true)", [county])
            cursor: AsyncRawCursor[Any] = AsyncRawCursor(connection)
            await cursor.execute(PAY, values, prepare=True, binary=True)
            await connection.execute("COMMIT")
            row = await cursor.fetchone()
        return row[0] if row else None
    finally:
        await pool.putconn(connection)
