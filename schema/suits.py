"""Suits over unpaid bills as clients see them: batches, claim table, parties, evidence, readiness (FEE-13, FEE-14)."""

import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from auth.file_tokens import DOWNLOAD_SECONDS, Download
from domain.documents import ZIP
from domain.errors import ErrorCode, Refusal
from domain.suits import EvidenceKind, PartySide, ReadinessPoint, SuitResult
from models import dunning as dunning_models
from models import suits as models
from resolvers import suit_files, suits
from schema.attachments import download_address
from schema.common import JSON, DateTime, Fen
from schema.engine.declare import answer, ascending, column, computed, descending, entity, listing, many, one, orders
from schema.engine.run import Run
from schema.engine.types import Connection, described, plain_type
from schema.engine.values import Ref, decode_id, encode_id

if TYPE_CHECKING:
    from schema.companies import Company
    from schema.documents import Document
    from schema.dunning import DunningCase
    from schema.estates import Estate

for _enumeration in (EvidenceKind, PartySide, ReadinessPoint, SuitResult):
    described(_enumeration)


@entity(
    models.SuitBatch,
    "Similar cases of one company and estate, referred to a court together (批量移送).",
    orders=orders(
        "SuitBatchOrder", "How batches are ordered.", NEWEST=(descending(models.SuitBatch.id), "Latest first.")
    ),
)
class SuitBatch:
    number: str = column(models.SuitBatch.number, "Its number.")
    company: "Company | None" = one(models.SuitBatch.company_id, "Who sues.")
    estate: "Estate | None" = one(models.SuitBatch.estate_id, "The estate.")
    township: str = column(models.SuitBatch.township, "Division code, 9 digits.")
    community: str = column(models.SuitBatch.community, "Division code, 12 digits.")
    case_count: int = column(models.SuitBatch.case_count, "How many cases.")
    referred_on: datetime.date = column(models.SuitBatch.referred_on, "When it was referred.")
    cases: Connection["DunningCase"] = many(dunning_models.DunningCase.batch_id, "Its cases.")


@entity(
    models.SuitLine,
    "One line of a claim table (诉请明细), in fen, as of the day it was put together.",
    orders=orders(
        "SuitLineOrder", "How lines are ordered.", NUMBER=(ascending(models.SuitLine.id), "By edition and number.")
    ),
    sums={
        "principalSum": (models.SuitLine.principal, "All principal."),
        "lateFeeSum": (models.SuitLine.late_fee, "All late fees."),
    },
)
class SuitLine:
    edition: int = column(models.SuitLine.referral, "The edition of the pack; the case's `edition` counts.")
    position: int = column(models.SuitLine.position, "From 1.")
    title: str = column(models.SuitLine.title, "What it is for.")
    period_from: datetime.date = column(models.SuitLine.period_from, "First day of the period.")
    period_to: datetime.date = column(models.SuitLine.period_to, "Last day of the period.")
    due_on: datetime.date = column(models.SuitLine.due_on, "When it was due.")
    principal: Fen = column(models.SuitLine.principal, "What is open of it.")
    late_fee: Fen = column(models.SuitLine.late_fee, "The late fee on it (FEE-9).")


@entity(
    models.SuitParty,
    "A party of a suit. Of a person it shows the mask; a court reads the rest by `suitPartiesRead`, for a purpose.",
    orders=orders(
        "SuitPartyOrder", "How parties are ordered.", NUMBER=(ascending(models.SuitParty.id), "By edition and number.")
    ),
)
class SuitParty:
    edition: int = column(models.SuitParty.referral, "The edition of the pack.")
    position: int = column(models.SuitParty.position, "From 1.")
    side: PartySide = column(models.SuitParty.side, "On which side.")
    masked_name: str = column(models.SuitParty.masked_name, "A company's name; of a person the mask.")
    credit_code: str | None = column(models.SuitParty.credit_code, "An organisation's unified social credit code.")
    service_address: str | None = column(models.SuitParty.service_address, "Where the party is served (送达地址).")
    agent_name: str | None = column(models.SuitParty.agent_name, "Who acts for the party (诉讼代理人).")


@entity(
    models.SuitEvidence,
    "A numbered piece of evidence (证据): a document, or what the platform knows, under its SHA-256.",
    orders=orders(
        "SuitEvidenceOrder",
        "How evidence is ordered.",
        NUMBER=(ascending(models.SuitEvidence.id), "By edition and number."),
    ),
)
class SuitEvidence:
    edition: int = column(models.SuitEvidence.referral, "The edition of the pack.")
    position: int = column(models.SuitEvidence.position, "Its number, from 1.")
    kind: EvidenceKind = column(models.SuitEvidence.kind, "What it is.")
    title: str = column(models.SuitEvidence.title, "Its title.")
    dated_on: datetime.date | None = column(models.SuitEvidence.dated_on, "Its day.")
    document: "Document | None" = one(models.SuitEvidence.document_id, "The document, where it is one.")
    content: JSON | None = column(models.SuitEvidence.content, "The facts, where it is no document.")
    sha256: str = column(models.SuitEvidence.sha256, "SHA-256 of the document, or of the facts' canonical JSON.")
    size: int = column(models.SuitEvidence.size, "Bytes.")


def _case_ids(_run: Run, county: str, keys: list[str]) -> list[str]:
    return [encode_id(Ref("DunningCase", county, UUID(key))) for key in keys]


def _pack_address(run: Run, key: str | None, name: str | None, opened_until: str | None) -> str | None:
    """It holds as long as the reading on record, however often it is asked for."""
    if key is None or name is None or opened_until is None:
        return None
    until = datetime.datetime.fromisoformat(opened_until)
    if until <= datetime.datetime.now(datetime.UTC):
        return None
    return download_address(run, Download(key, name, ZIP), until - suit_files.OPEN_FOR)


@entity(
    models.SuitPack,
    "The evidence packs of similar cases as one ZIP (证据包): claim tables as XLSX and CSV, parties, numbered evidence, and "
    "`manifest.json` with every file's SHA-256. Only who asked for it sees it, a court while all its cases are before it.",
    orders=orders("SuitPackOrder", "How packs are ordered.", NEWEST=(descending(models.SuitPack.id), "Latest first.")),
)
class SuitPack:
    case_ids: list[strawberry.ID] = computed(
        _case_ids,
        "Its cases, in the order of its folders.",
        needs=[models.SuitPack.county, models.SuitPack.case_ids],
    )
    created_at: DateTime = column(models.SuitPack.created_at, "When it was asked for.")
    finished_at: DateTime | None = column(models.SuitPack.finished_at, "When it was written; null until then.")
    name: str | None = column(models.SuitPack.name, "Its file name.")
    size: int | None = column(models.SuitPack.size, "Bytes.")
    sha256: str | None = column(models.SuitPack.sha256, "SHA-256 of the ZIP in hexadecimal.")
    download_url: str | None = computed(
        _pack_address,
        f"An address to fetch it from, for {DOWNLOAD_SECONDS // 60} minutes after each `suitPackRead`; null otherwise.",
        needs=[models.SuitPack.key, models.SuitPack.name, models.SuitPack.opened_until],
    )


plain_type(
    "SuitReadiness",
    "How ready a case is for suit (FEE-13).",
    {
        "may_refer": ("bool", "Whether the company may refer it."),
        "required": ("list[ReadinessPoint]", "What is missing and required."),
        "warnings": ("list[ReadinessPoint]", "What is missing and makes the suit less promising; it never blocks."),
    },
)


async def _suit_readiness(
    run: Run, case: Annotated[strawberry.ID, strawberry.argument(description="The dunning case.")]
) -> "SuitReadiness | None":  # type: ignore[name-defined] # noqa: F821
    """For whoever sees the case."""
    named = decode_id(case, "case")
    if named.type != "DunningCase":
        raise Refusal(ErrorCode.NOT_FOUND, "case")

    async def work(uow: Any) -> Any:
        return await suits.suit_readiness(uow, id=UUID(str(named.key)))

    found = await run.within(named.county, work)
    return {"may_refer": found.may_refer, "required": list(found.required), "warnings": list(found.warnings)}


QUERIES = {
    "suitBatches": listing("SuitBatch", "Batches of suits that the caller may see."),
    "suitPacks": listing("SuitPack", "Evidence packs that the caller asked for."),
    "suitReadiness": answer(_suit_readiness, "What a dunning case still lacks for suit (FEE-13)."),
}
