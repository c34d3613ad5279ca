"""The owners' decision behind work that is under contract is annulled: payments stop, and the bureau decides (V-21)."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import ErrorCode
from domain.roles import Role
from models.payment_instructions import PaymentInstruction
from models.votes import Vote
from resolvers import fund_votes, funds, votes
from tests.acts import Ask, opaque
from tests.funds.works import Work
from tests.stage import Stage
from tests.votes.electorate import CONTACT, ITEM, Electorate


@pytest.mark.rule("V-21", "FUND-28", "FUND-29")
async def test_payments_stop_until_owners_decide_anew_or_the_bureau_ends_it(live: Stage, ask: Ask) -> None:
    live.now = datetime.now(UTC) - timedelta(days=60)
    work = await Work.begin(live, ask, 30_000, 30_000, 30_000)
    crew, township = work.crew, await live.actor(Role.TOWNSHIP)
    electorate = await Electorate.build(live, work.place, committee=crew.committee)
    request = await work.posted()
    first = await electorate.hold("FOR", "FOR", "FOR", request_id=request.id)
    live.now = datetime.now(UTC)
    await live.do(crew.committee, funds.approve, id=request.id)
    await work.granted(request)
    await work.contract()
    assert await work.paid() == "STAGE1_PAID"
    await work.do(crew.company, "Start")
    await work.certify()
    waiting = await work.pay()
    annul = {"id": first.id, "reason": "送达造假", **CONTACT}
    await live.do(township, votes.annul, **annul)

    # What the bank has not taken over is taken back; what it has paid stays paid.
    assert (await live.row(PaymentInstruction, id=waiting.id)).state == "CANCELLED"
    shown = "state stoppedOn paid instructed payableOn earmark { used isReleased }"
    held = {"used": 3_000, "isReleased": False}
    stopped = {"state": "IN_PROGRESS", "paid": 3_000, "instructed": 0, "payableOn": None, "earmark": held}
    assert await work.seen(shown) == {**stopped, "stoppedOn": work.day()}
    assert await work.refused(crew.cashier, "Pay") == ("DECISION_ANNULLED", None)
    queue = "{ viewer { tasks { nodes { actions dueOn case { ... on FundRequest { id } } } } } }"
    (task,) = (await ask(crew.bureau, queue))["viewer"]["tasks"]["nodes"]
    assert (task["actions"], task["case"]) == (["RESUME", "TERMINATE"], {"id": work.id})
    assert task["dueOn"] is not None

    # Only a new vote of the same owners on this one matter lets it go on, once it is final.
    given = {"id": request.id, "reason": "业主重新表决"}
    again = await live.refused(crew.bureau, fund_votes.resume, vote_id=first.id, **given)
    assert (again.code, again.field) == (ErrorCode.INVALID_INPUT, "voteId")
    vote = await electorate.opened(await electorate.drafted(ITEM))
    early = await live.refused(crew.bureau, fund_votes.resume, vote_id=vote.id, **given)
    assert (early.code, early.field) == (ErrorCode.VOTE_NOT_PASSED, "voteId")
    for at, choice in enumerate(("FOR", "FOR", "AGAINST")):
        await electorate.cast(vote, at, choice)
    await electorate.final(vote)
    refused = await live.refused(township, fund_votes.resume, vote_id=vote.id, **given)
    assert refused.code is ErrorCode.FORBIDDEN_ROLE
    await live.do(crew.bureau, fund_votes.resume, vote_id=vote.id, **given)
    went_on = await work.seen("stoppedOn payableOn voteForHeads vote { id }")
    assert (went_on["stoppedOn"], went_on["voteForHeads"]) == (None, 2)
    assert went_on["vote"] == {"id": opaque(live.county, "Vote", vote)}
    assert went_on["payableOn"] == live.today.isoformat()
    due = await work.pay()

    # The new decision can be annulled too; what the bank has taken over it reports on first. Then the bureau ends it.
    end = {"reason": "业主不再维修"}
    await live.do(township, votes.annul, **{**annul, "id": vote.id})
    assert (await live.row(PaymentInstruction, id=due.id)).state == "CANCELLED"
    assert (await work.refused(crew.committee, "Terminate", **end))[0] == "FORBIDDEN_ROLE"
    assert (await live.row(Vote, id=vote.id)).state == "ANNULLED"
    assert await work.do(crew.bureau, "Terminate", **end) == "CLOSED"
    ended = await work.seen(shown)
    assert (ended["state"], ended["paid"], ended["earmark"]) == ("CLOSED", 3_000, {"used": 3_000, "isReleased": True})
    books = await work.books()
    assert (books["units"], books["earmarked"], books["claims"]) == ([29_000] * 3, 0, [0] * 3)
