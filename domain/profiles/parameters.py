"""What may differ between counties: the parameters of a profile (RULES §10), as frozen types.

Each field is one parameter; its unit is in its name (``_days`` calendar days, ``_working_days``, ``_hours``, ``_fen``,
``_percent``, ``_001m2`` 0.01 m²). Every value comes from a TOML file with its basis, which ``Profile.basis`` keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from domain.estates import ConsultedOffice
from domain.roles import Role
from domain.terms import Term


class AssemblySet(Term):
    """Which conditions allow a first owners' assembly (COM-1)."""

    HENAN = "HENAN", "Henan art. 18: delivered area ≥50%, or households moved in ≥30%, or the early contract ends."
    SHANDONG = "SHANDONG", "Shandong art. 20: delivered area or owners ≥50%, or two years after first delivery ≥25%."


class MeetingQuorum(Term):
    """How many committee members must attend a meeting (COM-10)."""

    MORE_THAN_HALF = "MORE_THAN_HALF", "More than half of the members attend."
    TWO_THIRDS = "TWO_THIRDS", "At least two thirds of the members attend."


class VoteMode(Term):
    """How the owners vote on fund use: by the law's majorities, or in a special mode (V-25 to V-30)."""

    STANDARD = "STANDARD", "The majorities of Civil Code 278, which every county has."
    DELEGATED = "DELEGATED", "委托表决: a written authority given to the committee or an owner representative."
    COLLECTIVE = "COLLECTIVE", "集合表决: one vote approves a class of repairs within a quota."
    DEFAULT = "DEFAULT", "默认表决: owners who were served and stay silent count as for."
    OBJECTION = "OBJECTION", "异议表决: passes unless more than a third objects."
    SILENCE_WITH_MAJORITY = (
        "SILENCE_WITH_MAJORITY",
        "未投票从多数: owners who were served and stay silent join the majority.",
    )


class EmergencyOrder(Term):
    """Whether an emergency repair is paid before or after it is posted (SM-7)."""

    PAY_FIRST = "PAY_FIRST", "The bureau approves and pays at once; the amount is posted after completion."
    POST_FIRST = "POST_FIRST", "Repair, acceptance and posting come first, then verification and payment."


class EmergencyCode(Term):
    """What may be repaired from the fund without a prior vote (FUND-20)."""

    ELEVATOR = "ELEVATOR", "Elevator failure that endangers people (电梯故障)."
    FIRE_FACILITY = "FIRE_FACILITY", "Fire-fighting facilities out of order (消防设施故障)."
    ROOF_WALL_LEAK = "ROOF_WALL_LEAK", "Roof or outer wall leaks badly (屋面、外墙渗漏)."
    FACADE_FALL = "FACADE_FALL", "Facade layers in danger of falling (外墙脱落)."
    DRAINAGE_BURST = "DRAINAGE_BURST", "Shared drainage blocked or burst (排水管道爆裂、堵塞)."
    GUARDRAIL = "GUARDRAIL", "Railings of storeys damaged (护栏破损); Henan's list only."
    CURTAIN_WALL = "CURTAIN_WALL", "Curtain wall in danger (玻璃幕墙炸裂、脱落); Zibo's list only."
    BASEMENT_FLOOD = "BASEMENT_FLOOD", "Basement or car park flooded (地下室进水); Zibo's list only."
    WATER_SUPPLY_FLOOD = "WATER_SUPPLY_FLOOD", "Water supply or flood control fails (供水、防汛); TQ-101."
    OTHER_SAFETY = "OTHER_SAFETY", "Another danger to people or houses (其他危及安全); the township confirms it."


class ValueAddedIncome(Term):
    """What becomes of the fund's income above its balances (增值收益, FUND-10)."""

    DISTRIBUTE = "DISTRIBUTE", "Distributed yearly to the units' accounts."
    POOL = "POOL", "The part above demand interest goes to property improvement and life services (TQ-103)."


class FundPrepayment(Term):
    """When a developer must have paid the first fund deposit (FUND-3)."""

    AT_DELIVERY = "AT_DELIVERY", "Paid before the unit is handed over."
    AT_COMPLETION_FOR_UNSOLD = (
        "AT_COMPLETION_FOR_UNSOLD",
        "The developer pays for unsold units at completion (Zibo 63).",
    )
    AT_NET_SIGNING = "AT_NET_SIGNING", "The developer pays in full at online signing (网签备案, TQ-104)."


class FeeStart(Term):
    """From when the owner of a delivered unit bears the fee (FEE-3)."""

    DELIVERY = "DELIVERY", "From the day of delivery (Shandong 62)."
    NEXT_MONTH = "NEXT_MONTH", "From the first day of the month after delivery."


class BuildingType(Term):
    """Types of building that prices and fund rates tell apart."""

    MULTI_STOREY = "MULTI_STOREY", "Multi-storey dwelling without elevator (多层)."
    MID_RISE = "MID_RISE", "Lower high-rise dwelling with elevator (小高层)."
    HIGH_RISE = "HIGH_RISE", "High-rise dwelling (高层)."


class GuidedCharge(Term):
    """Charges that may stand under a guide price (政府指导价, FEE-5)."""

    EARLY_STAGE_SERVICE = "EARLY_STAGE_SERVICE", "Early-stage service of ordinary dwellings (普通住宅前期物业服务)."
    EARLY_STAGE_PARKING = "EARLY_STAGE_PARKING", "Early-stage parking and vehicle order (前期停车服务)."


@dataclass(frozen=True, slots=True)
class GuidePrice:
    """A base price in fen per m² and month, by star and type of building, before the float."""

    building_type: BuildingType
    star: int
    fen: int


class BankItem(Term):
    """For what custodian banks are scored, in a tender and each year (FUND-33)."""

    SAFETY = "SAFETY", "Safety of the money and reconciliation (资金安全与对账)."
    PAYMENT = "PAYMENT", "Payments in time (支付及时)."
    QUERY_SERVICE = "QUERY_SERVICE", "Answering owners' queries (查询服务)."
    YIELD = "YIELD", "What the money earns (收益)."
    SYSTEM = "SYSTEM", "Systems and data exchange (系统对接)."
    STATEMENTS = "STATEMENTS", "Sending statements (对账单寄送)."


@dataclass(frozen=True, slots=True)
class BankItemWorth:
    """The most points that an item gives; all items together give 100."""

    item: BankItem
    points: int


@dataclass(frozen=True, slots=True)
class FundRate:
    """The first deposit to the maintenance fund, in fen per m² of building area (FUND-2)."""

    building_type: BuildingType
    fen: int


@dataclass(frozen=True)
class Profile:
    """One county's rules as they stand from ``valid_from`` on. A case keeps ``version`` and finishes on it."""

    county: str
    name: str
    version: str
    valid_from: date
    basis: Mapping[str, str]
    """The source of each parameter's value, by field name; ``[a]`` is an assumption."""

    region_law: str
    receipt_number: str
    """How companies' receipts are numbered: ``{company}``, ``{year}``, ``{serial}`` with its width."""

    # Filings (SM-1, SM-3; RULES §9)
    resubmission_days: int
    company_filing_body: Role
    company_filing_reviews: tuple[Role, ...]
    """Offices that all review a company filing before the filing body decides; may be empty."""
    company_filing_copies: tuple[Role, ...]
    """Offices that receive a copy of the filing."""
    company_staff_checked: bool
    """Whether the register must show technical staff and a certified manager (SL-18)."""
    company_intake_working_days: int
    company_decision_days: int
    company_change_days: int
    contract_filing_body: Role
    contract_checks: tuple[Role, ...]
    """Offices that may check a contract's truth before it is filed (SL-16)."""
    contract_checks_joined: bool
    """Whether all of them must check (GT-19) or any one of them may."""
    contract_filing_copies: tuple[Role, ...]
    contract_filing_days: int
    """Days from signing within which a contract is submitted."""
    contract_check_days: int
    contract_decision_days: int
    contract_watch_days: int
    """Days before its end from which a contract counts as expiring."""
    continuing_notice_days: int
    """Notice that ends a contract which continues after its term (V-36)."""
    model_texts_required: bool
    adjustment_clause_required: bool
    simple_check_days: int
    """Days of an office that checks the filing of a leader, a covenant or premises before the filing body decides."""
    leader_filing_body: Role
    leader_checks: tuple[Role, ...]
    """Offices that all check a project leader's filing first; may be empty."""
    leader_filing_copies: tuple[Role, ...]
    leader_decision_days: int
    covenant_filing_body: Role
    covenant_checks: tuple[Role, ...]
    covenant_filing_copies: tuple[Role, ...]
    covenant_filing_days: int
    """Days from its adoption within which a covenant is submitted."""
    covenant_decision_days: int
    premises_applicants: tuple[Role, ...]
    """Who hands in a development's service premises for the developer; empty where the county does not pre-file them."""
    premises_filing_body: Role
    premises_checks: tuple[Role, ...]
    premises_filing_copies: tuple[Role, ...]
    premises_decision_days: int
    premises_share_per_mille: int
    """Least share of the development's building area; 0 where none is fixed."""
    premises_least_001m2: int
    premises_above_ground: bool
    """Whether only rooms above ground count."""
    premises_committee_001m2: int
    """Least room of the owners' committee among the premises."""
    personal_data_answer_working_days: int
    """Working days in which a person's request about the own data is answered (PRI-8)."""
    personal_data_kept_years: int
    """Years after a person last held or used a unit in which their data is not deleted (PRI-8)."""
    data_request_working_days: int
    """Working days in which a court's or department's data request is decided (PRI-4)."""
    claim_working_days: int
    """Working days in which the community decides on a claim to a unit (PRI-8)."""
    claim_contest_working_days: int
    """Working days in which the township decides on a contested claim (PRI-8)."""
    claim_objection_days: int
    """Days that the account bound at present has to contest before the community may bind another one (PRI-8)."""

    # Assembly, committee and votes (RULES §2, §5)
    first_assembly_set: AssemblySet
    committee_reelection_days: int
    committee_meeting_quorum: MeetingQuorum
    committee_filing_days: int
    committee_decision_days: int
    committee_commitment_letters: bool
    committee_pre_term_training: bool
    committee_seal_register: bool
    outgoing_audit_blocks_handover: bool
    fund_modes: frozenset[VoteMode]
    """Special modes in use; the standard one always is."""
    strict_vote_required: bool
    """Whether only the strict tally of Civil Code 278 counts (V-31)."""
    delegated_quota: bool
    units_per_proxy: int | None
    parking_counts: bool
    vote_notice_days: int
    vote_publication_days: int
    vote_objection_days: int
    objection_window_days: int
    """How long owners may object where silence lets a fund use pass (V-29); seven days at least."""
    attested_votes: bool
    """Whether the figures of a vote held outside the platform may be attested for a fund request."""

    # Maintenance fund (RULES §3)
    township_seal: bool
    """Whether the township's verification needs signature and seal (ZD-7)."""
    without_committee: Role
    """Who stands in for the committee in ordinary fund requests of estates that have neither committee nor PMC."""
    emergency_without_committee: Role
    emergency_order: EmergencyOrder
    emergency_codes: frozenset[EmergencyCode]
    value_added_income: ValueAddedIncome
    developer_prepays: FundPrepayment
    fund_buys_insurance: bool
    fund_plan_posting_days: int
    fund_settlement_posting_days: int
    fund_emergency_posting_days: int
    fund_committee_days: int
    fund_community_working_days: int
    fund_township_working_days: int
    fund_bureau_working_days: int
    fund_emergency_working_days: int
    fund_site_check_hours: int
    fund_payment_working_days: int
    fund_corrections: int
    """How often an application may be returned for correction (FUND-25)."""
    fund_stages_percent: tuple[int, ...]
    fund_overrun_percent: int
    fund_audit_above_fen: int
    fund_renewal_below_percent: int
    bank_bidders: int
    """How many banks must bid at least (FUND-33)."""
    bank_items: tuple[BankItemWorth, ...]
    bank_pass_points: int
    bank_contract_days: int
    bank_assessment_days: int
    """Days after a year's end in which custodian banks are assessed for it."""
    bank_objection_days: int
    bank_transfer_days: int
    difference_working_days: int
    """Working days in which the bureau takes its next step about a difference with the bank (FUND-4)."""
    difference_answer_working_days: int
    """Working days in which the bank answers about one."""
    fund_renewal_days: int
    """Days from the notice in which an owner pays a renewal (FUND-8)."""
    fund_review_working_days: int
    """Working days in which an owner's request for review is answered (FUND-11)."""
    fund_press_days: int
    """Days that a written demand of it leaves (FUND-8)."""
    common_income_fund_percent: int
    """The least part of a year's common income that goes to the fund while that is below its renewal mark (V-22)."""
    warranty_refund_posting_days: int
    """Days for which the refund of a warranty deposit is posted before it is paid (FUND-32)."""
    fund_rates: tuple[FundRate, ...]
    fund_reform_cost_fen: int
    """The reform cost price of public housing (房改成本价) in fen per m² (FUND-2)."""
    fund_public_owner_percent: int
    """What the owner of sold public housing pays of that price (FUND-2)."""
    fund_seller_percent: int
    """The former landlord's least part of the sale's proceeds, for buildings that are no high-rises (FUND-2)."""
    fund_seller_high_percent: int
    """The same for high-rises."""

    # Fees (RULES §4)
    fee_starts: FeeStart
    guided_charges: frozenset[GuidedCharge]
    guide_prices: tuple[GuidePrice, ...]
    guide_parking_fen: int
    """Base price of an early-stage parking space in fen per month, before the float."""
    guide_float_percent: int
    late_fee_per_100000: int
    late_fee_cap_percent: int
    dispute_answer_days: int
    price_increase_recorded: bool
    """Whether a higher price needs the owners' way on record first (FEE-6)."""
    price_increase_early_only: bool
    """Whether only prices of the early stage are meant; those by a committee's contract are its affair (Zibo 53)."""
    price_increase_audit: bool
    """Whether that begins with an audit report (Zibo 53)."""
    price_proposal_posting_days: int
    price_result_posting_days: int
    dunning_notice_days: int
    """Days after a bill's due date on which the debtor gets notice once more (FEE-12)."""
    dunning_demand_days: int
    """Days after a bill's due date by which the written demand is served (FEE-12)."""
    demand_period_days: int
    """Least days that a written demand gives (FEE-12)."""
    suit_filing_days: int
    """Days in which the court files a suit that it received (FEE-15)."""
    fee_answer_days: int
    """Days in which a company answers a payer's question about posted accounts (FEE-1)."""
    payment_order_days: int
    """Days in which the court issues a payment order, from its filing (FEE-15)."""
    payment_order_objection_days: int
    """Days in which the debtor pays or objects, from the order's service (FEE-15)."""
    limitation_years: int
    """Years after which a claim is barred (FEE-13)."""

    # Inspection, rating, lists (RULES §6)
    inspectors_least: int
    inspection_publication_working_days: int
    rectification_days: int
    recheck_working_days: int
    rectification_extensions: int
    star_exit_rule: bool
    blacklist_ban: bool
    """Whether a black-listed firm may take no new project for one year (SL-25)."""
    rating_finaliser: tuple[Role, ...]

    # Disclosure and reports (RULES §1.6, §7)
    disclosure_update_working_days: int
    disclosure_objection_days: int
    platform_coverage_kpi_percent: int | None
    formation_kpi_percent: int | None
    service_coverage_kpi_percent: int | None
    party_coverage_kpi_percent: int | None
    quarterly_report_25th: bool
    quarterly_report_strict: bool
    """Whether a report on the 25th itself is late ("25日前" read strictly)."""
    contact_cadre_required: bool
    area_consults: frozenset[ConsultedOffice]
    """Offices that must be heard before a property area is fixed (ZD-10)."""
    old_estate_area_001m2: int | None
    old_estate_tolerance_percent: int
    complaints_high_per_100_households: int

    def guide_price(self, building_type: BuildingType, star: int) -> int | None:
        """The base price in fen per m² and month, before the float; ``None`` where the table has no such line."""
        for line in self.guide_prices:
            if (line.building_type, line.star) == (building_type, star):
                return line.fen
        return None

    def fund_rate(self, building_type: BuildingType) -> int | None:
        """The first fund deposit in fen per m²; ``None`` where the table has no such line."""
        for line in self.fund_rates:
            if line.building_type == building_type:
                return line.fen
        return None
