"""The hub: notices of committed transactions reach this process's subscriptions, and no event is lost in silence."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from app.database import session_options, without_driver
from app.subscriptions import NOTIFY_SQL, Hub, notice
from schema.events import Event
from schema.faults import RequestError
from tests.database import Database

FILING = Event("Filing", "990001", "01980000-0000-7000-8000-000000000001")
OTHER = Event("Filing", "990001", "01980000-0000-7000-8000-000000000002")


def send(database: Database, *events: Event, commit: bool = True) -> None:
    with psycopg.connect(without_driver(database.url), cursor_factory=psycopg.RawCursor) as connection:
        for event in events:
            connection.execute(NOTIFY_SQL, [notice(event)])
        if not commit:
            connection.rollback()


@pytest.fixture
async def hub(own_database: Database) -> AsyncIterator[Hub]:
    made = Hub(without_driver(own_database.url), places=3, longest_pause=0.05, options=session_options())
    await made.start()
    async with asyncio.timeout(10):
        await made.wait_until_listening()
    yield made
    await made.stop()


async def taken(events: AsyncIterator[Event], count: int) -> list[Event]:
    async with asyncio.timeout(10):
        return [await anext(events) for _ in range(count)]


async def test_only_committed_changes_of_the_row_arrive(hub: Hub, own_database: Database) -> None:
    elsewhere = [Event("Filing", "990002", FILING.id), Event("FundRequest", "990001", FILING.id), OTHER]
    async with hub.subscribe("Filing", "990001", FILING.id) as events:
        send(own_database, FILING, commit=False)
        send(own_database, *elsewhere)
        send(own_database, FILING)
        assert await taken(events, 1) == [FILING]


async def test_all_rows_of_a_county(hub: Hub, own_database: Database) -> None:
    async with hub.subscribe("Filing", "990001") as events, hub.subscribe("Filing", "990001", OTHER.id) as one:
        send(own_database, FILING, OTHER)
        assert await taken(events, 2) == [FILING, OTHER]
        assert await taken(one, 1) == [OTHER]


async def test_nothing_is_missed_between_subscribing_and_reading(hub: Hub, own_database: Database) -> None:
    async with hub.subscribe("Filing", "990001") as events, hub.subscribe("Filing", "990001") as witness:
        send(own_database, FILING)
        await taken(witness, 1)
        assert await taken(events, 1) == [FILING]


async def test_a_slow_consumer_is_ended_after_what_it_could_hold(hub: Hub, own_database: Database) -> None:
    async with hub.subscribe("Filing", "990001") as slow, hub.subscribe("Filing", "990001", OTHER.id) as quick:
        for event in [*[FILING] * 5, OTHER]:
            send(own_database, event)  # PostgreSQL joins equal notices of one transaction
        assert await taken(quick, 1) == [OTHER]
        assert await taken(slow, 3) == [FILING] * 3
        with pytest.raises(RequestError) as raised:
            await taken(slow, 1)
    assert raised.value.code == "SLOW_CONSUMER"


async def test_a_broken_connection_ends_subscriptions_and_is_made_anew(hub: Hub, own_database: Database) -> None:
    async with hub.subscribe("Filing", "990001") as events:
        with psycopg.connect(own_database.superuser_url, autocommit=True) as administrator:
            administrator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'anju hub' AND datname = current_database()"
            )
        with pytest.raises(RequestError) as raised:
            await taken(events, 1)
    assert raised.value.code == "EVENTS_LOST"
    async with asyncio.timeout(10):
        await hub.wait_until_listening()
    async with hub.subscribe("Filing", "990001") as events:
        send(own_database, FILING)
        assert await taken(events, 1) == [FILING]


async def test_a_connection_that_is_silent_stays(own_database: Database) -> None:
    hub = Hub(without_driver(own_database.url), longest_silence=0.01, options=session_options())
    await hub.start()
    async with asyncio.timeout(10):
        await hub.wait_until_listening()
    async with hub.subscribe("Filing", "990001") as events:
        for _ in range(20):
            send(own_database, FILING)
        assert await taken(events, 20) == [FILING] * 20
    await hub.stop()


async def test_notices_that_cannot_be_read_are_passed_over(hub: Hub, own_database: Database) -> None:
    async with hub.subscribe("Filing", "990001") as events:
        with psycopg.connect(without_driver(own_database.url)) as connection:
            for payload in ("", "{", "[]", "1", '{"type": "Filing"}'):
                connection.execute("SELECT pg_notify('anju', %s)", [payload])
        send(own_database, FILING)
        assert await taken(events, 1) == [FILING]


async def test_stopping_ends_every_subscription(hub: Hub) -> None:
    async with hub.subscribe("Filing", "990001") as events:
        await hub.stop()
        assert [event async for event in events] == []
    assert not hub.listening


async def test_without_a_connection_nobody_waits_in_vain() -> None:
    with pytest.raises(RequestError) as raised:
        async with Hub("postgresql://nobody@127.0.0.1:1/none").subscribe("Filing", "990001"):
            pass
    assert raised.value.code == "EVENTS_LOST"


async def test_subscriptions_leave_nothing_behind(hub: Hub) -> None:
    for _ in range(3):
        async with hub.subscribe("Filing", "990001", FILING.id):
            pass
    assert not hub._listeners
