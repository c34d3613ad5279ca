"""Every mutation of votes through the API: it goes by today's clock, so each vote is brought to its day by commands before."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auth.actor import Actor
from domain.documents import DocumentKind
from domain.profiles import profile_for_test
from domain.roles import Role
from domain.votes import VoteState
from models.votes import Vote
from tests.acts import Ask, done, opaque, refusal, row_of
from tests.docs.told import CLIENTS, follow, guide
from tests.stage import Stage
from tests.votes.electorate import CONTACT, Electorate

STATE = "vote { state }"


class Desk:
    """An electorate and the API over it."""

    def __init__(self, electorate: Electorate, ask: Ask) -> None:
        self.electorate, self.stage, self.ask, self.committee = electorate, electorate.stage, ask, electorate.committee

    @classmethod
    async def open(cls, live: Stage, ask: Ask, *, ago: int) -> "Desk":
        """The stage's clock stands so many days back."""
        live.now = datetime.now(UTC) - timedelta(days=ago)
        return cls(await Electorate.build(live, await live.place()), ask)

    def name(self, type_name: str, row: Any) -> str:
        return opaque(self.stage.county, type_name, row)

    async def paper(self, who: Actor, kind: DocumentKind) -> str:
        return self.name("Document", await self.stage.paper(who, kind))

    async def do(self, who: Actor, mutation: str, shown: str, **given: Any) -> Any:
        return await done(self.ask, who, mutation, shown, **given)

    async def said(self, vote: Vote, *choices: str) -> list[dict[str, Any]]:
        said = await self.electorate.said(vote, *choices)
        return [{"itemId": self.name("VoteItem", each["item_id"]), "choice": each["choice"]} for each in said]


@pytest.mark.rule("SM-8", "V-17", "V-18", "V-25")
async def test_a_vote_is_prepared_noticed_served_and_called_off(live: Stage, ask: Ask) -> None:
    profile_for_test(live.county, copy_of="620724")
    desk = await Desk.open(live, ask, ago=0)
    committee, area = desk.committee, desk.name("PropertyArea", desk.electorate.place.area)
    text = [await desk.paper(committee, DocumentKind.OWNERS_RESOLUTION)]
    day = live.today.isoformat()
    recorded = {
        "mode": "OBJECTION",
        "source": "RULES_OF_PROCEDURE",
        "article": "第二十条",
        "adoptedOn": day,
        "documentIds": text,
    }
    clause = await desk.do(committee, "modeClauseRecord", "modeClause { id mode article }", areaId=area, **recorded)
    assert (clause["mode"], clause["article"]) == ("OBJECTION", "第二十条")
    item = {
        "matter": "FUND_USE",
        "title": "屋面防水",
        "text": "同意维修",
        "mode": "OBJECTION",
        "clauseId": clause["id"],
    }
    drafted = await follow(ask, committee, "ProposeVote", areaId=area, title="临时会议", agenda=[item])
    vote = drafted["vote"]
    [drawn_up] = vote["items"]["nodes"]
    assert (drawn_up["position"], drawn_up["matter"], drawn_up["mode"]) == (1, "FUND_USE", "OBJECTION")
    shown_of = await row_of(ask, committee, drawn_up["id"], "clause { article }")
    assert shown_of == {"clause": {"article": "第二十条"}}
    assert [offer["action"] for offer in vote["availableActions"]] == ["GIVE_NOTICE", "CANCEL"]
    second = {"matter": "OTHER", "title": "其他", "text": "其他事项"}
    given = {"id": vote["id"], "expectedVersion": vote["version"], "title": "定期会议", "agenda": [item, second]}
    changed = await desk.do(committee, "voteChange", "vote { title itemCount }", **given)
    assert changed == {"title": "定期会议", "itemCount": 2}
    assert await refusal(ask, committee, "voteChange", **given) == ("VERSION_CONFLICT", "expectedVersion")
    opens, closes = live.today + timedelta(days=15), live.today + timedelta(days=40)
    days = {"id": vote["id"], "opensOn": opens.isoformat(), "closesOn": closes.isoformat(), **CONTACT}
    shown = "vote { state scopeHeads scopeArea roll { totalCount nodes { kind units { nodes { name areaBasis } } } } }"
    noticed = await desk.do(committee, "voteGiveNotice", shown, **days)
    assert (noticed["state"], noticed["scopeHeads"], noticed["roll"]["totalCount"]) == ("NOTICED", 3, 3)
    community = await live.actor(Role.COMMUNITY)
    queue = "{ viewer { tasks { nodes { caseType actions case { ... on Vote { id } } } } } }"
    (task,) = (await ask(community, queue))["viewer"]["tasks"]["nodes"]
    assert task == {"caseType": "Vote", "actions": ["ACKNOWLEDGE"], "case": {"id": vote["id"]}}
    told = await desk.do(community, "voteAcknowledge", "vote { acknowledgedAt }", id=vote["id"])
    assert told["acknowledgedAt"] is not None
    assert (await ask(community, queue))["viewer"]["tasks"]["nodes"] == []
    served = {
        "voteId": vote["id"],
        "unitIds": [desk.name("Unit", unit) for unit in desk.electorate.place.units[:2]],
        "paper": "BALLOT",
        "way": "IN_PERSON",
        "servedOn": day,
        "printedLastDay": closes.isoformat(),
        "documentId": await desk.paper(committee, DocumentKind.SERVICE_PROOF),
    }
    shown = "vote { roll { nodes { units { nodes { services { nodes { paper way printedLastDay } } } } } } }"
    roll = (await desk.do(committee, "voteServe", shown, **served))["roll"]["nodes"]
    records = [head["units"]["nodes"][0]["services"]["nodes"] for head in roll]
    assert records == [[{"paper": "BALLOT", "way": "IN_PERSON", "printedLastDay": closes.isoformat()}]] * 2 + [[]]
    assert await desk.do(committee, "voteCancel", STATE, id=vote["id"], reason="另行召集") == {"state": "CANCELLED"}


@pytest.mark.rule("SM-8", "V-13", "V-19")
async def test_owners_vote_by_themselves_by_a_proxy_and_on_paper(live: Stage, ask: Ask) -> None:
    desk = await Desk.open(live, ask, ago=20)
    electorate, committee = desk.electorate, desk.committee
    vote = await electorate.opened(await electorate.drafted())
    live.now = datetime.now(UTC)
    id, said = desk.name("Vote", vote), await desk.said(vote, "FOR")
    shown = "ballot { version choices channel receipt vote { participatingHeads } }"
    [listed] = (await follow(ask, electorate.owners[0], "Votes"))["nodes"]
    assert (listed["id"], [item["id"] for item in listed["items"]["nodes"]]) == (id, [each["itemId"] for each in said])
    assert [len(head["units"]["nodes"]) for head in listed["roll"]["nodes"]] == [1]  # the own head alone
    first = (await follow(ask, electorate.owners[0], "CastBallot", voteId=id, choices=said))["ballot"]
    assert (first["version"], first["choices"], first["vote"]) == (1, ["FOR"], {"participatingHeads": 1})
    again = await desk.do(
        electorate.owners[0], "ballotCast", shown, voteId=id, choices=await desk.said(vote, "ABSTAIN")
    )
    assert (again["version"], again["choices"], again["vote"]) == (2, ["ABSTAIN"], {"participatingHeads": 1})
    [listed] = (await follow(ask, electorate.owners[0], "Votes"))["nodes"]
    assert sorted((each["version"], *each["choices"]) for each in listed["ballots"]["nodes"]) == [
        (1, "FOR"),
        (2, "ABSTAIN"),
    ]
    text, _ = guide(CLIENTS)["VoteStatus"]
    assert "choice" not in text
    [status] = (await follow(ask, committee, "VoteStatus"))["nodes"]
    assert (status["participatingHeads"], status["roll"]["totalCount"]) == (1, 3)
    assert [head["votedAt"] is not None for head in status["roll"]["nodes"]].count(True) == 1
    assert (await follow(ask, committee, "Votes"))["nodes"][0]["ballots"]["nodes"] == []  # what they say is the voter's
    mandate = {
        "areaId": desk.name("PropertyArea", electorate.place.area),
        "kind": "PROXY",
        "principalId": desk.name("Owner", electorate.records[1]),
        "agentId": desk.name("Owner", electorate.records[0]),
        "voteId": id,
        "validFrom": live.today.isoformat(),
        "validTo": (live.today + timedelta(days=9)).isoformat(),
        "documentId": await desk.paper(electorate.owners[1], DocumentKind.MANDATE),
    }
    proxy = await desk.do(electorate.owners[1], "mandateGive", "mandate { id kind revokedAt }", **mandate)
    cast = {"voteId": id, "choices": said, "mandateId": proxy["id"]}
    assert (await desk.do(electorate.owners[0], "ballotCast", shown, **cast))["vote"] == {"participatingHeads": 2}
    revoked = await desk.do(electorate.owners[1], "mandateRevoke", "mandate { revokedAt }", id=proxy["id"])
    assert revoked["revokedAt"] is not None
    assert await row_of(ask, committee, id, "participatingHeads") == {"participatingHeads": 1}
    paper = {
        "voteId": id,
        "unitId": desk.name("Unit", electorate.place.units[2]),
        "channel": "PAPER",
        "receivedOn": live.today.isoformat(),
        "documentId": await desk.paper(committee, DocumentKind.BALLOT),
        "choices": said,
    }
    entered = await desk.do(committee, "ballotPaperEnter", "ballotPaper { id state }", **paper)
    community, township = await live.actor(Role.COMMUNITY), await live.actor(Role.TOWNSHIP)
    other = {"id": entered["id"], "choices": await desk.said(vote, "AGAINST")}
    assert await desk.do(community, "ballotPaperConfirm", "ballotPaper { state }", **other) == {"state": "CONFLICT"}
    decided = await desk.do(township, "ballotPaperDecide", "ballotPaper { state entries }", reason="影像清楚", **other)
    assert decided == {"state": "ACCEPTED", "entries": 3}
    closes_on = (live.today + timedelta(days=30)).isoformat()
    extended = await desk.do(
        committee, "voteExtend", "vote { closesOn extendedFrom }", id=id, closesOn=closes_on, reason="参与不足"
    )
    assert (extended["closesOn"], extended["extendedFrom"] is not None) == (closes_on, True)


@pytest.mark.rule("SM-8", "V-20", "V-21")
async def test_a_vote_is_counted_posted_objected_to_counted_again_and_annulled(live: Stage, ask: Ask) -> None:
    desk = await Desk.open(live, ask, ago=40)
    electorate, committee = desk.electorate, desk.committee
    vote = await electorate.opened(await electorate.drafted())
    await electorate.cast(vote, 0, "FOR")
    vote = await electorate.turn_to(vote, "closes_on", 1)
    assert vote.state == VoteState.CLOSED
    live.now = datetime.now(UTC)
    id = desk.name("Vote", vote)
    shown = "vote { state results { nodes { round strictOutcome modeOutcome outcome forHeads legalBasis } } }"
    counted = await desk.do(committee, "voteTally", shown, id=id)
    failed = dict.fromkeys(("strictOutcome", "modeOutcome", "outcome"), "FAILED_QUORUM")
    result = {**failed, "forHeads": 1, "legalBasis": "民法典第二百七十八条"}
    assert counted == {"state": "TALLIED", "results": {"nodes": [{"round": 1, **result}]}}
    assert (await follow(ask, committee, "PublishVote", id=id, **CONTACT))["vote"]["state"] == "PUBLISHED"
    [listed] = (await follow(ask, electorate.owners[0], "Votes"))["nodes"]
    assert [each["outcome"] for each in listed["results"]["nodes"]] == ["FAILED_QUORUM"]
    assert "OBJECT" in [offer["action"] for offer in listed["availableActions"]]
    objected = (await follow(ask, electorate.owners[0], "ObjectToVote", id=id, reason="少计一票"))["objection"]
    assert (objected["reason"], objected["role"]) == ("少计一票", "OWNER")
    assert await row_of(ask, electorate.owners[1], id, "objections { totalCount }") == {"objections": {"totalCount": 0}}
    township = await live.actor(Role.TOWNSHIP)
    recounted = await desk.do(township, "voteRecount", shown, id=id)
    assert recounted["results"]["nodes"] == [{"round": 1, **result}, {"round": 2, **result}]
    assert await desk.do(township, "voteConfirm", STATE, id=id, reason="复核无误", **CONTACT) == {"state": "FINAL"}
    annulled = (await follow(ask, township, "AnnulVote", id=id, reason="程序违法", **CONTACT))["vote"]
    assert (annulled["state"], annulled["annulledAs"]) == ("ANNULLED", "TOWNSHIP")
    assert [each.state for each in await live.rows(Vote)] == ["ANNULLED"]
