"""The work queue (待办) over all workflows: what is overdue leads, what has no day comes last, each counted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from domain.documents import DocumentKind
from domain.roles import Role
from resolvers import emergency_funds, funds
from tests.cases.conftest import Ask
from tests.funds.test_emergency import PLAN as EMERGENCY
from tests.funds.test_ordinary import PLAN, Case
from tests.inspections.test_inspections import _case
from tests.stage import Stage

QUEUE = """query ($where: TaskFilter) { viewer {
  taskCounts { role caseType open dueToday overdue }
  tasks(where: $where) { totalCount nodes { title dueOn isOverdue actions case { __typename } } } } }"""


async def test_a_queue_holds_the_tasks_of_all_workflows_overdue_first(live: Stage, ask: Ask) -> None:
    now = live.now
    live.now = now - timedelta(days=40)
    inspected = await _case(live, Role.BUREAU)
    place, company = inspected.place, inspected.company
    await live.do(company, funds.draft, estate_id=place.estate.id, **{**PLAN, "title": "无期限"})
    live.now = now - timedelta(days=10)
    request = await live.do(company, funds.draft, estate_id=place.estate.id, **{**PLAN, "title": "退回补正"})
    community, township = await live.actor(Role.COMMUNITY), await live.actor(Role.TOWNSHIP)
    case = Case(live, place, company, community, await live.actor(Role.COMMUNITY), township, company, request.id)
    await case.checked()
    await case.do(township, funds.return_, reason="预算缺明细")  # two days ago: ten days to resubmit
    returned = await case.now()
    assert returned.due_on is not None
    live.now = now - timedelta(days=3)
    photo = await live.paper(company, DocumentKind.PHOTO)
    report = {**EMERGENCY, "title": "已逾期", "document_ids": [photo.id]}
    await live.do(company, emergency_funds.report, estate_id=place.estate.id, **report)  # a day to be on site
    await inspected.ordered(days=3)
    live.now = now
    company = replace(company, today=live.today)  # who asks today

    async def queue(**where: Any) -> list[tuple[str, str | None, bool, str]]:
        viewer = (await ask(company, QUEUE, where=where))["viewer"]
        rows = viewer["tasks"]["nodes"]
        assert viewer["tasks"]["totalCount"] == len(rows)
        return [(row["title"], row["dueOn"], row["isOverdue"], row["case"]["__typename"]) for row in rows]

    def day(ahead: int) -> str:
        return (live.today + timedelta(days=ahead)).isoformat()

    late = ("已逾期", day(-2), True, "FundRequest")
    today = (f"{place.estate.name}：2026年春季检查", day(0), False, "Inspection")
    coming = ("退回补正", returned.due_on.isoformat(), False, "FundRequest")
    assert await queue() == [late, today, coming, ("无期限", None, False, "FundRequest")]
    assert await queue(dueBefore=day(0)) == [late]
    assert await queue(dueBefore=day(1)) == [late, today]
    assert await queue(caseType="Inspection") == [today]
    assert await queue(state="RETURNED") == [coming]
    assert (await ask(company, QUEUE))["viewer"]["taskCounts"] == [
        {"role": "COMPANY_ADMIN", "caseType": "FundRequest", "open": 3, "dueToday": 0, "overdue": 1},
        {"role": "COMPANY_ADMIN", "caseType": "Inspection", "open": 1, "dueToday": 1, "overdue": 0},
    ]
