"""Filings (备案): one case model for every kind, the model texts they use, and what partners asked about them."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Text, text
from sqlalchemy.dialects.postgresql import DATEMULTIRANGE, JSONB, Range
from sqlalchemy.orm import Mapped, mapped_column

from domain.contracts import ContractKind
from domain.covenant_filings import CovenantKind
from domain.filing_records import CancellationTestKind, FilingKind, FilingState, ModelTextKind
from domain.premises_filings import PremisesPurpose
from models.base import Area, CountyRow, CreatedAt, index, link, one_of, unique
from models.cases import APPEND_ONLY, CaseRow, case_table

_LIVE_COMPANY = text("kind = 'COMPANY' AND state NOT IN ('REMOVED', 'CANCELLED', 'LAPSED', 'WITHDRAWN')")
_LIVE_CONTRACT = text("kind = 'SERVICE_CONTRACT' AND state NOT IN ('LAPSED', 'WITHDRAWN')")
_LIVE_LEADER = text("kind = 'PROJECT_LEADER' AND state NOT IN ('TERMINATED', 'LAPSED', 'WITHDRAWN')")
_OPEN_STATES = "state IN ('DRAFT', 'SUBMITTED', 'CHECKED', 'RETURNED')"
_OPEN_COVENANT = text(f"kind = 'COVENANT' AND {_OPEN_STATES}")
_OPEN_PREMISES = text(f"kind = 'PREMISES' AND {_OPEN_STATES}")


class Filing(CaseRow):
    """A filing case: companies (SM-1), leaders (SM-2), contracts (SM-3), covenants (SM-4), service premises (ZD-24).

    ``content`` is the canonical record of what was filed and ``digest`` its SHA-256: with the certificate number it
    lets anybody check a printed certificate (``filingVerify``). ``effective_from`` and ``effective_to`` answer "as of".
    """

    __tablename__ = "filing"
    __table_args__ = case_table(
        sorted(FilingState),
        link("contract_id", "service_contract"),
        link("project_leader_id", "project_leader"),
        link("model_text_id", "model_text"),
        unique("number"),
        unique("certificate_number"),
        index("kind", "state", "id"),
        index("contract_id"),
        index("project_leader_id"),
        index("model_text_id"),
        index("credit_code", "id"),
        index("published", "updated_at", "id"),
        index("published", "effective_from", "id"),
        unique("company_id", where=_LIVE_COMPANY, name="uq_filing_company_live"),
        unique("contract_id", where=_LIVE_CONTRACT, name="uq_filing_contract_live"),
        unique("project_leader_id", where=_LIVE_LEADER, name="uq_filing_leader_live"),
        unique("area_id", where=_OPEN_COVENANT, name="uq_filing_covenant_open"),
        unique("area_id", where=_OPEN_PREMISES, name="uq_filing_premises_open"),
        one_of("kind", FilingKind),
        one_of("contract_kind", ContractKind),
        one_of("covenant_kind", CovenantKind),
        CheckConstraint("kind <> 'COMPANY' OR company_id IS NOT NULL", name="company_named"),
        CheckConstraint("kind <> 'SERVICE_CONTRACT' OR contract_id IS NOT NULL", name="contract_named"),
        CheckConstraint("kind <> 'PROJECT_LEADER' OR project_leader_id IS NOT NULL", name="leader_named"),
        CheckConstraint(
            "kind <> 'COVENANT' OR (area_id IS NOT NULL AND covenant_kind IS NOT NULL)", name="covenant_named"
        ),
        CheckConstraint(
            "kind <> 'PREMISES' OR (area_id IS NOT NULL AND developer_name IS NOT NULL AND total_area IS NOT NULL)",
            name="development_named",
        ),
        CheckConstraint("total_area > 0", name="total_area_positive"),
        CheckConstraint("effective_to >= effective_from", name="effect_in_order"),
        CheckConstraint("certificate_number IS NULL OR digest IS NOT NULL", name="certificate_over_digest"),
    )

    kind: Mapped[str]
    number: Mapped[str]
    """The case number, given when the case is opened: kind, county, year, running number."""
    contract_id: Mapped[uuid.UUID | None]
    project_leader_id: Mapped[uuid.UUID | None]
    credit_code: Mapped[str | None]
    """The party's unified social credit code, by which banks and courts look filings up: the company's, of premises the
    developer's."""
    covenant_kind: Mapped[str | None]
    model_text_id: Mapped[uuid.UUID | None]
    """The model text that a covenant is written on (GT-18)."""
    decision_reference: Mapped[str | None]
    """Where the owners' decision is found that adopted a covenant (V-1(2))."""
    developer_name: Mapped[str | None]
    """The developer (建设单位) of premises or of a temporary covenant."""
    permit_number: Mapped[str | None]
    """Number of the development's planning permit, whose plan shows the premises (Zibo 9)."""
    total_area: Mapped[Area | None]
    """Building area in 0.01 m² of the development, or of its phase, whose premises are filed."""
    required_area: Mapped[Area | None]
    """The least area in 0.01 m² that the premises must have, as reckoned when they were handed in."""
    content: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    digest: Mapped[str | None]
    """SHA-256 of the canonical content, in hexadecimal; made when the filing is handed in."""
    round: Mapped[int] = mapped_column(server_default="0", default=0)
    """How often it was submitted."""
    contract_kind: Mapped[str | None]
    signed_on: Mapped[date | None]
    """The day from which the period to file counts: of a contract its signature, of a covenant its adoption."""
    starts_on: Mapped[date | None]
    """First day of the contract's term; the days are copied here for deadlines and the clock."""
    ends_on: Mapped[date | None]
    changed_on: Mapped[date | None]
    """The day of the change that the company reported (SM-1)."""
    rectify_by: Mapped[date | None]
    """The day by which an order or a problem of the list is to be put right (GT-13, ZS-16)."""
    replaced_on: Mapped[date | None]
    """The first day on which something else is in its place: of an early-stage contract the owners' own (V-33), of a
    covenant or premises the next filing, of a leader's post nobody or another."""
    rectification_refused: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    submitted_on: Mapped[date | None]
    late_days: Mapped[int | None]
    """Days after the legal period in which it was submitted; 0 in time."""
    decided_on: Mapped[date | None]
    certificate_number: Mapped[str | None]
    """Number of the filing certificate (备案证明), by the county's rule."""
    effective_from: Mapped[date | None]
    effective_to: Mapped[date | None]
    """The last day of effect; null while it lasts."""
    suspended: Mapped[list[Range[date]]] = mapped_column(
        DATEMULTIRANGE, server_default=text("'{}'::datemultirange"), default=list
    )
    """The days on which the filing rested (SUSPENDED); the last range is open while it rests."""
    returned_reasons: Mapped[list[str]] = mapped_column(
        ARRAY(Text(collation="C")), server_default=text("'{}'::text[]"), default=list
    )
    copied_to: Mapped[list[str]] = mapped_column(
        ARRAY(Text(collation="C")), server_default=text("'{}'::text[]"), default=list
    )
    """Offices that hold a copy by the county's rule (GT-19, SM-1)."""
    resubmit_by: Mapped[date | None]
    """A returned filing lapses after this day (RULES §9)."""
    published: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    """Open to partners with the scope ``filings:public`` and to the public check."""
    published_at: Mapped[datetime | None]


class ServicePremises(CountyRow):
    """One of the service premises (物业服务用房) of a development as planned and pre-filed (ZD-24, Zibo 9).

    ``unit_id`` links it to the register once its building is entered there.
    """

    __tablename__ = "service_premises"
    __table_args__ = (
        link("filing_id", "filing"),
        link("unit_id", "unit"),
        unique("filing_id", "position"),
        index("unit_id"),
        one_of("purpose", PremisesPurpose),
        CheckConstraint("area > 0", name="area_positive"),
        {"info": {"deletable": True}},  # a draft's list is written anew; what was handed in stays in FilingSubmission
    )

    filing_id: Mapped[uuid.UUID]
    position: Mapped[int]
    purpose: Mapped[str]
    location: Mapped[str]
    """Building, entrance, floor and room in the plan's words."""
    floor: Mapped[int]
    """Storey, 1 at ground level; below ground negative. There is no storey 0."""
    area: Mapped[Area]
    """Building area in 0.01 m²."""
    unit_id: Mapped[uuid.UUID | None]


class FilingSubmission(CountyRow):
    """What was handed in each time, as it was: the record and its digest (C-7). Append-only."""

    __tablename__ = "filing_submission"
    __table_args__ = (link("filing_id", "filing"), unique("filing_id", "round"), APPEND_ONLY)

    filing_id: Mapped[uuid.UUID]
    round: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    digest: Mapped[str]
    submitted_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]


class ModelText(CountyRow):
    """A version of a model text (示范文本, GT-14) of the county. Append-only: a new edition is a new row."""

    __tablename__ = "model_text"
    __table_args__ = (
        link("document_id", "document"),
        unique("kind", "edition"),
        index("kind", "valid_from", "id"),
        index("document_id"),
        one_of("kind", ModelTextKind),
        APPEND_ONLY,
    )

    kind: Mapped[str]
    edition: Mapped[str]
    """The edition's name (2024版)."""
    title: Mapped[str]
    basis: Mapped[str]
    """Who issued it and under which document number."""
    document_id: Mapped[uuid.UUID | None]
    valid_from: Mapped[date]
    issued_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]


class CancellationTest(CountyRow):
    """One of the three tests before a 三无/僵尸 company's filing is cancelled (GT-11), as found on the spot."""

    __tablename__ = "cancellation_test"
    __table_args__ = (
        link("filing_id", "filing"),
        link("document_id", "document"),
        index("filing_id", "test", "recorded_at"),
        index("document_id"),
        one_of("test", CancellationTestKind),
        APPEND_ONLY,
    )

    filing_id: Mapped[uuid.UUID]
    test: Mapped[str]
    met: Mapped[bool]
    """Whether it was found so: no business record, no staff, no office."""
    finding: Mapped[str]
    document_id: Mapped[uuid.UUID | None]
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    recorded_role: Mapped[str]
    recorded_at: Mapped[datetime]


class Referral(CountyRow):
    """What the bureau opened to a partner or a department beyond the published fields: for one case, until a day (PRI-4).

    The subjects are companies or property areas, or of a data request persons, units, an estate; the scope names what may be
    read about them.
    """

    __tablename__ = "referral"
    __table_args__ = (
        index("client_id", "expires_on"),
        index("account_id", "expires_on"),
        CheckConstraint("expires_on >= approved_on", name="dates_in_order"),
        CheckConstraint("(client_id IS NULL) <> (account_id IS NULL)", name="one_holder"),
    )

    client_id: Mapped[str | None] = mapped_column(ForeignKey("oauth_client.client_id"))
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    """The official of a department for whom it is opened; a partner has its client."""
    purpose: Mapped[str]
    legal_basis: Mapped[str]
    case_number: Mapped[str]
    scope: Mapped[list[str]] = mapped_column(ARRAY(Text(collation="C")))
    approved_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    approved_on: Mapped[date]
    expires_on: Mapped[date]
    """The last day on which it opens anything."""
    revoked_on: Mapped[date | None]
    """From this day on it opens nothing."""
    revoked_reason: Mapped[str | None]
    created_at: Mapped[CreatedAt]


class ReferralSubject(CountyRow):
    """One company, property area, owner, unit or estate that a referral opens to whom it names."""

    __tablename__ = "referral_subject"
    __table_args__ = (
        link("referral_id", "referral"),
        unique("referral_id", "subject_id"),
        index("subject_id", "client_id"),
    )

    referral_id: Mapped[uuid.UUID]
    client_id: Mapped[str | None]
    subject_type: Mapped[str]
    """``company`` or ``property_area``; of a data request ``owner``, ``unit`` or ``estate``."""
    subject_id: Mapped[uuid.UUID]


class FilingQueryLog(CountyRow):
    """A partner's query of filings: who, why, on what basis, what was asked and how much was answered. Append-only."""

    __tablename__ = "filing_query_log"
    __table_args__ = (
        index("client_id", "at", "id"),
        index("at", "id"),
        CheckConstraint("purpose IS NOT NULL OR case_number IS NOT NULL", name="reason_given"),
        APPEND_ONLY,
    )

    client_id: Mapped[str]
    account_id: Mapped[uuid.UUID | None]
    purpose: Mapped[str | None]
    case_number: Mapped[str | None]
    legal_basis: Mapped[str]
    operation: Mapped[str]
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    count: Mapped[int]
    """How many filings the answer held."""
    request_id: Mapped[str | None]
    at: Mapped[datetime]
