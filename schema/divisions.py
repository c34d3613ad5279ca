"""Administrative divisions as clients see them: shared reference data, read by level and parent."""

from sqlalchemy import Text

from domain.divisions import DivisionLevel
from models import divisions as models
from schema.engine.declare import ascending, column, entity, filters, listing, matches, one, orders
from schema.engine.types import described

described(DivisionLevel)

DIVISION_ORDERS = orders(
    "DivisionOrder",
    "How divisions are ordered.",
    CODE=(ascending(models.Division.code), "By code, so that a division stands before those inside it."),
    NAME=(ascending(models.Division.name_sort, models.Division.code), "By name, in pinyin."),
)


@filters("Which divisions. All given conditions must hold.")
class DivisionFilter:
    level: DivisionLevel | None = matches(lambda row, value: row.level == value, Text(), "Only this level.")
    parent: str | None = matches(lambda row, value: row.parent_code == value, Text(), "Only those directly inside it.")
    county: str | None = matches(lambda row, value: row.county == value, Text(), "Only the county and what lies in it.")


@entity(
    models.Division,
    "An administrative division (行政区划) under its official code.",
    orders=DIVISION_ORDERS,
    filters=DivisionFilter,
    key=models.Division.code,
)
class Division:
    code: str = column(models.Division.code, "The official code: 2, 4, 6, 9 or 12 digits by level.")
    name: str = column(models.Division.name, "Its name.")
    level: DivisionLevel = column(models.Division.level, "Its level.")
    county: str | None = column(models.Division.county, "The county that it is or lies in; null above counties.")
    parent: "Division | None" = one(models.Division.parent_code, "The division that it lies in; null for provinces.")
    replaced_by: "Division | None" = one(
        models.Division.replaced_by, "The division that took its place when codes were reformed."
    )


QUERIES = {"divisions": listing("Division", "The division tree, down to communities.")}
