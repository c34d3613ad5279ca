"""The register's imports and exports: asked for by mutation, done by a job that shows its progress."""

from typing import TYPE_CHECKING

import strawberry
from sqlalchemy import Text

from domain.register_jobs import RegisterJobKind, RegisterJobState
from models import register as models
from resolvers.register import jobs
from schema.common import JSON, DateTime
from schema.engine.declare import column, descending, entity, filters, listing, matches, one, orders
from schema.engine.intents import changes, given, inputs, intent, ref
from schema.engine.types import described

if TYPE_CHECKING:
    from schema.attachments import Document

described(RegisterJobKind)
described(RegisterJobState)

REGISTER_JOB_ORDERS = orders(
    "RegisterJobOrder",
    "How imports and exports are ordered.",
    NEWEST=(descending(models.RegisterJob.created_at), "The latest first."),
)


@filters("Which imports and exports. All given conditions must hold.")
class RegisterJobFilter:
    kind: RegisterJobKind | None = matches(lambda row, value: row.kind == value, Text(), "Imports or exports.")
    state: RegisterJobState | None = matches(lambda row, value: row.state == value, Text(), "In this state.")


@entity(
    models.RegisterJob,
    "An import or export of the county's register (全县一张表).",
    orders=REGISTER_JOB_ORDERS,
    filters=RegisterJobFilter,
    states=models.RegisterJob.state,
)
class RegisterJob:
    kind: RegisterJobKind = column(models.RegisterJob.kind, "Import or export.")
    state: RegisterJobState = column(models.RegisterJob.state, "Where it stands.")
    dry_run: bool = column(models.RegisterJob.dry_run, "Whether it only checks the file.")
    source: "Document | None" = one(models.RegisterJob.source_id, "The imported file.")
    result: "Document | None" = one(
        models.RegisterJob.result_id, "The exported workbook, or the imported one with its faults marked."
    )
    step: str | None = column(models.RegisterJob.step, "The sheet at hand.")
    done: int = column(models.RegisterJob.done, "Rows of that sheet that are worked off.")
    total: int = column(models.RegisterJob.total, "Rows of that sheet.")
    counts: JSON = column(
        models.RegisterJob.counts, "By sheet, rows `created`, `updated` and `unchanged`; of an export, `rows`."
    )
    fault_count: int = column(models.RegisterJob.fault_count, "How many faults the file has.")
    faults: JSON = column(
        models.RegisterJob.faults, "The first 200 faults: `sheet`, `row`, `column` (its header) and error `code`."
    )
    created_at: DateTime = column(models.RegisterJob.created_at, "When it was asked for.")
    finished_at: DateTime | None = column(models.RegisterJob.finished_at, "When it was finished.")


@inputs("Import an uploaded workbook or ZIP of CSV files.", keyed=False)
class RegisterImportInput:
    document_id: strawberry.ID = ref(
        "Document",
        "The confirmed upload: an XLSX workbook, or a ZIP of CSV files named like its sheets, in UTF-8 or GB18030.",
    )
    dry_run: bool | None = given("Only check it.")


@inputs("Write the register to a workbook.", keyed=False)
class RegisterExportInput:
    county: str | None = given("The county; needed only by who acts in several.")


QUERIES = {"registerJobs": listing("RegisterJob", "Imports and exports of the register, for the bureau.")}
MUTATIONS = [
    intent(
        "registerImport",
        jobs.register_import,
        RegisterImportInput,
        "Import a workbook or CSV files into the register: all of it, or nothing and every fault at its cell.",
        {"job": "RegisterJob"},
        keyed=False,
    ),
    intent(
        "registerExport",
        jobs.register_export,
        RegisterExportInput,
        "Write the whole register to a workbook in the columns of the import.",
        {"job": "RegisterJob"},
        keyed=False,
    ),
]
SUBSCRIPTIONS = [changes("registerJobChanged", "RegisterJob", "An import or export that was finished.")]
