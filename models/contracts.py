"""Service contracts (物业服务合同) of property areas and the problem list of those to be put right (ZS-16, GT-16)."""

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.contracts import ContractKind, ContractMode, ContractState, EndReason, ProblemReason, SelectionBasis
from domain.profiles.parameters import BuildingType
from models.base import CountyRow, CreatedAt, UpdatedAt, index, link, one_of, unique


class ServiceContract(CountyRow):
    """A service contract of one property area with one company. ``state`` follows its filing (SM-3)."""

    __tablename__ = "service_contract"
    __table_args__ = (
        link("area_id", "property_area"),
        link("company_id", "company"),
        link("renews_id", "service_contract"),
        link("committee_id", "committee"),
        index("area_id", "starts_on"),
        index("company_id", "starts_on"),
        index("renews_id"),
        index("committee_id"),
        index("township", "starts_on"),
        index("community", "starts_on"),
        index("starts_on", "id"),
        index("state", "ends_on"),
        index("ends_on", name="ix_service_contract_watch", where=text("state IN ('EFFECTIVE', 'EXPIRING')")),
        unique("number"),
        one_of("kind", ContractKind),
        one_of("mode", ContractMode),
        one_of("state", ContractState),
        one_of("selection_basis", SelectionBasis),
        one_of("end_reason", EndReason),
        one_of("building_type", BuildingType),
        CheckConstraint("unit_price >= 0", name="price_not_negative"),
        CheckConstraint("service_star BETWEEN 1 AND 5", name="one_to_five_stars"),
        CheckConstraint("ends_on > starts_on", name="term_in_order"),
        CheckConstraint("advance_months BETWEEN 1 AND 12", name="a_year_in_advance_at_most"),
        CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="end_whole"),
    )

    number: Mapped[str]
    """The parties' contract number; unique in the county, given by the platform where the parties gave none."""
    area_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    committee_id: Mapped[uuid.UUID | None]
    """The body that signed a normal contract for the owners (ZD-41)."""
    renews_id: Mapped[uuid.UUID | None]
    """The contract of the same company and area that this one renews; a renewal is no new project (CR-5)."""
    township: Mapped[str]
    community: Mapped[str]
    kind: Mapped[str]
    mode: Mapped[str]
    title: Mapped[str]
    developer_name: Mapped[str | None]
    """The developer (建设单位) that signed an early-stage contract."""
    signed_on: Mapped[date | None]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    price_terms: Mapped[str]
    """Charge standards in the words of the contract; the firm charges only these (ZD-47)."""
    unit_price: Mapped[int | None] = mapped_column(BigInteger)
    """Fen per m² and month for the dwellings of ``building_type``; null where the contract has no such price."""
    building_type: Mapped[str | None]
    service_star: Mapped[int | None]
    """The agreed service grade, one to five stars; the ceiling of a guide price follows from it (FEE-5)."""
    service_terms: Mapped[str]
    """Service content and grade in the words of the contract (V-33)."""
    advance_months: Mapped[int | None]
    """For how many months owners may pay in advance if they like; null where nothing is agreed (FEE-4)."""
    other_terms: Mapped[str | None]
    model_text: Mapped[bool]
    """Written on the county's model text (GT-18)."""
    model_text_id: Mapped[uuid.UUID | None]
    adjustment_clause: Mapped[bool]
    """Holds the clause on adjusting charges (TQ-63)."""
    whole_transfer: Mapped[bool] = mapped_column(server_default=text("false"))
    """Hands the whole service on to another firm: it is not filed (V-34)."""
    selection_basis: Mapped[str]
    selection_reference: Mapped[str | None]
    """Where the basis is found: the attested resolution, the award notice, the bureau's approval."""
    selected_on: Mapped[date | None]
    state: Mapped[str] = mapped_column(server_default=ContractState.DRAFT)
    published: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether the filed contract was published in the estate (ZS-18): then the area's owners see it."""
    published_at: Mapped[datetime | None]
    notice_given_on: Mapped[date | None]
    """Written notice of dismissal, of non-renewal, or of the end of a continuing contract (V-35, V-36)."""
    ended_on: Mapped[date | None]
    end_reason: Mapped[str | None]
    drafted_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    version: Mapped[int] = mapped_column(server_default="1")


class ContractProblem(CountyRow):
    """An entry of the problem list (问题清单): what is wrong with a contract and until when (ZS-16, ZS-17)."""

    __tablename__ = "contract_problem"
    __table_args__ = (
        link("contract_id", "service_contract"),
        link("resolved_by_id", "service_contract"),
        index("contract_id"),
        index("resolved_by_id"),
        index("township", "deadline"),
        index("open", "deadline", "id"),
        unique("contract_id", "reason", where=text("open"), name="uq_contract_problem_open"),
        one_of("reason", ProblemReason),
        CheckConstraint("open = (resolved_on IS NULL)", name="open_until_resolved"),
        CheckConstraint("deadline >= listed_on", name="dates_in_order"),
    )

    contract_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    reason: Mapped[str]
    detail: Mapped[str]
    listed_on: Mapped[date]
    listed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    """Who listed it; nobody where its term ran out and the county's clock did."""
    deadline: Mapped[date]
    open: Mapped[bool] = mapped_column(server_default=text("true"))
    resolved_on: Mapped[date | None]
    resolved_by_id: Mapped[uuid.UUID | None]
    """The contract that was signed and filed in its place."""
