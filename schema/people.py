"""Owners and users of units as clients see them: names to those who serve the unit, the rest masked (PRI-6, PRI-9)."""

import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Text

from domain.estates import (
    IdentityDocument,
    OccupancyKind,
    OwnerKind,
    OwnershipBasis,
    OwnershipKind,
    SearchKind,
)
from domain.personal_data import PersonalField
from domain.roles import COMPANY, OFFICIALS, Role
from models import estates, people
from schema.conditions import found_by
from schema.engine.declare import (
    ascending,
    column,
    derived,
    descending,
    entity,
    filters,
    listing,
    many,
    matches,
    one,
    orders,
)
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.estates import Unit

for _enumeration in (
    OwnerKind,
    IdentityDocument,
    OwnershipKind,
    OwnershipBasis,
    OccupancyKind,
):
    described(_enumeration)


WITH_DOCUMENTS = frozenset({Role.OWNER, *OFFICIALS})
WITH_PHONES = WITH_DOCUMENTS | COMPANY
"""A committee sees names, neither documents nor phones (PRI-9)."""

OWNER_ORDERS = orders(
    "OwnerOrder", "How owners are ordered.", NAME=(ascending(people.Owner.name_sort), "By name, in pinyin.")
)


@filters("Which owners. All given conditions must hold.")
class OwnerFilter:
    kind: OwnerKind | None = matches(lambda row, value: row.kind == value, Text(), "Of this kind.")
    credit_code: str | None = matches(
        lambda row, value: row.credit_code == value, Text(), "With exactly this unified social credit code."
    )
    keyword: str | None = found_by(SearchKind.OWNER)


@entity(people.Owner, "An owner (业主), a person or an organisation.", orders=OWNER_ORDERS, filters=OwnerFilter)
class Owner:
    kind: OwnerKind = column(people.Owner.kind, "Person or organisation.")
    name: str = column(people.Owner.name, "The name.", personal=PersonalField.NAME)
    masked_name: str = column(people.Owner.name_mask, "The name as public lists show it: 王*.")
    document: str | None = column(
        people.Owner.document_mask, "Number of the identity document, masked.", to=WITH_DOCUMENTS
    )
    phone: str | None = column(people.Owner.phone_mask, "Phone, masked.", to=WITH_PHONES)
    credit_code: str | None = column(people.Owner.credit_code, "Unified social credit code of an organisation.")
    agent_name: str | None = column(
        people.Owner.agent_name,
        "Who acts for an organisation (代理人).",
        to=WITH_PHONES,
        personal=PersonalField.AGENT_NAME,
    )
    agent_phone: str | None = column(people.Owner.agent_phone_mask, "The agent's phone, masked.", to=WITH_PHONES)
    is_minor: bool = column(people.Owner.is_minor, "A minor, who acts through a guardian.")
    guardian: "Owner | None" = one(
        people.Owner.guardian_id, "A minor's guardian (监护人), where the caller may see it."
    )
    holdings: Connection["Ownership"] = many(
        estates.Ownership.owner_id, "What the owner holds now.", where=lambda row: row.valid_to.is_(None)
    )


OWNERSHIP_ORDERS = orders(
    "OwnershipOrder",
    "How ownerships are ordered.",
    NEWEST=(descending(estates.Ownership.valid_from), "The latest first."),
)


@entity(estates.Ownership, "That an owner holds a unit, alone or with others.", orders=OWNERSHIP_ORDERS)
class Ownership:
    unit: "Unit | None" = one(estates.Ownership.unit_id, "The unit.")
    owner: "Owner | None" = one(estates.Ownership.owner_id, "The owner; null for one who holds nothing here any more.")
    kind: OwnershipKind = column(estates.Ownership.kind, "Sole, joint or by shares.")
    basis: OwnershipBasis = column(estates.Ownership.basis, "Why the holder counts as owner.")
    numerator: int | None = column(estates.Ownership.numerator, "The share's numerator.")
    denominator: int | None = column(estates.Ownership.denominator, "The share's denominator.")
    is_representative: bool = column(estates.Ownership.is_representative, "Casts the unit's one vote.")
    valid_from: datetime.date = column(estates.Ownership.valid_from, "First day.")
    valid_to: datetime.date | None = column(estates.Ownership.valid_to, "First day after; null while it lasts.")


OCCUPANCY_ORDERS = orders(
    "OccupancyOrder",
    "How occupancies are ordered.",
    NEWEST=(descending(estates.Occupancy.valid_from), "The latest first."),
)


@entity(estates.Occupancy, "That somebody uses a unit besides its owner (物业使用人).", orders=OCCUPANCY_ORDERS)
class Occupancy:
    unit: "Unit | None" = one(estates.Occupancy.unit_id, "The unit.")
    kind: OccupancyKind = column(estates.Occupancy.kind, "Tenant, family or other.")
    name: str = column(estates.Occupancy.name, "The name.", personal=PersonalField.NAME)
    phone: str | None = column(estates.Occupancy.phone_mask, "Phone, masked.")
    pays_fees: bool = column(estates.Occupancy.pays_fees, "Whether they agreed to pay the property fee.")
    valid_from: datetime.date = column(estates.Occupancy.valid_from, "First day.")
    valid_to: datetime.date | None = column(estates.Occupancy.valid_to, "First day after; null without end.")
    is_current: bool | None = derived(
        lambda row, env: (row.valid_from <= env.today) & (row.valid_to.is_(None) | (row.valid_to > env.today)),
        "Whether it holds today.",
    )


QUERIES = {"owners": listing("Owner", "Owners that the caller may see.")}
