"""What people do about late fees (违约金, FEE-9). They are bills like others, of the kind ``LATE_FEE``."""

import strawberry

from resolvers import late_fees
from schema.engine.intents import given, inputs, intent, ref


@inputs("One overdue bill.", item=True)
class LateFeeChargeItem:
    bill_id: strawberry.ID = ref("FeeBill", "The overdue bill.")


@inputs("Charge the late fees that have accrued on overdue bills, up to 100.")
class LateFeeChargeInput:
    items: list[LateFeeChargeItem] = given("The bills.")


MUTATIONS = [
    intent(
        "lateFeeCharge",
        late_fees.late_fee_charge,
        LateFeeChargeInput,
        "Charge what has accrued on overdue bills until today as bills of their own (FEE-9): only where the contract agrees a "
        "late fee, at its daily rate, never more than the county's cap, never on a late fee. By the company. Bills that were "
        "paid late are charged by themselves the night after.",
        {"bill": "FeeBill"},
        items=LateFeeChargeItem,
    ),
]
