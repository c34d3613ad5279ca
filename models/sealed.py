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
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Protocol, overload

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from domain.identifiers import mask_account, mask_id_number, mask_phone
from models.base import new_id

SHARED = ""
"""The county of rows that belong to none: accounts are looked up across counties."""

KEY_BYTES = 32
INDEX_BYTES = 16
_NONCE_BYTES = 12
_AES_256_GCM = 1
_HEADER_BYTES = 1 + 2  # algorithm, key id


class Kind(StrEnum):
    """What is sealed. It chooses the mask and the key of the blind index: indexes of two kinds never compare."""

    PHONE = "phone"
    ID_NUMBER = "id_number"
    BANK_ACCOUNT = "bank_account"


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


class Vault(Protocol):
    """Seals, opens and indexes personal data. The adapter decides where the keys are (a file here, a KMS elsewhere)."""

    def seal(self, value: str, kind: Kind, county: str, context: Context) -> Sealed:
        """The three stored values of ``value``."""

    def open(self, ciphertext: bytes, county: str, context: Context) -> str:
        """The plain value; ``SealedError`` when it does not open here."""

    def index(self, value: str, kind: Kind | str, county: str) -> bytes:
        """The blind index under which equal values of one kind and county are found; 16 bytes."""


def normalised(value: str, kind: Kind | str) -> str:
    """The one spelling that is sealed and indexed: half width, capitals, no blanks or dashes, a phone without +86."""
    compact = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", value)).upper()
    if kind == Kind.PHONE:
        compact = re.sub(r"^(\+86|0086)", "", compact)
    return compact


_MASKS = {Kind.PHONE: mask_phone, Kind.ID_NUMBER: mask_id_number, Kind.BANK_ACCOUNT: mask_account}


@dataclass(frozen=True)
class DerivedVault:
    """A vault whose keys are derived (HKDF-SHA-256) per county and purpose from numbered master keys.

    ``masters`` maps a key id (1 to 65535) to 32 random bytes; ``current`` seals, the others open what they sealed.
    Blind indexes use the master ``index_key``: changing it means writing every index anew, so rotation leaves it alone.
    """

    masters: Mapping[int, bytes] = field(repr=False)
    current: int = 1
    index_key: int = 1
    _derived: dict[tuple[int, str], bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for key_id, master in self.masters.items():
            if not 0 < key_id < 1 << 16 or len(master) != KEY_BYTES:
                raise ValueError(f"master key {key_id}: {KEY_BYTES} bytes under an id from 1 to 65535 are needed")
        for key_id in (self.current, self.index_key):
            if key_id not in self.masters:
                raise ValueError(f"master key {key_id} is missing")

    def seal(self, value: str, kind: Kind, county: str, context: Context) -> Sealed:
        """Seal under the current key with a fresh nonce; equal values give different ciphertexts and equal indexes."""
        plain = normalised(value, kind)
        header = bytes([_AES_256_GCM]) + self.current.to_bytes(2, "big")
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = AESGCM(self._key(self.current, f"seal/{county}"))
        body = cipher.encrypt(nonce, plain.encode(), _associated(header, county, context))
        return Sealed(header + nonce + body, self.index(plain, kind, county), _MASKS[kind](plain))

    def open(self, ciphertext: bytes, county: str, context: Context) -> str:
        """The plain value; raises ``SealedError`` for another row's bytes, damage, or an unknown algorithm or key."""
        header, nonce = ciphertext[:_HEADER_BYTES], ciphertext[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES]
        key_id = int.from_bytes(header[1:], "big")
        if header[:1] != bytes([_AES_256_GCM]) or len(nonce) != _NONCE_BYTES or key_id not in self.masters:
            raise SealedError("unknown algorithm or key")
        cipher = AESGCM(self._key(key_id, f"seal/{county}"))
        body = ciphertext[_HEADER_BYTES + _NONCE_BYTES :]
        try:
            plain = cipher.decrypt(nonce, body, _associated(header, county, context))
        except InvalidTag:
            raise SealedError("the ciphertext does not belong here or is damaged") from None
        return plain.decode()

    def index(self, value: str, kind: Kind | str, county: str) -> bytes:
        """HMAC-SHA-256 under a key of this kind and county, cut to 16 bytes."""
        key = self._key(self.index_key, f"index/{kind}/{county}")
        return hmac.digest(key, normalised(value, kind).encode(), hashlib.sha256)[:INDEX_BYTES]

    def _key(self, key_id: int, purpose: str) -> bytes:
        derived = self._derived.get((key_id, purpose))
        if derived is None:
            hkdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"anju/{purpose}".encode())
            derived = self._derived[key_id, purpose] = hkdf.derive(self.masters[key_id])
        return derived


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
