"""Personal data at rest: ciphertext, keyed blind index and ready mask (RULES PRI-6, DESIGN §2).

A phone, an ID number or a bank account is never stored in plain. Each such attribute has three columns, in one line::

    class Person(CountyRow):
        __tablename__ = "person"
        phone_sealed, phone_index, phone_mask = sealed_columns()

and is written and read through a ``Vault``::

    seal_into(person, "phone", "13812345678", Kind.PHONE, vault)
    person.phone_mask                                  # 138****5678
    Person.phone_index == vault.index("13812345678", Kind.PHONE, person.county)
    reveal(person, "phone", vault)                     # 13812345678; its caller logs who asked and why (PRI-7)

The ciphertext is bound to its table, column, county and row: copied to another place it does not open.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Protocol, overload

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from domain.identifiers import (
    mask_account,
    mask_email,
    mask_id_number,
    mask_name,
    mask_phone,
    mask_tax_number,
)
from models.aead import AES_256_GCM, ALGORITHMS, NONCE_BYTES, Aead
from models.base import new_id

SHARED = ""
"""The county of rows that belong to none: accounts are looked up across counties."""

KEY_BYTES = 32
INDEX_BYTES = 16
_HEADER_BYTES = 1 + 2  # algorithm, key id


class Kind(StrEnum):
    """What is sealed. It chooses the mask and the key of the blind index: indexes of two kinds never compare."""

    PHONE = "phone"
    ID_NUMBER = "id_number"
    BANK_ACCOUNT = "bank_account"
    NAME = "name"
    ORGANISATION = "organisation"
    TAX_NUMBER = "tax_number"
    EMAIL = "email"


class SealedError(Exception):
    """A ciphertext that does not open: damaged, moved from another row, or sealed under a key that is not at hand."""


class Context(NamedTuple):
    """Where a ciphertext belongs; authenticated with it."""

    table: str
    column: str
    row: str


class Sealed(NamedTuple):
    """The three stored values of one personal attribute, in the order of ``sealed_columns``."""

    ciphertext: bytes
    blind_index: bytes
    mask: str

    def __repr__(self) -> str:
        return f"Sealed({self.mask!r})"


class CountyKeys(Protocol):
    """The keys that counties have of their own, kept outside the database (``app.county_keys``: a file, a KMS)."""

    def current(self, county: str) -> int | None:
        """The number of the key that seals the county's data now; ``None`` where it has none of its own."""

    def key(self, county: str, number: int) -> bytes | None:
        """The county's own key of this number, 32 bytes; ``None`` where there is none."""


class NoCountyKeys:
    """No county has a key of its own: all keys are derived from the deployment's masters."""

    def current(self, county: str) -> int | None:
        """As ``CountyKeys.current``."""
        return None

    def key(self, county: str, number: int) -> bytes | None:
        """As ``CountyKeys.key``."""
        return None


class Vault(Protocol):
    """Seals, opens and indexes personal data. The adapter decides where the keys are (a file here, a KMS elsewhere)."""

    def seal(self, value: str, kind: Kind, county: str, context: Context) -> Sealed:
        """The three stored values of ``value``."""

    def open(self, ciphertext: bytes, county: str, context: Context) -> str:
        """The plain value; ``SealedError`` when it does not open here."""

    def index(self, value: str, kind: Kind | str, county: str) -> bytes:
        """The blind index under which equal values of one kind and county are found; 16 bytes."""

    def encrypt(self, plain: bytes, county: str, context: Context) -> bytes:
        """The ciphertext of any bytes (a private key), with the ids of its algorithm and key before it."""

    def decrypt(self, ciphertext: bytes, county: str, context: Context) -> bytes:
        """The bytes; ``SealedError`` when they do not open here."""

    def header(self, county: str) -> bytes:
        """What every ciphertext of the county begins with from now on: the ids of algorithm and key."""


_DIALLED = ("+86", "0086")
AS_WRITTEN = frozenset({Kind.NAME, Kind.ORGANISATION, Kind.EMAIL})


def normalised(value: str, kind: Kind | str) -> str:
    """The one spelling that is sealed and indexed: half width, capitals, no blanks or dashes, a phone without +86. Names and
    addresses are kept as they are written."""
    if kind in AS_WRITTEN:
        return value
    if value.isascii() and value.isalnum():  # as nearly all are written: a register has hundreds of thousands
        compact = value.upper()
    else:
        compact = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", value)).upper()
    if kind == Kind.PHONE:
        prefix = next((prefix for prefix in _DIALLED if compact.startswith(prefix)), "")
        return compact.removeprefix(prefix)
    return compact


_MASKS: Mapping[Kind, Callable[[str], str]] = {
    Kind.PHONE: mask_phone,
    Kind.ID_NUMBER: mask_id_number,
    Kind.BANK_ACCOUNT: mask_account,
    Kind.NAME: mask_name,
    Kind.ORGANISATION: str,
    Kind.TAX_NUMBER: mask_tax_number,
    Kind.EMAIL: mask_email,
}
"""What is shown of it; an organisation's name is no personal data."""


@dataclass(frozen=True)
class DerivedVault:
    """A vault whose keys are derived (HKDF-SHA-256) per county and purpose from numbered keys.

    A number means the county's own key where ``counties`` has one, else the master of that number (1 to 65535, 32 random
    bytes each). A county's own current key seals its data; without one the master ``current`` does; the others open what
    they sealed. Blind indexes use the master ``index_key``: changing it means writing every index anew, so rotation leaves
    it alone. ``algorithm`` seals (``models.aead``); what another one sealed opens all the same.
    """

    masters: Mapping[int, bytes] = field(repr=False)
    current: int = 1
    index_key: int = 1
    counties: CountyKeys = field(default_factory=NoCountyKeys, repr=False, compare=False)
    algorithm: int = field(default=AES_256_GCM, repr=False)
    _ciphers: dict[tuple[int, int, str], Aead] = field(default_factory=dict, init=False, repr=False, compare=False)
    _index_keys: dict[str, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for key_id, master in self.masters.items():
            if not 0 < key_id < 1 << 16 or len(master) != KEY_BYTES:
                raise ValueError(f"master key {key_id}: {KEY_BYTES} bytes under an id from 1 to 65535 are needed")
        for key_id in (self.current, self.index_key):
            if key_id not in self.masters:
                raise ValueError(f"master key {key_id} is missing")
        if self.algorithm not in ALGORITHMS:
            raise ValueError(f"there is no algorithm {self.algorithm}")

    def seal(self, value: str, kind: Kind, county: str, context: Context) -> Sealed:
        """Seal under the current key with a fresh nonce; equal values give different ciphertexts and equal indexes."""
        plain = normalised(value, kind)
        body = self.encrypt(plain.encode(), county, context)
        return Sealed(body, self.index(plain, kind, county), _MASKS[kind](plain))

    def open(self, ciphertext: bytes, county: str, context: Context) -> str:
        """The plain value; raises ``SealedError`` as ``decrypt`` does."""
        return self.decrypt(ciphertext, county, context).decode()

    def encrypt(self, plain: bytes, county: str, context: Context) -> bytes:
        """Under the current key with a fresh nonce: algorithm, key id, nonce, body."""
        header = self.header(county)
        nonce = secrets.token_bytes(NONCE_BYTES)
        cipher = self._cipher(header, county)
        return header + nonce + cipher.encrypt(nonce, plain, _associated(header, county, context))

    def decrypt(self, ciphertext: bytes, county: str, context: Context) -> bytes:
        """What was encrypted; raises ``SealedError`` for another row's bytes, damage, or an unknown algorithm or key."""
        header, nonce = ciphertext[:_HEADER_BYTES], ciphertext[_HEADER_BYTES : _HEADER_BYTES + NONCE_BYTES]
        if len(nonce) != NONCE_BYTES:
            raise SealedError("unknown algorithm or key")
        cipher = self._cipher(header, county)
        body = ciphertext[_HEADER_BYTES + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, body, _associated(header, county, context))
        except InvalidTag:
            raise SealedError("the ciphertext does not belong here or is damaged") from None

    def header(self, county: str) -> bytes:
        """Algorithm (1 byte) and key id (2 bytes) of what is sealed from now on."""
        return bytes([self.algorithm]) + (self.counties.current(county) or self.current).to_bytes(2, "big")

    def index(self, value: str, kind: Kind | str, county: str) -> bytes:
        """HMAC-SHA-256 under a key of this kind and county, cut to 16 bytes."""
        purpose = f"index/{kind}/{county}"
        key = self._index_keys.get(purpose)
        if key is None:
            key = self._index_keys[purpose] = _derive(self.masters[self.index_key], purpose, KEY_BYTES)
        return hmac.digest(key, normalised(value, kind).encode(), hashlib.sha256)[:INDEX_BYTES]

    def _cipher(self, header: bytes, county: str) -> Aead:
        place = header[0], int.from_bytes(header[1:], "big"), county
        found = self._ciphers.get(place)
        if found is None:
            algorithm = ALGORITHMS.get(place[0])
            key = self.counties.key(county, place[1]) or self.masters.get(place[1])
            if algorithm is None or key is None:
                raise SealedError("unknown algorithm or key")
            # Each algorithm has a key of its own; the first one's purpose is the name that it has always had.
            purpose = f"seal/{county}" if place[0] == AES_256_GCM else f"seal/{algorithm.name}/{county}"
            found = self._ciphers[place] = algorithm.cipher(_derive(key, purpose, algorithm.key_bytes))
        return found


def _derive(key: bytes, purpose: str, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=f"anju/{purpose}".encode()).derive(key)


def _associated(header: bytes, county: str, context: Context) -> bytes:
    # A unit separator cannot occur in names, codes and ids, so two different contexts never spell the same bytes.
    return header + "\x1f".join((county, *context)).encode()


@overload
def sealed_columns() -> tuple[Mapped[bytes | None], Mapped[bytes | None], Mapped[str | None]]: ...
@overload
def sealed_columns(*, required: Literal[True]) -> tuple[Mapped[bytes], Mapped[bytes], Mapped[str]]: ...
def sealed_columns(*, required: bool = False) -> Any:
    """The three columns of one personal attribute, to be named ``<name>_sealed, <name>_index, <name>_mask``."""
    optional = not required
    return (
        mapped_column(LargeBinary, nullable=optional, sort_order=1),
        mapped_column(LargeBinary, nullable=optional, sort_order=1),
        mapped_column(Text(collation="C"), nullable=optional, sort_order=1),
    )


def seal_into(row: Any, name: str, value: str | None, kind: Kind, vault: Vault) -> None:
    """Write a row's attribute ``name`` (its three columns); ``None`` empties it. A new row gets its id here."""
    if row.id is None:
        row.id = new_id()
    stored = (None, None, None) if value is None else vault.seal(value, kind, _county(row), _context(row, name))
    row_columns = (f"{name}_sealed", f"{name}_index", f"{name}_mask")
    for column, part in zip(row_columns, stored, strict=True):
        setattr(row, column, part)


def reveal(row: Any, name: str, vault: Vault) -> str | None:
    """The plain value of a row's attribute. The caller has checked who may see it and logs why (PRI-6, PRI-7)."""
    ciphertext = getattr(row, f"{name}_sealed")
    return None if ciphertext is None else vault.open(ciphertext, _county(row), _context(row, name))


def _county(row: Any) -> str:
    return getattr(row, "county", SHARED)


def _context(row: Any, name: str) -> Context:
    return Context(row.__tablename__, name, str(row.id))
