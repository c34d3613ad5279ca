"""Estates, their areas, buildings and units as clients see them."""

import strawberry
from sqlalchemy import ARRAY, Boolean, DateTime as SqlDateTime, Text

from domain.estates import ServiceMode
from models import estates as models
from schema.common import Area, DateTime
from schema.engine.declare import (
    Connection,
    ascending,
    column,
    described,
    descending,
    entity,
    filters,
    listing,
    many,
    matches,
    one,
    orders,
    count,
)

described(ServiceMode)

ESTATE_ORDERS = orders(
    "EstateOrder",
    "How estates are ordered.",
    NAME=(ascending(models.Estate.name_sort), "By name, in pinyin."),
    NEWEST=(descending(models.Estate.updated_at), "Last changed first."),
)


@filters("Which estates. All given conditions must hold.")
class EstateFilter:
    township: str | None = matches(
        lambda row, value: row.township == value, Text(), "Township or subdistrict code, 9 digits."
    )
    updated_since: DateTime | None = matches(
        lambda row, value: row.updated_at >= value, SqlDateTime(timezone=True), "Changed at or after this instant."
    )


@entity(models.Estate, "A residential estate (住宅小区).", orders=ESTATE_ORDERS, filters=EstateFilter)
class Estate:
    code: str = column(models.Estate.code, "The county's code of the estate.")
    name: str = column(models.Estate.name, "Its name.")
    service_mode: ServiceMode = column(models.Estate.service_mode, "How it is managed.")
    year_built: int | None = column(models.Estate.year_built, "Year of completion.")
    building_area: Area | None = column(models.Estate.building_area, "Building area.")
    is_pilot: bool = column(models.Estate.is_pilot, "Pilot.")
    updated_at: DateTime = column(models.Estate.updated_at, "Last change.")
    buildings: Connection["Building"] = many(models.Building.estate_id, "Its buildings, in natural order.")
    building_count: int = count(models.Building.estate_id, "How many buildings it has.")


BUILDING_ORDERS = orders(
    "BuildingOrder", "How buildings are ordered.", NUMBER=(ascending(models.Building.sort_key), "9幢 before 10幢.")
)


@entity(models.Building, "A building (幢) of an estate.", orders=BUILDING_ORDERS)
class Building:
    number: str = column(models.Building.number, "The number on the wall.")
    estate: Estate = one(models.Building.estate_id, "The estate that it stands in.")


QUERIES = {"estates": listing("Estate", "Estates that the caller may see.")}
