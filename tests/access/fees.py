"""The matrix's conditions on charges, bills, payments and the books."""

from collections.abc import Callable, Mapping
from typing import Any


def _item_of(places: Any, row: Any) -> Any:
    from models.fees import ChargeItem

    return row if isinstance(row, ChargeItem) else places.one(ChargeItem, row.county, row.charge_item_id)


CONDITIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "disclosed": lambda places, row: _item_of(places, row).state != "DEFINED",
    # The world's banks have no agreement to collect and record nothing; tests/fees and tests/payments have ones that do.
    "collects": lambda _places, _row: False,
    "recorded": lambda _places, _row: False,
    "towards_company": lambda _places, row: row.company_id is not None,
    "of_the_fund": lambda _places, row: row.company_id is None,
}
