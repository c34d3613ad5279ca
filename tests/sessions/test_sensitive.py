"""Which acts need a fresh sign-in, and that each of them does."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from auth.sessions import FRESH
from domain.errors import ErrorCode
from models.accounts import AccessToken
from models.base import new_id
from resolvers.reauthentication import NOTE
from schema.api import graphql_schema
from tests.access.test_foreign_ids import filled, intents, spots
from tests.door import Door

SENSITIVE = {
    "officialConfirm",  # what gives power
    "partnerRegister",
    "partnerCredentialsRotate",
    "partnerExtend",
    "unitClaimApprove",  # what gives somebody's home to an account
    "unitClaimUphold",
    "paymentReverse",  # what pays money out
    "feeRefundGrant",
    "fundRequestPay",
    "paymentInstructionRelease",
    "fundPoolUse",
    "fundUnitRefund",
    "fundSuspenseReturn",
    "warrantyPayoutApprove",
    "custodyChoiceTransfer",
    "custodyTransferOrder",
    "bankAccountRegister",  # what says where money lies or goes
    "bankAccountAssign",
    "bankAccountClose",
    "custodianTenderAward",
    "custodianSign",
    "custodianTerminate",
    "custodianClose",
    "fundRequestContract",
    "fundRequestAmendContract",
    "payMerchantRecord",
    "payMerchantConfirm",
    "payMerchantEnd",
    "bankDifferenceConfirm",  # what changes what the books say of money that came or went
    "fundDepositTakeOff",
    "fundIncomeDistribute",
    "fundRecoveryReceive",
    "paymentInstructionCancel",
    "paySettlementReverse",
}
AT_THE_BUREAU = {"officialAppoint", "officialDeputise", "officialHandOver", "officialExtend"}
"""Sensitive where two persons are needed."""


def test_they_are_these_and_say_so() -> None:
    fields = graphql_schema().mutation_type.fields  # type: ignore[union-attr]
    said = {name for name, field in fields.items() if NOTE in (field.description or "")}
    assert said == SENSITIVE | AT_THE_BUREAU


async def test_an_old_sign_in_does_none_of_them(door: Door) -> None:
    bureau = await door.world.bureau()
    await door.token(bureau)
    async with door.world.sessions.begin() as session:
        own = AccessToken.account_id == bureau.account_id
        await session.execute(update(AccessToken).where(own).values(issued_at=AccessToken.issued_at - FRESH))
    for intent in intents():
        if intent.name in SENSITIVE:
            known: dict[str, Any] = {
                f"{spot.owner}.{spot.path[-1][0]}": f"{spot.type}_{door.world.county}_{new_id().hex}"
                for spot in spots(intent.input_type)
            }
            given = filled(graphql_schema().get_type(intent.input_type), known)
            await door.refused(bureau, intent.name, ErrorCode.REAUTHENTICATION_REQUIRED, **given)
    assert door.refusals == SENSITIVE
    assert timedelta(minutes=10) == FRESH
