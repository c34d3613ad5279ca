"""Expiring tokens for one file: whoever holds one may send, or fetch, exactly that document's bytes (DESIGN §7, Files).

They are HMAC-signed JWTs in the path of ``/files/{token}``. What the edge needs stands in the token, so a download asks
no database. They name no person and give no other access.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

UPLOAD_SECONDS = 30 * 60
DOWNLOAD_SECONDS = 10 * 60
_ALGORITHM = "HS256"

Use = Literal["upload", "download"]


class BadToken(Exception):  # noqa: N818 -- named as it is answered
    """The token is not ours, was changed, is for another use, or has expired."""


@dataclass(frozen=True)
class Upload:
    """Leave to send a document's bytes once: at most ``size`` of them, of this media type."""

    county: str
    document_id: uuid.UUID
    media_type: str
    size: int


@dataclass(frozen=True)
class Download:
    """Leave to fetch one object of the store under a file name."""

    key: str
    name: str
    media_type: str


class FileTokens:
    """Makes and reads the tokens under one secret (at least 32 bytes), shared by all servers of a deployment."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("the secret for file tokens needs 32 bytes")
        self._key = OctKey.import_key(secret)

    def for_upload(self, upload: Upload, now: datetime) -> str:
        """A token for ``PUT`` or ``POST``; it lasts half an hour."""
        claims = {
            "county": upload.county,
            "document": upload.document_id.hex,
            "type": upload.media_type,
            "size": upload.size,
        }
        return self._signed("upload", claims, now + timedelta(seconds=UPLOAD_SECONDS))

    def for_download(self, download: Download, now: datetime) -> str:
        """A token for ``GET``; it lasts ten minutes."""
        claims = {"key": download.key, "name": download.name, "type": download.media_type}
        return self._signed("download", claims, now + timedelta(seconds=DOWNLOAD_SECONDS))

    def read_upload(self, token: str, now: datetime) -> Upload:
        """What an upload token allows; ``BadToken`` otherwise."""
        claims = self._claims("upload", token, now)
        return Upload(claims["county"], uuid.UUID(claims["document"]), claims["type"], claims["size"])

    def read_download(self, token: str, now: datetime) -> Download:
        """What a download token allows; ``BadToken`` otherwise."""
        claims = self._claims("download", token, now)
        return Download(claims["key"], claims["name"], claims["type"])

    def _signed(self, use: Use, claims: dict[str, Any], until: datetime) -> str:
        return jwt.encode({"alg": _ALGORITHM}, {**claims, "use": use, "exp": int(until.timestamp())}, self._key)

    def _claims(self, use: Use, token: str, now: datetime) -> dict[str, Any]:
        # The use is a claim: an upload token does not open a download, although one key signs both.
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()), exp={"essential": True}, use={"essential": True, "value": use}
        )
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            raise BadToken(str(error)) from None
        return claims
