"""What a clause rests on that allows a special mode: a covenant on file, or the vote that adopted the rules (V-25)."""

from typing import Any

import pytest

from domain.documents import DocumentKind
from domain.errors import ErrorCode
from domain.profiles import profile_for_test
from domain.profiles.parameters import VoteMode
from domain.roles import Role
from domain.tallies import Matter
from models.base import new_id
from models.filings import Filing
from resolvers import mode_clauses, votes
from resolvers.unit_of_work import UnitOfWork
from tests.stage import Stage
from tests.votes.electorate import CONTACT, ITEM, Electorate


@pytest.mark.rule("V-25", "V-21")
async def test_a_clause_stands_as_long_as_what_it_rests_on(stage: Stage) -> None:
    profile_for_test(stage.county, copy_of="620724", attested_votes=False)
    electorate = await Electorate.build(stage, await stage.place(10_000))
    committee, area = electorate.committee, electorate.place.area
    paper = await electorate.paper(committee, DocumentKind.COVENANT)
    given: dict[str, Any] = {
        "area_id": area.id,
        "mode": VoteMode.OBJECTION,
        "article": "第二十条",
        "document_ids": [paper],
    }

    async def refused(command: Any = mode_clauses.record, **change: Any) -> tuple[ErrorCode, str | None]:
        found = await stage.refused(committee, command, **change)
        return found.code, found.field

    # Nothing is taken on somebody's word where the county takes no attested votes, nor a covenant that is not named.
    rules, covenant = {**given, "source": Matter.RULES_OF_PROCEDURE}, {**given, "source": Matter.COVENANT}
    assert await refused(**rules, adopted_on=stage.today) == (ErrorCode.REQUIRED, "voteId")
    assert await refused(**covenant, adopted_on=stage.today) == (ErrorCode.REQUIRED, "filingId")

    vote = await electorate.drafted({"matter": Matter.RULES_OF_PROCEDURE, "title": "议事规则", "text": "通过议事规则"})
    assert await refused(**rules, vote_id=vote.id) == (ErrorCode.CLAUSE_NOT_IN_FORCE, "voteId")
    opened = await electorate.opened(vote)
    await electorate.cast(opened, 0, "FOR")
    vote = await electorate.final(opened)
    other = await electorate.drafted(ITEM)
    assert await refused(**rules, vote_id=other.id) == (ErrorCode.CLAUSE_NOT_IN_FORCE, "voteId")
    clause = await stage.do(committee, mode_clauses.record, **rules, vote_id=vote.id)
    assert (clause.vote_id, clause.adopted_on) == (vote.id, vote.final_on)
    by_objection = {
        "area_id": area.id,
        "title": "维修",
        "agenda": [{**ITEM, "mode": VoteMode.OBJECTION, "clause_id": clause.id}],
    }
    await stage.do(committee, votes.draft, **by_objection)
    township = await stage.actor(Role.TOWNSHIP)
    await stage.do(township, votes.annul, id=vote.id, reason="送达造假", **CONTACT)
    assert await refused(votes.draft, **by_objection) == (ErrorCode.CLAUSE_NOT_IN_FORCE, "clauseId")

    # A covenant as it stands after its filing, which has its tests.
    filing = Filing(
        county=stage.county, id=new_id(), area_id=area.id, township=area.township, community=area.community,
        kind="COVENANT", covenant_kind="COVENANT", number="管规-1", title="管理规约", state="FILED", signed_on=stage.today,
        committee_id=committee.grants[0].committee_id, workflow="covenant_filing", workflow_version=1,
        profile_version=f"{stage.county}/1", applicant_id=committee.account_id, applicant_role="COMMITTEE",
        state_since=stage.now, step=0, version=1,
    )  # fmt: skip

    async def store(uow: UnitOfWork) -> None:
        uow.session.add(filing)

    async def replaced(uow: UnitOfWork) -> None:
        (await uow.session.get_one(Filing, (uow.county, filing.id))).state = "TERMINATED"

    await stage.do(township, store)
    paper = await electorate.paper(committee, DocumentKind.COVENANT)
    held = await stage.do(committee, mode_clauses.record, **{**covenant, "document_ids": [paper]}, filing_id=filing.id)
    assert (held.filing_id, held.adopted_on) == (filing.id, filing.signed_on)
    by_objection["agenda"][0]["clause_id"] = held.id
    await stage.do(committee, votes.draft, **by_objection)
    await stage.do(township, replaced)
    assert await refused(votes.draft, **by_objection) == (ErrorCode.CLAUSE_NOT_IN_FORCE, "clauseId")
