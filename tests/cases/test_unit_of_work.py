"""One command, one transaction: the fuse, visibility, the acting grant, idempotency, retries, notices and jobs."""

import asyncio
import json
import uuid
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.database import without_driver
from auth.actor import Actor
from domain.errors import ErrorCode, Refusal
from domain.estates import ServiceMode
from domain.roles import Role
from models.cases import AuditEvent, Operation
from models.estates import Estate
from resolvers import estates, idempotency, jobs, unit_of_work
from resolvers.unit_of_work import UnitOfWork, transact
from tests.database import Database
from tests.stage import Stage


async def test_a_county_without_a_grant_is_not_found_and_no_statement_is_sent(stage: Stage) -> None:
    stranger = Actor(uuid.uuid4(), None, None, "", "zh-CN", stage.now.date())

    async def command(_uow: UnitOfWork) -> None:
        raise AssertionError("must not run")

    assert (await stage.refused(stranger, command)).code is ErrorCode.NOT_FOUND


async def test_the_fuse_shows_the_county_of_the_operation_only(stage: Stage) -> None:
    bureau = await stage.actor(Role.BUREAU)
    await stage.place()

    async def visible(uow: UnitOfWork) -> tuple[str, set[str]]:
        setting = (await uow.session.execute(text("SELECT current_setting('anju.counties')"))).scalar_one()
        return setting, set((await uow.session.execute(select(Estate.county))).scalars())

    assert await stage.do(bureau, visible) == (stage.county, {stage.county})


async def test_an_invisible_row_is_not_found_like_one_that_does_not_exist(stage: Stage) -> None:
    place = await stage.place()
    elsewhere = await stage.actor(Role.TOWNSHIP, township=f"{stage.county}002")

    async def load(uow: UnitOfWork, row_id: uuid.UUID) -> Estate:
        return await uow.load(Estate, row_id, field="estateId")

    hidden = await stage.refused(elsewhere, load, row_id=place.estate.id)
    absent = await stage.refused(elsewhere, load, row_id=uuid.uuid4())
    assert hidden == absent == Refusal(ErrorCode.NOT_FOUND, "estateId")
    here = await stage.actor(Role.TOWNSHIP)
    assert (await stage.do(here, load, row_id=place.estate.id)).id == place.estate.id


async def test_one_grant_acts_and_it_is_one_that_covers_the_row(stage: Stage) -> None:
    place = await stage.place()
    both = await stage.actor(Role.TOWNSHIP, Role.COMMUNITY)
    estate = {"id": place.estate.id, "mode": ServiceMode.SIMPLE, "since": stage.now.date(), "reason": "演示"}
    assert (
        await stage.refused(both, estates.estate_service_mode_set, **estate)
    ).code is ErrorCode.ACTING_GRANT_REQUIRED
    _township, community = both.grants
    await stage.do(both.narrowed(community.id), estates.estate_service_mode_set, **estate)
    event = (await stage.rows(AuditEvent, action="estateServiceModeSet"))[-1]
    assert (event.grant_id, event.role, event.account_id) == (community.id, "COMMUNITY", both.account_id)
    # The second grant does not reach this estate, so the first one acts without being named.
    other = await stage.actor(Role.TOWNSHIP, Role.COMMUNITY, community=f"{stage.county}002001")
    await stage.do(other, estates.estate_service_mode_set, **estate)
    assert (await stage.rows(AuditEvent, action="estateServiceModeSet"))[-1].role == "TOWNSHIP"


async def test_a_replayed_key_runs_nothing_and_answers_the_same(stage: Stage) -> None:
    place = await stage.place()
    bureau = await stage.actor(Role.BUREAU)
    ran = 0

    async def touch(uow: UnitOfWork, reason: str) -> Estate:
        nonlocal ran
        ran += 1
        return await uow.load(Estate, place.estate.id)

    async def call(reason: str, key: str) -> Any:
        return await transact(
            stage.sessions,
            bureau,
            stage.county,
            lambda uow: touch(uow, reason),
            name="estateTouch",
            inputs={"reason": reason, "id": place.estate.id},
            idempotency_key=key,
            now=stage.now,
        )

    first, again = await call("a", "k1"), await call("a", "k1")
    assert (first.type, first.id, first.replayed) == ("Estate", place.estate.id, False)
    assert (again.type, again.id, again.version, again.replayed) == ("Estate", place.estate.id, first.version, True)
    assert ran == 1
    with pytest.raises(Refusal) as caught:
        await call("b", "k1")
    assert caught.value.code is ErrorCode.IDEMPOTENCY_KEY_REUSED
    assert ran == 1


async def test_keys_belong_to_their_account(stage: Stage) -> None:
    place = await stage.place()

    async def load(uow: UnitOfWork) -> Estate:
        return await uow.load(Estate, place.estate.id)

    for _ in range(2):
        assert await stage.do(await stage.actor(Role.BUREAU), load, key="same") is not None
    assert len(await stage.rows(Operation, key="same")) == 2


async def test_a_refusal_is_not_stored_under_its_key(stage: Stage) -> None:
    bureau = await stage.actor(Role.BUREAU)
    refuse = True

    async def command(uow: UnitOfWork) -> None:
        await uow.session.execute(text("SELECT 1"))
        if refuse:
            raise Refusal(ErrorCode.REQUIRED, "reason")

    with pytest.raises(Refusal):
        await stage.do(bureau, command, key="k")
    assert await stage.rows(Operation) == []
    refuse = False
    await stage.do(bureau, command, key="k")
    assert len(await stage.rows(Operation)) == 1


async def test_two_calls_at_once_under_one_key_do_the_work_once(stage: Stage) -> None:
    place = await stage.place()
    bureau = await stage.actor(Role.BUREAU)
    running = asyncio.Event()
    ran = 0

    async def slow(uow: UnitOfWork) -> Estate:
        nonlocal ran
        ran += 1
        running.set()
        await asyncio.sleep(0.2)
        return await uow.load(Estate, place.estate.id)

    def call() -> Any:
        return transact(
            stage.sessions, bureau, stage.county, slow, name="slow", inputs={}, idempotency_key="k", now=stage.now
        )

    first = asyncio.create_task(call())
    await running.wait()
    second = await call()
    assert ((await first).replayed, second.replayed, second.id) == (False, True, place.estate.id)
    assert ran == 1


async def test_a_key_whose_first_call_rolled_back_does_the_work(stage: Stage) -> None:
    bureau = await stage.actor(Role.BUREAU)
    running = asyncio.Event()

    async def failing(_uow: UnitOfWork) -> None:
        running.set()
        await asyncio.sleep(0.2)
        raise Refusal(ErrorCode.TRY_AGAIN)

    async def working(_uow: UnitOfWork) -> None:
        return None

    def call(command: Any) -> Any:
        return transact(
            stage.sessions, bureau, stage.county, command, name="x", inputs={}, idempotency_key="k", now=stage.now
        )

    first = asyncio.create_task(call(failing))
    await running.wait()
    assert (await call(working)).replayed is False
    with pytest.raises(Refusal):
        await first


def test_equal_inputs_have_one_hash_however_they_are_written() -> None:
    one = uuid.uuid4()
    assert idempotency.input_hash({"a": 1, "b": [one]}) == idempotency.input_hash({"b": [str(one)], "a": 1})
    assert idempotency.input_hash({"a": 1}) != idempotency.input_hash({"a": "1"})
    assert idempotency.input_hash([1, 2]) != idempotency.input_hash([2, 1])


async def test_a_deadlock_is_tried_again_and_both_succeed(stage: Stage) -> None:
    one, two = await stage.place(), await stage.place()
    bureau = await stage.actor(Role.BUREAU)
    tries = 0
    meeting = asyncio.Barrier(2)
    met = False

    async def lock_both(uow: UnitOfWork, first: uuid.UUID, second: uuid.UUID) -> None:
        nonlocal tries, met
        tries += 1
        await uow.load(Estate, first, lock=True)
        if not met:
            await meeting.wait()
            met = True
        await uow.load(Estate, second, lock=True)

    await asyncio.gather(
        stage.do(bureau, lock_both, first=one.estate.id, second=two.estate.id),
        stage.do(bureau, lock_both, first=two.estate.id, second=one.estate.id),
    )
    assert tries == 3


async def test_a_connection_lost_before_commit_is_tried_again(stage: Stage, database: Database) -> None:
    bureau = await stage.actor(Role.BUREAU)
    tries = 0

    async def command(uow: UnitOfWork) -> int:
        nonlocal tries
        tries += 1
        backend = (await uow.session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        if tries == 1:
            with psycopg.connect(without_driver(database.superuser_url), autocommit=True) as admin:
                admin.execute("SELECT pg_terminate_backend(%s)", [backend])
        return int((await uow.session.execute(text("SELECT 7"))).scalar_one())

    assert await stage.do(bureau, command) == 7
    assert tries == 2


async def test_what_collides_for_ever_is_reported_as_retryable(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau = await stage.actor(Role.BUREAU)
    monkeypatch.setattr(unit_of_work, "ATTEMPTS", 2)
    tries = 0

    async def command(uow: UnitOfWork) -> None:
        nonlocal tries
        tries += 1
        await uow.session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$"))

    refusal = await stage.refused(bureau, command)
    assert (refusal.code, refusal.code.retryable, tries) == (ErrorCode.TRY_AGAIN, True, 2)


async def test_subscribers_hear_of_a_row_when_and_only_when_it_is_committed(stage: Stage, database: Database) -> None:
    place = await stage.place()
    bureau = await stage.actor(Role.BUREAU)

    async def notify(uow: UnitOfWork, fail: bool) -> None:
        estate = await uow.load(Estate, place.estate.id)
        uow.notify(estate)
        uow.notify(estate)
        if fail:
            await uow.send_notices()
            raise Refusal(ErrorCode.TRY_AGAIN)

    async with await psycopg.AsyncConnection.connect(without_driver(database.url), autocommit=True) as listener:
        await listener.execute("LISTEN anju")
        await stage.refused(bureau, notify, fail=True)
        await stage.do(bureau, notify, fail=False)
        heard = [json.loads(notice.payload) async for notice in listener.notifies(timeout=5, stop_after=1)]
        heard += [json.loads(notice.payload) async for notice in listener.notifies(timeout=0)]
    mine = [notice for notice in heard if notice["county"] == stage.county]
    assert mine == [{"type": "Estate", "county": stage.county, "id": str(place.estate.id)}]


async def test_a_job_exists_exactly_when_its_transaction_committed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau = await stage.actor(Role.BUREAU)

    async def handler(_uow: UnitOfWork) -> None:
        return None

    monkeypatch.setitem(jobs.HANDLERS, "test_job", handler)

    async def enqueue(uow: UnitOfWork, fail: bool) -> None:
        await uow.enqueue("test_job", thing_id=uuid.UUID(int=1))
        if fail:
            raise Refusal(ErrorCode.TRY_AGAIN)

    await stage.refused(bureau, enqueue, fail=True)
    await stage.do(bureau, enqueue, fail=False)
    async with stage.sessions() as session:
        waiting = await session.execute(
            text("SELECT args FROM procrastinate_jobs WHERE task_name = 'test_job' AND args ->> 'county' = :county"),
            {"county": stage.county},
        )
        assert waiting.scalars().all() == [{"county": stage.county, "thing_id": str(uuid.UUID(int=1))}]


async def test_a_job_without_handler_is_a_mistake_of_ours(sessions: async_sessionmaker[AsyncSession]) -> None:
    async with sessions() as session:
        with pytest.raises(LookupError):
            await jobs.enqueue(session, "nobody", {})
