"""The keys that counties have of their own, in the file of the deployment's keys: as they are, or wrapped by a KMS.

A county gets a key of its own with its first ``anju keys rotate-data``; until then its keys are derived from the masters. The
file is read again when it has changed, so servers that run take up a new key without a restart. Where ``ANJU_KMS`` is set
new keys come from there and only their wrapped form is in the file: without the KMS the file opens nothing of those counties.
"""

import base64
import json
import os
import secrets
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.error import URLError

from app.settings import KEY_BYTES, SettingsError

MOST_NUMBER = (1 << 16) - 1
SECONDS = 10


class DataKey(NamedTuple):
    """A fresh key, and the form of it that may be stored."""

    plain: bytes
    wrapped: str


class Kms(Protocol):
    """A key management service: makes keys and unwraps what it wrapped. Keys of two counties do not unwrap as each other."""

    def make(self, county: str) -> DataKey:
        """A fresh key for a county. Raises ``SettingsError`` when the service does not give one."""

    def unwrap(self, county: str, wrapped: str) -> bytes:
        """The key. Raises ``SettingsError`` when the service refuses or cannot be reached."""


@dataclass(frozen=True)
class TransitKms:
    """The Transit protocol of OpenBao and HashiCorp Vault (``/v1/transit/datakey`` and ``/decrypt``), over HTTP.

    ``key`` is a Transit key made with ``derived=true``, so that the county's code, sent as the context, is part of the wrapping.
    """

    url: str
    token: str = field(repr=False)
    key: str = "anju"

    def make(self, county: str) -> DataKey:
        """As ``Kms.make``."""
        given = self._ask(f"datakey/plaintext/{self.key}", {"context": _context(county), "bits": 8 * KEY_BYTES})
        return DataKey(base64.b64decode(given["plaintext"]), given["ciphertext"])

    def unwrap(self, county: str, wrapped: str) -> bytes:
        """As ``Kms.unwrap``."""
        given = self._ask(f"decrypt/{self.key}", {"context": _context(county), "ciphertext": wrapped})
        return base64.b64decode(given["plaintext"])

    def _ask(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - the operator's own URL, checked to be http(s) by the settings
            f"{self.url.rstrip('/')}/v1/transit/{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-Vault-Token": self.token},
        )
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                return dict(json.load(answer)["data"])
        except (URLError, OSError, ValueError, KeyError) as error:
            raise SettingsError(f"ANJU_KMS: {self.url} gives no key: {error}") from error


def _context(county: str) -> str:
    return base64.b64encode(f"anju/{county}".encode()).decode()


@dataclass
class FileCountyKeys:
    """``models.sealed.CountyKeys`` over the file's section ``counties``::

    "counties": {"370303": {"sealing": 3, "keys": {"3": {"plain": "…"}, "4": {"wrapped": "…"}}}}
    """

    path: Path
    kms: Kms | None = None
    _read_at: tuple[int, int] | None = None
    _counties: dict[str, Any] = field(default_factory=dict, repr=False)
    _keys: dict[tuple[str, int], bytes] = field(default_factory=dict, repr=False)

    def current(self, county: str) -> int | None:
        """The number of the key that seals now; ``None`` for a county without a key of its own."""
        self._refresh()
        found = self._counties.get(county)
        return None if found is None else int(found["sealing"])

    def key(self, county: str, number: int) -> bytes | None:
        """A key of the county by its number. Raises ``SettingsError`` when the KMS does not unwrap it."""
        known = self._keys.get((county, number))
        if known is not None:
            return known
        self._refresh()
        stored = self._counties.get(county, {"keys": {}})["keys"].get(str(number))
        if stored is None:
            return None
        if "wrapped" in stored:
            if self.kms is None:
                raise SettingsError(
                    f"ANJU_KMS: key {number} of {county or 'the accounts'} is wrapped, and no KMS is set"
                )
            plain = self.kms.unwrap(county, stored["wrapped"])
        else:
            plain = base64.b64decode(stored["plain"])
        if len(plain) != KEY_BYTES:
            raise SettingsError(f"ANJU_SECRETS: key {number} of {county or 'the accounts'} has not {KEY_BYTES} bytes")
        self._keys[county, number] = plain
        return plain

    def add(self, county: str) -> int:
        """Give a county a fresh key that seals from now on; its number. The older ones stay and open what they sealed."""
        document = json.loads(self.path.read_text())
        own = document.setdefault("counties", {}).setdefault(county, {"keys": {}})
        number = 1 + max(map(int, (*document["masters"], *own["keys"])))
        if number > MOST_NUMBER:
            raise SettingsError("ANJU_SECRETS: there are no more key numbers")
        if self.kms is not None:
            stored = {"wrapped": self.kms.make(county).wrapped}
        else:
            stored = {"plain": base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}
        own["keys"][str(number)], own["sealing"] = stored, number
        self._write(document)
        return number

    def retire(self, county: str, keep: int) -> int:
        """Forget the county's own keys but ``keep``, once nothing is sealed under them any more; how many there were."""
        document = json.loads(self.path.read_text())
        own = document.get("counties", {}).get(county, {"keys": {}})
        old = [number for number in own["keys"] if int(number) != keep]
        for number in old:
            del own["keys"][number]
            self._keys.pop((county, int(number)), None)
        if old:
            self._write(document)
        return len(old)

    def _write(self, document: Mapping[str, Any]) -> None:
        # Written aside and renamed: a reader sees the former keys or the new ones, never half a file.
        partial = self.path.with_name(f"{self.path.name}.{os.getpid()}.partial")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(document, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.path)

    def _refresh(self) -> None:
        try:
            stat = self.path.stat()
            if self._read_at == (stat.st_mtime_ns, stat.st_ino):
                return
            self._counties = json.loads(self.path.read_text()).get("counties", {})
        except (OSError, ValueError, AttributeError) as error:
            raise SettingsError(f"ANJU_SECRETS: {self.path} cannot be used: {error}") from error
        self._read_at = (stat.st_mtime_ns, stat.st_ino)
