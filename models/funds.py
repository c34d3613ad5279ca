"""Requests to use the special maintenance fund (住宅专项维修资金使用申请): ordinary (SM-6) and emergency (SM-7).

Money is integer fen, areas 0.01 m². Approval earmarks the budget in the ledger (``FundEarmark``), each payment draws on it
(FUND-29; ``models.fund_use``). What decides instead of the posted plan's own vote is a quota
(``models.fund_quotas``); a vote held elsewhere is recorded here as attested.
"""

import uuid
from datetime import date, datetime

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.fund_shares import Bearer
from domain.funds import EmergencyCode, EmergencyOrder, Exclusion, FundKind, FundScope, FundState, FundUse, VoteMode
from models.base import Area, CountyRow, CreatedAt, Fen, index, link, one_of, unique
from models.cases import APPEND_ONLY, CaseRow, case_table

_NO_UUIDS = text("'{}'::uuid[]")


class FundRequest(CaseRow):
    """One request to pay a repair from a property area's maintenance fund."""

    __tablename__ = "fund_request"
    __table_args__ = case_table(
        FundState,
        link("building_id", "building"),
        link("facility_id", "facility"),
        link("origin_id", "fund_request"),
        one_of("kind", FundKind),
        one_of("scope", FundScope),
        one_of("emergency_code", EmergencyCode),
        one_of("emergency_order", EmergencyOrder),
        one_of("exclusion", Exclusion),
        one_of("use", FundUse),
        one_of("vote_mode", VoteMode),
        link("concerned_unit_id", "unit"),
        link("vote_id", "vote"),
        link("quota_id", "fund_quota"),
        index("concerned_unit_id"),
        index("vote_id"),
        index("quota_id", "quota_used_on"),
        index("estate_id", "created_at", "id", name="ix_fund_request_estate_newest"),
        index("kind", "state", "id"),
        index("building_id"),
        index("facility_id"),
        index("origin_id"),
        CheckConstraint("budget > 0", name="budget_positive"),
        CheckConstraint("(kind = 'EMERGENCY') = (emergency_code IS NOT NULL)", name="emergency_has_code"),
        CheckConstraint("(scope = 'ESTATE') = (building_id IS NULL)", name="building_named"),
        CheckConstraint("(scope = 'ENTRANCE') = (entrance IS NOT NULL)", name="entrance_named"),
        CheckConstraint("posted_to >= posted_from", name="posting_in_order"),
        CheckConstraint("quota_id IS NULL OR quota_used_on IS NOT NULL", name="draw_has_day"),
        CheckConstraint("estate_id IS NOT NULL AND area_id IS NOT NULL", name="place_named"),
    )

    kind: Mapped[str]
    description: Mapped[str]
    """What is broken and what shall be done."""
    building_id: Mapped[uuid.UUID | None]
    entrance: Mapped[str | None]
    """The entrance (单元) of the building, for an asset of one."""
    facility_id: Mapped[uuid.UUID | None]
    """The shared facility to be repaired, where it is in the register."""
    scope: Mapped[str]
    """Who benefits and so bears the cost (FUND-15)."""
    budget: Mapped[Fen]
    warranty_ends_on: Mapped[date | None]
    """The last day of the builder's warranty on the asset; null when the asset never had one or it is not known."""
    warranty_checked: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    """The applicant has looked the warranty up (FUND-14)."""
    exclusion: Mapped[str | None]
    """Why the fund may not pay it (FUND-13), as declared by the applicant or found by a reviewer."""
    exclusion_note: Mapped[str | None]
    contractor: Mapped[str | None]
    """The contractor proposed in the plan."""
    contractor_credit_code: Mapped[str | None]
    emergency_code: Mapped[str | None]
    emergency_order: Mapped[str | None]
    """Whether the county pays before or after the repair is posted, as its profile said when the case was opened."""
    concerned_unit_id: Mapped[uuid.UUID | None]
    """The unit of the owner concerned, who takes part in the check on site (FUND-21)."""
    origin_id: Mapped[uuid.UUID | None]
    """The emergency report that turned out to be none and went on as this ordinary request."""
    returns: Mapped[int] = mapped_column(server_default="0", default=0)
    """How often it was returned for correction (FUND-25)."""
    requested_on: Mapped[date]
    """The day on which it was opened: the warranty must have ended before it (FUND-14)."""
    quota_id: Mapped[uuid.UUID | None]
    """The quota on which it draws instead of a vote of its own (V-27, V-32)."""
    quota_used_on: Mapped[date | None]
    """When it was drawn on: it counts towards the limit of this day's year."""
    quota_drawn: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What it takes of that limit, in fen: the budget, then the price, then the settled cost; 0 once it is given up."""
    posted_from: Mapped[date | None]
    posted_to: Mapped[date | None]
    """The last day of the posting (公示), which runs to its 24:00."""
    posting_document_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    vote_id: Mapped[uuid.UUID | None]
    """The vote on the platform, whose result is the request's; null where it is held elsewhere and attested."""
    vote_mode: Mapped[str | None]
    vote_passed: Mapped[bool | None]
    """The outcome that counts in this county; null before a vote."""
    vote_strict_passed: Mapped[bool | None]
    """The outcome by the plain majorities of Civil Code 278 (V-31)."""
    vote_for_area: Mapped[int | None] = mapped_column(BigInteger)
    vote_scope_area: Mapped[int | None] = mapped_column(BigInteger)
    vote_participating_area: Mapped[int | None] = mapped_column(BigInteger)
    vote_for_heads: Mapped[int | None]
    vote_scope_heads: Mapped[int | None]
    vote_participating_heads: Mapped[int | None]
    voted_on: Mapped[date | None]
    vote_document_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    repaired_on: Mapped[date | None]
    accepted_on: Mapped[date | None]
    settled_cost: Mapped[int | None] = mapped_column(BigInteger)
    """What an emergency repair cost in the end, in fen; an ordinary request settles after payment stages."""
    approved_amount: Mapped[int | None] = mapped_column(BigInteger)
    """What the bureau approved and the ledger earmarked, in fen."""
    decided_on: Mapped[date | None]
    use: Mapped[str] = mapped_column(server_default=FundUse.REPAIR, default=FundUse.REPAIR.value)
    fund_part: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What the fund pays of the price, later of the settled cost, in fen; 0 before approval."""
    asked: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What the payments that stand asked of the bearers."""
    paid: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What the bank has paid and was not returned."""
    instructed: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What the bank is told to pay and has not reported on."""
    payable_on: Mapped[date | None]
    """Since when something is due that the bank was not told to pay."""
    certificates: Mapped[int] = mapped_column(server_default="0", default=0)
    contracted_on: Mapped[date | None]
    settled_on: Mapped[date | None]
    """When the settled cost was entered."""
    open_objections: Mapped[int] = mapped_column(server_default="0", default=0)
    open_recoveries: Mapped[int] = mapped_column(server_default="0", default=0)
    stopped_on: Mapped[date | None]
    """Since when nothing is paid, because the owners' decision that it rests on was annulled (V-21)."""
    ordered_to: Mapped[date | None]
    """Until when the township ordered idle parties to act (FUND-23)."""
    organised_on: Mapped[date | None]
    """Since when the township organises the repair."""


class FundShare(CountyRow):
    """One bearer's part of the cost (FUND-15..18): a unit, or a building's public-housing seller. The parts sum to
    the fen."""

    __tablename__ = "fund_share"
    __table_args__ = (
        link("fund_request_id", "fund_request"),
        link("unit_id", "unit"),
        link("building_id", "building"),
        one_of("bearer", Bearer),
        UniqueConstraint(
            "county",
            "fund_request_id",
            "unit_id",
            "building_id",
            name="uq_fund_share_bearer",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("(unit_id IS NULL) = (bearer = 'SELLER_ACCOUNT')", name="bearer_named"),
        index("fund_request_id", "position", "id", name="ix_fund_share_request"),
        index("unit_id"),
        index("building_id"),
        {"info": {"deletable": True}},
    )

    fund_request_id: Mapped[uuid.UUID]
    position: Mapped[int]
    """From 1: units in their natural order, sellers after them."""
    bearer: Mapped[str]
    unit_id: Mapped[uuid.UUID | None]
    building_id: Mapped[uuid.UUID]
    area: Mapped[Area]
    """The unit's building area in 0.01 m²; 0 for a seller."""
    amount: Mapped[Fen]
    shortfall: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What the bearer's account lacks of what was asked of it; before the first payment, what it would lack (FUND-18)."""
    asked: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What payments that stand asked of it."""
    drawn: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What executed payments took from its account and was not returned."""
    restored: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What recoveries gave back to its account."""
    cash_paid: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What the developer paid of its part itself, beside the fund (FUND-17)."""
    cash_paid_on: Mapped[date | None]
    """When it last did."""
    claimed: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What the ledger has as a claim on the unit's owner for it."""


class FundEarmark(CountyRow):
    """Fund money promised to one approved request; released when the request is cancelled (FUND-29)."""

    __tablename__ = "fund_earmark"
    __table_args__ = (
        link("fund_request_id", "fund_request"),
        link("area_id", "property_area"),
        link("transaction_id", "ledger_transaction"),
        link("release_id", "ledger_transaction"),
        unique("fund_request_id"),
        index("area_id", "released_at"),
        index("transaction_id"),
        index("release_id"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("used BETWEEN 0 AND amount", name="used_within"),
    )

    fund_request_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    amount: Mapped[Fen]
    transaction_id: Mapped[uuid.UUID]
    release_id: Mapped[uuid.UUID | None]
    created_at: Mapped[CreatedAt]
    released_at: Mapped[datetime | None]
    used: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What executed payments took of it; the rest is free when it is released."""


class SiteCheck(CountyRow):
    """One party's word in the joint check on site of a reported emergency (现场查勘, FUND-21). Append-only."""

    __tablename__ = "site_check"
    __table_args__ = (
        link("fund_request_id", "fund_request"),
        index("fund_request_id", "id"),
        APPEND_ONLY,
    )

    fund_request_id: Mapped[uuid.UUID]
    role: Mapped[str]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    is_emergency: Mapped[bool]
    note: Mapped[str]
    photo_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    at: Mapped[datetime]
