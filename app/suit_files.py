"""The files of an evidence pack (FEE-14): a ZIP with a folder for each case, and a manifest of every file's SHA-256.

    manifest.json            all other files with size and SHA-256, and the cases with their sums in fen
    案件清单.xlsx, .csv      one line a case
    01/诉请明细.xlsx, .csv   principal, period and late fee of each bill; the workbook has the parties, too
    01/当事人.csv            parties, where they are served, and who acts for them
    01/证据目录.csv          the numbered evidence
    01/证据/…                each document as it was handed in; what the platform knows as canonical JSON

Tables are the same as XLSX and CSV (UTF-8, which Excel knows by its mark); money stands in them in yuan.
"""

import csv
import hashlib
import io
import json
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Any

from app.texts import label
from app.workbooks import workbook
from domain.documents import CSV, XLSX
from domain.filing_records import canonical
from models.documents import Document
from models.suits import SuitEvidence
from resolvers.documents import clean_name
from resolvers.suit_files import PackedCase, PackFacts
from schema.engine.values import Ref, encode_id

FORMAT = "anju-suit-pack/1"
MANIFEST = "manifest.json"
_CHUNK = 1 << 18
_LONGEST_TITLE = 60
"""Characters: a file system takes 255 bytes, of which a Chinese character is three."""


@dataclass(frozen=True)
class Table:
    """A table of a pack: the looks of its columns (``app.workbooks``) and its rows."""

    title: str
    columns: Sequence[tuple[str, str]]
    """Header and look of each."""
    rows: Sequence[Sequence[Any]]


@dataclass
class Pack:
    """A ZIP being written. ``files`` notes what is in it for the manifest."""

    archive: zipfile.ZipFile
    day: date
    files: list[dict[str, Any]] = field(default_factory=list)

    def add(self, path: str, content: bytes | Path, **about: Any) -> str:
        """Write a file from memory or from the disk; its SHA-256 in hexadecimal."""
        measure, size = hashlib.sha256(), 0
        source = content.open("rb") if isinstance(content, Path) else io.BytesIO(content)
        with source, self.archive.open(self._entry(path), "w", force_zip64=True) as target:
            while chunk := source.read(_CHUNK):
                target.write(chunk)
                measure.update(chunk)
                size += len(chunk)
        self.files.append({"path": path, "size": size, "sha256": measure.hexdigest(), **about})
        return measure.hexdigest()

    def table(self, folder: str, *tables: Table) -> None:
        """Write tables as the sheets of one workbook named after the first, and each as CSV."""
        book = io.BytesIO()
        with workbook(book) as sheets:
            for table in tables:
                page = sheets.plain(
                    table.title, [head for head, _ in table.columns], [look for _, look in table.columns]
                )
                page.write(table.rows)
        self.add(f"{folder}{tables[0].title}.xlsx", book.getvalue(), mediaType=XLSX)
        for table in tables:
            text = io.StringIO(newline="")
            lines = csv.writer(text)
            lines.writerow([head for head, _ in table.columns])
            lines.writerows(table.rows)
            self.add(f"{folder}{table.title}.csv", text.getvalue().encode("utf-8-sig"), mediaType=CSV)

    def finish(self, facts: PackFacts) -> None:
        """Write the manifest, which names all files but itself."""
        manifest = {
            "format": FORMAT,
            "county": facts.company.county,
            "writtenOn": facts.written_on.isoformat(),
            "company": {"name": facts.company.name, "creditCode": facts.company.credit_code},
            "cases": [_told(place, each) for place, each in enumerate(facts.cases, 1)],
            "files": self.files,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=2)
        self.archive.writestr(self._entry(MANIFEST), text.encode())

    def _entry(self, path: str) -> zipfile.ZipInfo:
        made = zipfile.ZipInfo(path, (self.day.year, self.day.month, self.day.day, 0, 0, 0))
        made.compress_type = zipfile.ZIP_DEFLATED
        return made


def papers_of(facts: PackFacts) -> list[Document]:
    """The documents that a pack holds, each once: similar cases share their contract."""
    return list({paper.id: paper for each in facts.cases for _, paper in each.evidence if paper is not None}.values())


def write_pack(target: Path, facts: PackFacts, papers: Mapping[uuid.UUID, Path]) -> None:
    """Write a pack; ``papers`` are the documents by their ids, on the disk.

    ``RuntimeError`` when a piece of evidence is not what its number was given for: a fault of the store, nobody's mistake.
    """
    with zipfile.ZipFile(target, "w") as archive:
        pack = Pack(archive, facts.written_on)
        pack.table("", _cases(facts))
        for place, each in enumerate(facts.cases, 1):
            folder = _folder(place)
            pack.table(folder, _claims(each), _parties(each), _contents(each))
            for piece, paper in each.evidence:
                content = canonical(piece.content or {}) if paper is None else papers[paper.id]
                if pack.add(folder + _path(piece, paper), content, position=piece.position) != piece.sha256:
                    raise RuntimeError(f"evidence {piece.id} is not what it was")
        pack.finish(facts)


def _folder(place: int) -> str:
    """The folder of a case, by its place from 1."""
    return f"{place:02}/"


def _path(piece: SuitEvidence, paper: Document | None) -> str:
    """Where a piece of evidence lies in its case's folder: its number, then its name."""
    name = PurePath(f"{piece.title}.json" if paper is None else paper.name)
    return f"证据/{clean_name(f'{piece.position:02} {name.stem[:_LONGEST_TITLE]}{name.suffix}')}"


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)


def _sums(each: PackedCase) -> tuple[int, int]:
    return sum(line.principal for line in each.lines), sum(line.late_fee for line in each.lines)


def _cases(facts: PackFacts) -> Table:
    columns = (
        ("文件夹", "text"),
        ("案件", "text"),
        ("被告", "text"),
        ("本金（元）", "money"),
        ("违约金（元）", "money"),
        ("合计（元）", "money"),
    )
    rows = []
    for place, each in enumerate(facts.cases, 1):
        principal, late = _sums(each)
        sued = "、".join(party.masked_name for party in each.parties if party.company_id is None)
        row = (_yuan(principal), _yuan(late), _yuan(principal + late))
        rows.append((_folder(place).rstrip("/"), each.case.title, sued, *row))
    return Table("案件清单", columns, rows)


def _claims(each: PackedCase) -> Table:
    columns = (
        ("序号", "number"),
        ("账单", "text"),
        ("费用期间起", "day"),
        ("费用期间止", "day"),
        ("应缴日期", "day"),
        ("本金（元）", "money"),
        ("违约金（元）", "money"),
        ("合计（元）", "money"),
    )
    rows = [
        (
            *(line.position, line.title, line.period_from, line.period_to, line.due_on),
            *(_yuan(line.principal), _yuan(line.late_fee), _yuan(line.principal + line.late_fee)),
        )
        for line in each.lines
    ]
    return Table("诉请明细", columns, rows)


def _parties(each: PackedCase) -> Table:
    heads = ("诉讼地位", "名称或姓名", "统一社会信用代码", "送达地址", "诉讼代理人", "代理人联系方式")
    rows = [
        (
            *(label("PartySide", party.side, "zh-CN"), party.masked_name, party.credit_code, party.service_address),
            *(party.agent_name, each.case.agent_contact if party.agent_name else None),
        )
        for party in each.parties
    ]
    return Table("当事人", [(head, "text") for head in heads], rows)


def _contents(each: PackedCase) -> Table:
    columns = (
        ("编号", "number"),
        ("证据种类", "text"),
        ("名称", "text"),
        ("日期", "day"),
        ("文件", "text"),
        ("SHA-256", "text"),
    )
    rows = [
        (
            *(piece.position, label("EvidenceKind", piece.kind, "zh-CN"), piece.title, piece.dated_on),
            *(_path(piece, paper), piece.sha256),
        )
        for piece, paper in each.evidence
    ]
    return Table("证据目录", columns, rows)


def _told(place: int, each: PackedCase) -> dict[str, Any]:
    principal, late = _sums(each)
    return {
        "folder": _folder(place),
        "case": encode_id(Ref("DunningCase", each.case.county, each.case.id)),
        "title": each.case.title,
        "edition": each.case.referrals,
        "principal": principal,
        "lateFee": late,
    }
