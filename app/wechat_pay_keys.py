"""WeChat Pay's signatures and seals (API v3): what we sign with, whose word we take, and what its notices hide.

    Authorization: WECHATPAY2-SHA256-RSA2048 mchid="…",nonce_str="…",timestamp="…",serial_no="…",signature="…"
    Wechatpay-Timestamp, Wechatpay-Nonce, Wechatpay-Signature, Wechatpay-Serial   on every answer and notice

Answers are signed by one of WeChat Pay's keys, which the serial names: a public key by its id, or a platform certificate,
which changes every few years and is fetched when a serial is new. The deployment's own material is in the file that
``ANJU_WECHAT_PAY`` names (docs/operators.md).
"""

import base64
import binascii
import json
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from app.settings import SettingsError, checked_endpoint
from resolvers.pay_services import ForgedError

SCHEME = "WECHATPAY2-SHA256-RSA2048"
SEAL = "AEAD_AES_256_GCM"
KEY_BYTES = 32
CLOCKS_DIFFER = 300
"""Seconds by which a signature's time may differ from ours; an older one is somebody's copy."""
API = "https://api.mch.weixin.qq.com"


class UnknownKeyError(ForgedError):
    """It names a key that is not known here (yet); the argument is the serial."""


@dataclass(frozen=True)
class Means:
    """A service provider's (服务商) account: number, mini-programs, keys."""

    mchid: str
    appids: frozenset[str]
    serial: str
    private_key: RSAPrivateKey = field(repr=False)
    api_v3_key: bytes = field(repr=False)
    platform_keys: Mapping[str, RSAPublicKey]
    """WeChat Pay's keys by id or serial, as they were handed over."""
    api: str = API

    def sign(self, *lines: str) -> str:
        """Base64 of the signature over lines, each with its end."""
        message = "".join(f"{line}\n" for line in lines).encode()
        return base64.b64encode(self.private_key.sign(message, PKCS1v15(), SHA256())).decode()

    def authorization(self, method: str, target: str, body: str, now: datetime) -> str:
        """The header of a request; ``target`` is path and query."""
        timestamp, nonce = str(int(now.timestamp())), secrets.token_hex(16)
        signature = self.sign(method, target, timestamp, nonce, body)
        named = {"mchid": self.mchid, "nonce_str": nonce, "timestamp": timestamp, "serial_no": self.serial}
        told = ",".join(f'{name}="{value}"' for name, value in {**named, "signature": signature}.items())
        return f"{SCHEME} {told}"

    def opened(self, sealed: Mapping[str, Any]) -> bytes:
        """What was sealed for us under the APIv3 key. Raises ``ForgedError``."""
        try:
            if sealed.get("algorithm") != SEAL:
                raise ForgedError("another algorithm")
            nonce, associated = str(sealed["nonce"]).encode(), str(sealed.get("associated_data") or "").encode()
            return AESGCM(self.api_v3_key).decrypt(nonce, base64.b64decode(str(sealed["ciphertext"])), associated)
        except (KeyError, ValueError, InvalidTag) as error:
            raise ForgedError("sealed by another key") from error


def check(headers: Mapping[str, str], body: bytes, keys: Mapping[str, RSAPublicKey], now: datetime) -> None:
    """That WeChat Pay signed this, just now. Raises ``ForgedError``."""
    try:
        timestamp, nonce = headers["wechatpay-timestamp"], headers["wechatpay-nonce"]
        signature = base64.b64decode(headers["wechatpay-signature"], validate=True)
        serial, signed_at = headers["wechatpay-serial"], int(timestamp)
    except (KeyError, ValueError, binascii.Error):
        raise ForgedError("not signed") from None
    if abs(now.timestamp() - signed_at) > CLOCKS_DIFFER:
        raise ForgedError("signed at another time")
    if serial not in keys:
        raise UnknownKeyError(serial)
    try:
        keys[serial].verify(signature, f"{timestamp}\n{nonce}\n".encode() + body + b"\n", PKCS1v15(), SHA256())
    except InvalidSignature:
        raise ForgedError("signed by another key") from None


def certificates(means: Means, answer: bytes, now: datetime) -> dict[str, RSAPublicKey]:
    """The platform certificates' keys by serial, from the answer to ``GET /v3/certificates``, as far as they hold now.

    Each is sealed under the APIv3 key, which nobody else has: that is what makes them WeChat Pay's. Raises ``ForgedError``.
    """
    found: dict[str, RSAPublicKey] = {}
    try:
        for one in json.loads(answer)["data"]:
            certificate = load_pem_x509_certificate(means.opened(one["encrypt_certificate"]))
            key = certificate.public_key()
            holds = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
            if holds and isinstance(key, RSAPublicKey):
                found[str(one["serial_no"])] = key
    except (ValueError, KeyError, TypeError) as error:
        raise ForgedError("no certificates") from error
    return found


def read_means(path: Path) -> Means:
    """The file's account (TOML). Raises ``SettingsError`` with what is wrong."""
    try:
        given = tomllib.loads(path.read_text("utf-8"))
        folder = path.parent
        missing = {"mchid", "appids", "serial", "private_key", "api_v3_key", "platform_keys"} - set(given)
        if missing:
            raise ValueError(f"{', '.join(sorted(missing))} is missing")
        if len(given["api_v3_key"].encode()) != KEY_BYTES:
            raise ValueError(f"api_v3_key has {KEY_BYTES} characters")
        private = load_pem_private_key((folder / given["private_key"]).read_bytes(), None)
        if not isinstance(private, RSAPrivateKey):
            raise ValueError("private_key is no RSA key")
        return Means(
            mchid=given["mchid"],
            appids=frozenset(given["appids"]),
            serial=given["serial"],
            private_key=private,
            api_v3_key=given["api_v3_key"].encode(),
            platform_keys={name: _public(folder / file) for name, file in given["platform_keys"].items()},
            api=checked_endpoint(given.get("api", API)).rstrip("/"),
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SettingsError(f"ANJU_WECHAT_PAY: {path} cannot be used: {error}") from error


def _public(path: Path) -> RSAPublicKey:
    """A public key's file, or a certificate's."""
    pem = path.read_bytes()
    key = load_pem_x509_certificate(pem).public_key() if b"CERTIFICATE" in pem else load_pem_public_key(pem)
    if not isinstance(key, RSAPublicKey):
        raise ValueError(f"{path} holds no RSA key")
    return key


def now() -> datetime:
    """The time that signatures are judged by."""
    return datetime.now(UTC)
