"""What people do about unpaid bills before the court: contact, demand, urging, mediation, plans (SM-14)."""

import datetime

import strawberry

from domain.dunning import DunningMeans
from resolvers import arrears, dunning
from schema.acts import act
from schema.common import Fen
from schema.engine.intents import given, inputs, ref

CASE = "The dunning case."
PAPERS = "Confirmed documents to attach."
MEANS = "How the debtor was reached. Cut supplies and barred access are refused (FEE-16)."
NOTE = "In words, for the record."


@inputs("Record a call, a visit or another word to the debtor.")
class DunningContactRecordInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    means: DunningMeans = given(MEANS)
    note: str = given(NOTE)
    taken_on: datetime.date | None = given("The day; today when left out.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Record the written demand as served (催告函送达).")
class DunningDemandServeInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    served_on: datetime.date = given("The day of service.")
    ends_on: datetime.date = given("The last day that it gives; 15 days later at least.")
    means: DunningMeans = given(MEANS)
    note: str | None = given(NOTE)
    document_ids: list[strawberry.ID] | None = ref(
        "Document", "The letter (DEMAND_LETTER) and the proof (SERVICE_PROOF)."
    )


@inputs("Urge the debtor to pay, as the owners' committee.")
class DunningUrgeInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    means: DunningMeans = given(MEANS)
    note: str | None = given(NOTE)


@inputs("Record a measure of the owners' covenant towards a debtor who was dunned repeatedly.")
class DunningCovenantMeasureInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    covenant_id: strawberry.ID = ref("Filing", "The filed covenant.")
    article: str = given("The article that provides the measure.")
    note: str = given("The measure, in words.")
    means: DunningMeans = given(MEANS)


@inputs("Offer the debtor mediation.")
class DunningMediationOfferInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    means: DunningMeans = given(MEANS)
    note: str | None = given(NOTE)


@inputs("Record that mediation came to nothing.")
class DunningMediationFailInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    reason: str = given("Why.")
    document_ids: list[strawberry.ID] | None = ref("Document", "The record (MEDIATION_RECORD).")


@inputs("One instalment.", item=True)
class InstalmentInput:
    due_on: datetime.date = given("The last day to pay it.")
    amount: Fen = given("How much.")


@inputs("Record an instalment plan that the debtor agreed to.")
class DunningPlanAgreeInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    instalments: list[InstalmentInput] = given("The parts by day; together what is open.")
    note: str | None = given(NOTE)
    document_ids: list[strawberry.ID] | None = ref("Document", "The agreement, or the record of mediation.")


@inputs("Give a dunning case up.")
class DunningDropInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    reason: str = given("Why.")


@inputs("Post the arrears of an area, masked, as its committee decided.")
class ArrearsPostInput:
    area_id: strawberry.ID = ref("PropertyArea", "The property area.")
    decided_on: datetime.date = given("The day of the committee's decision.")
    objection_contact: str = given("Where an owner objects.")
    document_ids: list[strawberry.ID] = ref("Document", "The decision's record (COMMITTEE_RECORD).")


_STEP = {"case": "DunningCase", "record": "DunningRecord"}

MUTATIONS = [
    act(
        "dunningContactRecord",
        dunning.contact_record,
        DunningContactRecordInput,
        "Record another word to the debtor. By the company; forbidden measures are refused (FEE-16).",
        _STEP,
    ),
    act(
        "dunningDemandServe",
        dunning.demand_serve,
        DunningDemandServeInput,
        "Record the written demand with its proof of service (FEE-12). By the company.",
        _STEP,
    ),
    act(
        "arrearsPost",
        arrears.arrears_post,
        ArrearsPostInput,
        "Post arrears whose written demand has expired: masked units and amounts, no name (FEE-17). By the committee.",
        {"disclosure": "Disclosure"},
    ),
    act("dunningUrge", dunning.urge, DunningUrgeInput, "Urge payment, as the committee (ZD-43, TQ-43).", _STEP),
    act(
        "dunningCovenantMeasure",
        dunning.covenant_measure_record,
        DunningCovenantMeasureInput,
        "Record a covenant's measure towards a debtor dunned twice at least, as the committee (TQ-44).",
        _STEP,
    ),
    act(
        "dunningMediationOffer",
        dunning.mediation_offer,
        DunningMediationOfferInput,
        "Offer mediation: by the company, the community or the township (TQ-27, ZS-27).",
        _STEP,
    ),
    act(
        "dunningMediationFail",
        dunning.mediation_fail,
        DunningMediationFailInput,
        "Record that mediation failed: by who mediates.",
        _STEP,
    ),
    act(
        "dunningPlanAgree",
        dunning.plan_agree,
        DunningPlanAgreeInput,
        "Record an instalment plan: by the company, or by who mediates. A missed part breaks it.",
        _STEP,
    ),
    act(
        "dunningDrop",
        dunning.drop,
        DunningDropInput,
        "Give a case up, with a reason. By the company.",
        {"case": "DunningCase"},
    ),
]
