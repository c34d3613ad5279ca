"""Partners' agreements over HTTP: every act allowed and refused, and a system that is cut off with its next request."""

from datetime import timedelta
from typing import Any

from domain.errors import ErrorCode
from models.agreements import PartnerAgreement
from schema.agreements import MUTATIONS
from tests.door import Door

AGREEMENT = "id state clientId validTo"


def terms(door: Door, **changes: Any) -> dict[str, Any]:
    return {
        "county": door.world.county,
        "name": "演示银行（虚构）",
        "role": "BANK",
        "scopes": ["FEES_COLLECT"],
        "purpose": "物业费代收",
        "legalBasis": "代收协议〔2026〕1号",
        "validFrom": door.world.today.isoformat(),
        "validTo": (door.world.today + timedelta(days=365)).isoformat(),
        **changes,
    }


async def test_an_agreement_from_its_first_to_its_last_day(door: Door) -> None:
    world, bureau, street = door.world, await door.world.bureau(), await door.world.township_office()
    await door.refused(street, "partnerRegister", ErrorCode.FORBIDDEN_ROLE, **terms(door))
    await door.refused(bureau, "partnerRegister", ErrorCode.INVALID_INPUT, "scopes", **terms(door, role="COURT"))
    agreement = await door.did(bureau, "partnerRegister", AGREEMENT, **terms(door))
    bank = await world.actor(client_id=agreement["clientId"])
    shown = "{ viewer { grants { role powers } } partnerAgreements { nodes { clientId } } feeBills { totalCount } }"
    assert await door.ask(bank, shown) == {
        "viewer": {"grants": [{"role": "BANK", "powers": ["fees:collect"]}]},
        "partnerAgreements": {"nodes": [{"clientId": agreement["clientId"]}]},
        "feeBills": {"totalCount": 0},
    }

    # Another bank sees nothing of it, nor can it or an office touch it.
    other = await world.actor(
        client_id=(await door.did(bureau, "partnerRegister", AGREEMENT, **terms(door)))["clientId"]
    )
    assert (await door.ask(other, shown))["partnerAgreements"]["nodes"] == [{"clientId": other.client_id}]
    here = {"id": agreement["id"]}
    await door.refused(street, "partnerCredentialsRotate", ErrorCode.NOT_FOUND, "id", **here)
    await door.did(bureau, "partnerCredentialsRotate", AGREEMENT, **here)
    later = {"validTo": (world.today + timedelta(days=700)).isoformat(), "legalBasis": "补充协议"}
    await door.refused(bank, "partnerExtend", ErrorCode.FORBIDDEN_ROLE, **here, **later)
    await door.refused(street, "partnerExtend", ErrorCode.NOT_FOUND, "id", **here, **later)
    assert (await door.did(bureau, "partnerExtend", AGREEMENT, **here, **later))["validTo"] == later["validTo"]
    await door.refused(other, "partnerEnd", ErrorCode.NOT_FOUND, "id", **here, reason="x")
    assert (await door.did(bureau, "partnerEnd", AGREEMENT, **here, reason="协议终止"))["state"] == "ENDED"
    assert (await door.say(bank, shown))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await door.ask(other, shown))["viewer"]["grants"] != []
    assert [row.state for row in await world.rows(PartnerAgreement)] == ["ENDED", "ACTIVE"]
    door.covers(MUTATIONS)
