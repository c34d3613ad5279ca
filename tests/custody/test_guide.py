"""What the guides say about statements and differences to banks and the bureau, executed as it stands there."""

from typing import Any

from domain.reconciliation import DifferenceState
from models.differences import BankDifference
from resolvers import differences
from tests.acts import Ask, opaque
from tests.custody.counter import Counter
from tests.custody.test_statements import header, line
from tests.docs import told
from tests.stage import Stage


async def test_a_banks_statement_as_the_guide_tells_it(live: Stage, ask: Ask) -> None:
    counter, guide = await Counter.open(live), told.guide(told.PARTNERS)

    async def say(name: str, **given: Any) -> Any:
        (answer,) = (await ask(counter.bank, guide[name][0], **given)).values()
        return answer

    (account,) = (await say("MyAccounts"))["nodes"]
    assert (account["number"], account["bookBalance"]) == (counter.account.number_mask, 0)
    page = {**header(counter), "lineCount": 1, "lines": [line(counter, "S1", 130)], "idempotencyKey": "guide-1"}
    handed = await say("HandIn", input=page)
    assert handed["userErrors"] == []
    assert handed["statement"]["state"] == "RECEIVED"
    await counter.compared()
    (statement,) = (await say("Compared"))["nodes"]
    assert (statement["closingBalance"], statement["atBankOnly"], statement["unexplained"]) == (130, 130, 0)
    (found,) = statement["differences"]["nodes"]
    assert (found["kind"], found["serial"]) == ("MISSING_IN_BOOKS", "S1")
    assert (await say("Asked"))["nodes"] == []
    row = await live.row(BankDifference)
    await live.do(counter.bureau, differences.ask_bank, id=row.id, question="该笔缴存人是谁?")
    (asked,) = (await say("Asked"))["nodes"]
    assert asked["question"] == "该笔缴存人是谁?"
    answer = {"id": opaque(live.county, "BankDifference", row), "answer": "柜面现金缴存", "idempotencyKey": "guide-2"}
    assert (await say("Answer", input=answer))["difference"]["state"] == DifferenceState.ANSWERED

    # The bureau's desk shows the same, and proposes what becomes of it.
    desk = await told.follow(ask, counter.bureau, "CustodyDesk", first=5)
    assert [(each["number"], each["bookBalance"]) for each in desk["bankAccounts"]["nodes"]] == [(account["number"], 0)]
    assert [(each["state"], each["atBankOnly"]) for each in desk["bankStatements"]["nodes"]] == [("RECONCILED", 130)]
    [shown] = desk["bankDifferences"]["nodes"]
    assert (shown["state"], shown["question"], shown["answer"]) == ("ANSWERED", "该笔缴存人是谁?", "柜面现金缴存")
    given = {"id": shown["id"], "resolution": "BOOKED", "explanation": "补记待查"}
    proposed = (await told.follow(ask, counter.bureau, "ProposeResolution", **given))["difference"]
    assert (proposed["state"], proposed["resolution"]) == ("PROPOSED", "BOOKED")
    assert (await say("OnTheirWay"))["nodes"] == []
