"""Quotas in the whole application: whose token it is, and figures that an operator changes."""

from pathlib import Path

import pytest

from auth.quotas import quota_of, set_quota
from domain.quotas import Quota
from tests.database import Database
from tests.deployment import Deployed, deployed

ESTATES = "{estates(first:20){nodes{name}}}"


async def left(there: Deployed, token: str | None) -> tuple[int, int | None]:
    answer = await there.ask(token, ESTATES)
    cost = answer.json()["extensions"]["cost"] if answer.status_code == 200 else {"capacity": None}
    return answer.status_code, cost["capacity"]


async def test_each_person_of_an_app_and_each_partner_has_a_bucket(
    database: Database, county: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quotas = {"person_quota": "30/1", "partner_quota": "50/1"}
    async with deployed(database, county, tmp_path, monkeypatch, **quotas) as there:
        app, bank = await there.client(app=True), await there.client()
        one, other = (await there.world.bureau()).account_id, (await there.world.bureau()).account_id
        first, again = await there.token(one, app), await there.token(one, app)
        assert await left(there, first) == (200, 30)
        assert await left(there, again) == (429, None), "the bucket is the person's, not the token's"
        assert await left(there, await there.token(other, app)) == (200, 30)
        assert await left(there, await there.token(one)) == (200, 30), "without the app"
        system = await there.token(None, bank)
        assert [await left(there, system) for _ in range(3)] == [(200, 50), (200, 50), (429, None)]


async def test_figures_that_an_operator_sets_hold_at_once(
    database: Database, county: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept actors carry the quota: one that is refused is looked up again first."""
    async with deployed(database, county, tmp_path, monkeypatch, person_quota="30/1") as there:
        app = await there.client(app=True)
        token = await there.token((await there.world.bureau()).account_id, app)

        async def give(own: Quota | None) -> None:
            async with there.sessions.begin() as session:
                await session.run_sync(lambda run: set_quota(run, app, own))
                assert await session.run_sync(lambda run: quota_of(run, app)) == own

        assert await left(there, token) == (200, 30)
        await give(Quota(500, 10))
        assert await left(there, token) == (200, 500)
        await give(None)
        assert await left(there, token) == (200, 500), "what is under way when it changes"
        assert await left(there, token) == (429, None)
