"""Keys that counties have of their own (PRI-6): in a file, or wrapped by a key management service over real HTTP."""

import base64
import json
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.county_keys import FileCountyKeys, TransitKms
from app.settings import SettingsError, load, make_secrets
from models.aead import ALGORITHMS, SM4_GCM
from models.sealed import Context, DerivedVault, Kind, SealedError

ZHANGDIAN, ZHONGSHAN = "370303", "451122"
HERE = Context("owner", "phone", "0190")
PHONE = "13812345678"
TOKEN = "hvs.token"


class Transit(BaseHTTPRequestHandler):
    """A double that speaks the Transit protocol: it keeps what it wrapped, by wrapped text and context."""

    kept: dict[tuple[str, str], str]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["X-Vault-Token"] != TOKEN:
            return self._answer(403, {"errors": ["permission denied"]})
        if self.path == "/v1/transit/datakey/plaintext/anju":
            plain, wrapped = secrets.token_bytes(body["bits"] // 8), "vault:v1:" + secrets.token_hex(40)
            self.kept[wrapped, body["context"]] = base64.b64encode(plain).decode()
            return self._answer(
                200, {"data": {"plaintext": self.kept[wrapped, body["context"]], "ciphertext": wrapped}}
            )
        known = self.kept.get((body["ciphertext"], body["context"]))
        if self.path != "/v1/transit/decrypt/anju" or known is None:
            return self._answer(400, {"errors": ["invalid ciphertext"]})
        return self._answer(200, {"data": {"plaintext": known}})

    def _answer(self, status: int, body: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_given: Any) -> None:
        """Say nothing."""


@pytest.fixture
def transit() -> Iterator[str]:
    """Address of a running double."""
    handler = type("Handler", (Transit,), {"kept": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_county_gets_a_key_of_its_own_and_the_old_values_still_open(tmp_path: Path) -> None:
    settings = load(data=tmp_path)
    vault, counties = settings.keys.vault(), settings.keys.counties
    assert counties is not None
    before = vault.seal(PHONE, Kind.PHONE, ZHANGDIAN, HERE)
    assert counties.current(ZHANGDIAN) is None

    number = counties.add(ZHANGDIAN)

    after = vault.seal(PHONE, Kind.PHONE, ZHANGDIAN, HERE)
    assert int.from_bytes(after.ciphertext[1:3], "big") == number == 3
    assert after.blind_index == before.blind_index
    assert vault.open(before.ciphertext, ZHANGDIAN, HERE) == vault.open(after.ciphertext, ZHANGDIAN, HERE) == PHONE
    elsewhere = vault.seal(PHONE, Kind.PHONE, ZHONGSHAN, HERE)
    assert int.from_bytes(elsewhere.ciphertext[1:3], "big") == 1, "other counties keep theirs"
    # Another process, which had read the file before, takes the key up by itself; so does one started later.
    assert load(data=tmp_path).keys.vault().open(after.ciphertext, ZHANGDIAN, HERE) == PHONE


def test_a_running_server_takes_up_a_key_that_another_process_made(tmp_path: Path) -> None:
    running = load(data=tmp_path).keys.vault()
    running.seal(PHONE, Kind.PHONE, ZHANGDIAN, HERE)
    operator = load(data=tmp_path).keys
    assert operator.counties is not None
    operator.counties.add(ZHANGDIAN)
    sealed = operator.vault().seal(PHONE, Kind.PHONE, ZHANGDIAN, HERE)
    assert running.open(sealed.ciphertext, ZHANGDIAN, HERE) == PHONE
    assert running.seal(PHONE, Kind.PHONE, ZHANGDIAN, HERE).ciphertext[:3] == sealed.ciphertext[:3]


def test_keys_of_two_counties_are_not_each_others(tmp_path: Path) -> None:
    keys = load(data=tmp_path).keys
    assert keys.counties is not None
    assert keys.counties.add(ZHANGDIAN) == keys.counties.add(ZHONGSHAN) == 3
    assert keys.counties.key(ZHANGDIAN, 3) != keys.counties.key(ZHONGSHAN, 3)
    vault = keys.vault()
    sealed = vault.seal(PHONE, Kind.PHONE, ZHANGDIAN, HERE)
    with pytest.raises(SealedError):
        vault.open(sealed.ciphertext, ZHONGSHAN, HERE)


def test_retired_keys_open_nothing_any_more(tmp_path: Path) -> None:
    keys = load(data=tmp_path).keys
    assert keys.counties is not None
    keys.counties.add(ZHANGDIAN)
    old = keys.vault().seal(PHONE, Kind.PHONE, ZHANGDIAN, HERE)
    newest = keys.counties.add(ZHANGDIAN)
    assert keys.counties.retire(ZHANGDIAN, newest) == 1
    fresh = load(data=tmp_path).keys.vault()
    with pytest.raises(SealedError, match="unknown algorithm or key"):
        fresh.open(old.ciphertext, ZHANGDIAN, HERE)


def test_the_file_stays_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    make_secrets(path, "production")
    FileCountyKeys(path).add(ZHANGDIAN)
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["made_for"] == "production"
    assert [one.name for one in tmp_path.iterdir()] == ["secrets.json"], "nothing is left beside it"


def test_with_a_kms_the_file_alone_opens_nothing(tmp_path: Path, transit: str) -> None:
    settings = load(data=tmp_path, kms=f"http://{TOKEN}@{transit}/anju")
    counties = settings.keys.counties
    assert counties is not None
    number = counties.add(ZHANGDIAN)
    sealed = settings.keys.vault().seal(PHONE, Kind.PHONE, ZHANGDIAN, HERE)

    stored = json.loads((tmp_path / "secrets.json").read_text())["counties"][ZHANGDIAN]["keys"][str(number)]
    assert set(stored) == {"wrapped"}
    plain = counties.key(ZHANGDIAN, number)
    assert plain is not None
    assert base64.b64encode(plain).decode() not in (tmp_path / "secrets.json").read_text()

    again = load(data=tmp_path, kms=f"http://{TOKEN}@{transit}/anju").keys.vault()
    assert again.open(sealed.ciphertext, ZHANGDIAN, HERE) == PHONE
    with pytest.raises(SettingsError, match="no KMS is set"):
        load(data=tmp_path).keys.vault().open(sealed.ciphertext, ZHANGDIAN, HERE)
    with pytest.raises(SettingsError, match="gives no key"):
        load(data=tmp_path, kms=f"http://wrong@{transit}/anju").keys.vault().open(sealed.ciphertext, ZHANGDIAN, HERE)


def test_the_kms_binds_a_key_to_its_county(transit: str) -> None:
    kms = TransitKms(f"http://{transit}", TOKEN)
    made = kms.make(ZHANGDIAN)
    assert kms.unwrap(ZHANGDIAN, made.wrapped) == made.plain
    with pytest.raises(SettingsError):
        kms.unwrap(ZHONGSHAN, made.wrapped)


@pytest.mark.parametrize("url", ["ftp://t@kms/anju", "https://kms/anju", "https://t@kms:8200", "kms"])
def test_a_kms_that_is_no_address_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="ANJU_KMS"):
        load(data=tmp_path, kms=url)


def test_sm4_seals_and_what_aes_sealed_still_opens() -> None:
    masters = {1: b"a" * 32}
    aes, sm4 = DerivedVault(masters), DerivedVault(masters, algorithm=SM4_GCM)
    old, new = (vault.seal(PHONE, Kind.PHONE, ZHANGDIAN, HERE) for vault in (aes, sm4))
    assert (old.ciphertext[0], new.ciphertext[0]) == (1, 2)
    for vault in (aes, sm4):
        assert vault.open(old.ciphertext, ZHANGDIAN, HERE) == vault.open(new.ciphertext, ZHANGDIAN, HERE) == PHONE
    assert old.blind_index == new.blind_index
    for position in range(len(new.ciphertext)):
        damaged = bytearray(new.ciphertext)
        damaged[position] ^= 1
        with pytest.raises(SealedError):
            sm4.open(bytes(damaged), ZHANGDIAN, HERE)
    with pytest.raises(SealedError):
        sm4.open(new.ciphertext, ZHANGDIAN, HERE._replace(row="0191"))


def test_sm4_is_the_standards_own() -> None:
    # GB/T 32907 through RFC 8998, appendix A.1.
    key, nonce = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), bytes.fromhex("00001234567800000000ABCD")
    associated = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    plain = b"".join(bytes([byte]) * 8 for byte in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    sealed = ALGORITHMS[SM4_GCM].cipher(key).encrypt(nonce, plain, associated)
    assert sealed[-16:] == bytes.fromhex("83DE3541E4C2B58177E065A9BF7B62EC")
    assert sealed[:4] == bytes.fromhex("17F399F0")
    with pytest.raises(ValueError, match="no algorithm"):
        DerivedVault({1: b"a" * 32}, algorithm=9)
