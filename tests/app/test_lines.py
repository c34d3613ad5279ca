"""The lean connections of compiled reads: exact values, nobody reads another's answer, a lost server is noticed."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import psycopg
import pytest
import pytest_asyncio

from app.lines import Lines, read_lines
from schema.engine.values import dumped
from schema.faults import RequestCode, RequestError
from tests.database import Database


@pytest_asyncio.fixture
async def lines(database: Database) -> AsyncIterator[Lines]:
    async with read_lines(database.url, maximum=1) as made:
        yield made


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("中文 'quoted' \\ and \"so\"", "text"),
        (2**40, "bigint"),
        (True, "boolean"),
        (None, "text"),
        (uuid.UUID(int=7), "uuid"),
        (date(2026, 2, 28), "date"),
        (datetime(2026, 2, 28, 12, 30, 1, 5, tzinfo=UTC), "timestamptz"),
        (["a,b", '"', "\\", "{}", "NULL", ""], "text[]"),
        ([uuid.UUID(int=7), uuid.UUID(int=8)], "uuid[]"),
        ([], "text[]"),
    ],
)
async def test_a_parameter_arrives_as_it_was(lines: Lines, value: object, kind: str) -> None:
    line = await lines.take()
    try:
        row = await line.fetch(f"SELECT to_json($1::{kind})::text", [dumped(value)])
        with psycopg.connect(line.connection.info.dsn, options="-c TimeZone=Asia/Shanghai") as ordinary:
            expected = ordinary.execute(f"SELECT to_json(%s::{kind})::text", [value]).fetchone()
    finally:
        lines.give(line)
    assert row is not None
    assert expected is not None
    assert row[0] == (None if expected[0] is None else expected[0].encode())


async def test_an_error_leaves_the_line_usable(lines: Lines) -> None:
    line = await lines.take()
    with pytest.raises(psycopg.errors.DivisionByZero):
        await line.fetch("SELECT 1 / $1::integer", [b"0"])
    assert await line.fetch("SELECT convert_to('well', 'UTF8')", []) == (b"well",)
    assert not line.broken
    lines.give(line)


async def test_who_stops_waiting_leaves_no_answer_to_the_next(lines: Lines) -> None:
    line = await lines.take()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(line.fetch("SELECT pg_sleep(5), convert_to('late', 'UTF8')", []), 0.05)
    assert line.broken
    lines.give(line)
    other = await lines.take()
    assert other is not line
    assert await other.fetch("SELECT convert_to('mine', 'UTF8')", []) == (b"mine",)
    lines.give(other)


async def test_a_line_that_the_server_cut_is_replaced(lines: Lines, database: Database) -> None:
    line = await lines.take()
    pid = line.connection.info.backend_pid
    lines.give(line)
    with psycopg.connect(database.superuser_url, autocommit=True) as administrator:
        administrator.execute("SELECT pg_terminate_backend(%s)", [pid])
    while not line.broken:  # noqa: ASYNC110 (the watch on the socket sees it)
        await asyncio.sleep(0.01)
    other = await lines.take()
    assert other.connection.info.backend_pid != pid
    assert await other.fetch("SELECT convert_to('back', 'UTF8')", []) == (b"back",)
    lines.give(other)


async def test_a_line_that_is_gone_leaves_its_sockets_number_to_the_next(database: Database) -> None:
    """libpq closes a broken connection's socket by itself. What is closed after that must not be another line's watch."""
    async with read_lines(database.url, maximum=2) as two:
        line = await two.take()
        number = line.connection.fileno()
        with psycopg.connect(database.superuser_url, autocommit=True) as administrator:
            administrator.execute("SELECT pg_terminate_backend(%s)", [line.connection.info.backend_pid])
            while not line.broken:  # noqa: ASYNC110 (the watch on the socket sees it)
                await asyncio.sleep(0.01)
            other = await two.take()
        assert other.connection.fileno() == number
        await line.close()
        assert await asyncio.wait_for(other.fetch("SELECT convert_to('mine', 'UTF8')", []), 10) == (b"mine",)
        two.give(other)


async def test_readers_take_turns_and_the_patient_are_served(lines: Lines) -> None:
    line = await lines.take()
    waiting = [asyncio.create_task(lines.take()) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    lines.give(line)
    assert await waiting[1] is line
    lines.give(line)


async def test_a_reader_without_a_turn_is_sent_away(database: Database) -> None:
    async with Lines(database.url.replace("+psycopg", ""), options="", most=1, seconds=0.05) as few:
        line = await few.take()
        with pytest.raises(RequestError) as refused:
            await few.take()
        few.give(line)
    assert refused.value.code is RequestCode.OVERLOADED


async def test_a_large_answer_comes_whole(lines: Lines) -> None:
    line = await lines.take()
    row = await line.fetch("SELECT convert_to(repeat('房', 400000), 'UTF8')", [])
    lines.give(line)
    assert row == ("房".encode() * 400_000,)


async def test_what_goes_together_is_one_transaction(lines: Lines) -> None:
    line = await lines.take()
    setting = "SELECT current_setting('anju.counties', true)"
    rows = await line.together(
        [("SELECT set_config('anju.counties', $1, true)", [b"370303"]), (setting, []), ("SELECT WHERE false", [])]
    )
    assert rows == [(b"370303",), (b"370303",), None]
    assert await line.fetch(setting, []) == (b"",)  # gone with its transaction
    lines.give(line)


async def test_what_goes_together_is_done_whole_or_not_at_all(lines: Lines) -> None:
    line = await lines.take()
    await line.run("CREATE TEMPORARY TABLE noted (n integer UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    note = "INSERT INTO noted SELECT $1::integer RETURNING n"
    for failing in (("SELECT 1 / $1::integer", [b"0"]), ("SELECT 1 / 0", [])):
        with pytest.raises(psycopg.errors.DivisionByZero):
            await line.together([(note, [b"1"]), failing, (note, [b"2"])])
    with pytest.raises(psycopg.errors.UniqueViolation):  # found out at COMMIT, when every statement has gone well
        await line.together([(note, [b"3"]), (note, [b"3"])])
    assert await line.fetch("SELECT count(*)::text FROM noted", []) == (b"0",)
    assert await line.together([(note, [b"4"])]) == [((4).to_bytes(4),)]
    assert not line.broken
    lines.give(line)


async def test_more_statements_than_a_line_keeps_prepared(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.lines.MOST_PREPARED", 4)
    line = await lines.take()
    for turn in range(4):
        statements = [(f"SELECT convert_to('{turn + at}', 'UTF8')", []) for at in (0, 1, 2, 0)]
        assert await line.together(statements) == [(b"%d" % (turn + at),) for at in (0, 1, 2, 0)]
        assert await line.fetch("SELECT convert_to('one', 'UTF8')", []) == (b"one",)
    lines.give(line)


async def test_a_large_answer_among_several_comes_whole(lines: Lines) -> None:
    line = await lines.take()
    large = "SELECT convert_to(repeat('房', 400000), 'UTF8')"
    assert await line.together([(large, []), ("SELECT convert_to('well', 'UTF8')", []), (large, [])]) == [
        ("房".encode() * 400_000,),
        (b"well",),
        ("房".encode() * 400_000,),
    ]
    lines.give(line)


async def test_a_server_that_cuts_what_goes_together_is_noticed(lines: Lines, database: Database) -> None:
    line = await lines.take()
    pid = line.connection.info.backend_pid
    waiting = asyncio.create_task(line.together([("SELECT 1", []), ("SELECT pg_sleep(60)", []), ("SELECT 2", [])]))
    with psycopg.connect(database.superuser_url, autocommit=True) as administrator:
        sleeps = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
        while administrator.execute(sleeps, [pid]).fetchone() is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        administrator.execute("SELECT pg_terminate_backend(%s)", [pid])
    with pytest.raises(psycopg.OperationalError):
        await waiting
    assert line.broken
    lines.give(line)
    other = await lines.take()
    assert await other.fetch("SELECT convert_to('back', 'UTF8')", []) == (b"back",)
    lines.give(other)


async def test_who_stops_waiting_for_several_leaves_no_answer_to_the_next(lines: Lines) -> None:
    line = await lines.take()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(line.together([("SELECT 1", []), ("SELECT pg_sleep(60)", [])]), 0.05)
    assert line.broken
    lines.give(line)
    other = await lines.take()
    assert await other.fetch("SELECT convert_to('mine', 'UTF8')", []) == (b"mine",)
    lines.give(other)
