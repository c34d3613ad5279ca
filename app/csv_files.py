"""The register as CSV: files in a folder or a ZIP, each a sheet, in UTF-8 or GB18030. Nothing is unpacked to the disk."""

import codecs
import csv
import io
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from domain.errors import ErrorCode, Refusal

MOST_UNPACKED = 1 << 30
MOST_RATIO = 200
"""A file that unpacks to more than so many times its size holds no register (tables of text: ten to forty times)."""
MOST_FILES = 200
ENCODINGS = ("utf-8-sig", "gb18030")
_CHUNK = 1 << 20
_ENCRYPTED = 0x1

Lines = Iterator[tuple[int, Sequence[Any]]]
Opener = Callable[[], IO[bytes]]


class UnreadableFile(Refusal):
    """A file that cannot be read at all; the code says why, ``name`` which."""

    def __init__(self, code: ErrorCode, name: str, **params: Any) -> None:
        super().__init__(code, name=name, **params)


@contextmanager
def unpacked(path: Path) -> Iterator[zipfile.ZipFile]:
    """A ZIP (a workbook is one too) that is safe to read; ``UnreadableFile`` says what is wrong with it.

    Its entries are named inside it, are no links, are not encrypted, and are as large as they say: all of it is
    unpacked once, chunk by chunk, before anything is kept.
    """
    try:
        # Windows writes the names of Chinese files in its own encoding.
        with zipfile.ZipFile(path, metadata_encoding="gb18030") as packed:
            _check(path, packed)
            yield packed
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError) as error:
        raise UnreadableFile(ErrorCode.FILE_DAMAGED, path.name) from error


def _check(path: Path, packed: zipfile.ZipFile) -> None:
    entries = packed.infolist()
    most = min(MOST_UNPACKED, max(MOST_RATIO * path.stat().st_size, _CHUNK))
    if len(entries) > MOST_FILES:
        raise UnreadableFile(ErrorCode.FILE_TOO_LARGE, path.name)
    total = 0
    for entry in entries:
        if _leads_out(entry.filename) or stat.S_ISLNK(entry.external_attr >> 16):
            raise UnreadableFile(ErrorCode.FILE_UNSAFE, path.name)
        if entry.flag_bits & _ENCRYPTED:
            raise UnreadableFile(ErrorCode.FILE_ENCRYPTED, path.name)
        with packed.open(entry) as content:  # reads no further than the size that the entry states, and checks it
            while chunk := content.read(_CHUNK):
                total += len(chunk)
                if total > most:
                    raise UnreadableFile(ErrorCode.FILE_TOO_LARGE, path.name)


def _leads_out(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\0" in name


def folder(path: Path) -> Iterator[tuple[str, Lines]]:
    """The sheets of a folder of CSV files, by file name."""
    files = sorted(path.glob("*.csv"))
    if not files:
        raise UnreadableFile(ErrorCode.FILE_NO_REGISTER, path.name)
    return ((file.stem, csv_lines(file.name, lambda file=file: file.open("rb"))) for file in files)  # type: ignore[misc]


def archive(packed: zipfile.ZipFile) -> Iterator[tuple[str, Lines]]:
    """The sheets of a ZIP of CSV files, by file name, in whatever folder of it; what systems add of their own is left."""
    entries = {entry.filename: entry for entry in packed.infolist() if not entry.is_dir()}
    files = sorted(name for name in entries if _is_csv(PurePosixPath(name)))
    if not files:
        raise UnreadableFile(ErrorCode.FILE_NO_REGISTER, str(packed.filename and Path(packed.filename).name))
    for name in files:
        path = PurePosixPath(name)
        yield path.stem, csv_lines(path.name, lambda name=name: packed.open(entries[name]))  # type: ignore[misc]


def _is_csv(path: PurePosixPath) -> bool:
    return path.suffix.casefold() == ".csv" and path.parts[0] != "__MACOSX" and not path.name.startswith(".")


def csv_lines(name: str, opener: Opener) -> Lines:
    """A CSV file's numbered rows, read as a stream."""
    encoding = _encoding(name, opener)
    with opener() as raw, io.TextIOWrapper(raw, encoding, newline="") as text:
        rows = csv.reader(text)
        number = 0
        try:
            for number, cells in enumerate(rows, 1):
                yield number, cells
        except csv.Error as error:
            raise UnreadableFile(ErrorCode.FILE_DAMAGED, name, row=number) from error


def _encoding(name: str, opener: Opener) -> str:
    """The first encoding in which the whole file can be read."""
    for encoding in ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with opener() as raw:
                while chunk := raw.read(_CHUNK):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise UnreadableFile(ErrorCode.FILE_ENCODING, name)
