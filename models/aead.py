"""The algorithms that seal personal data, by the number that stands first in every ciphertext.

A new algorithm is one line of ``ALGORITHMS``: what an older one sealed still opens, and the rotation of a county's data
moves it over. AES-256-GCM is used now; SM4-GCM (GB/T 32907, RFC 8998) stands ready for where commercial cryptography
(商用密码) is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
_TAG_BYTES = 16

AES_256_GCM = 1
SM4_GCM = 2


class Aead(Protocol):
    """Authenticated encryption under one key. ``cryptography``'s own ciphers have this shape."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """The ciphertext with its tag; a nonce is never used twice under one key."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """The data; ``InvalidTag`` for anything but what was encrypted with this nonce and associated data."""


@dataclass(frozen=True)
class Algorithm:
    """One way to seal: its name, how long its keys are, and the cipher under a key."""

    name: str
    key_bytes: int
    cipher: Callable[[bytes], Aead]


class Sm4Gcm:
    """SM4 in Galois/Counter Mode under a key of 16 bytes, with a tag of 16 behind the ciphertext."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """As ``Aead.encrypt``."""
        encryptor = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data or b"")
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """As ``Aead.decrypt``."""
        if len(data) < _TAG_BYTES:
            raise InvalidTag
        body, tag = data[:-_TAG_BYTES], data[-_TAG_BYTES:]
        decryptor = Cipher(self._algorithm, modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(associated_data or b"")
        return decryptor.update(body) + decryptor.finalize()


ALGORITHMS: Mapping[int, Algorithm] = {
    AES_256_GCM: Algorithm("AES-256-GCM", 32, AESGCM),
    SM4_GCM: Algorithm("SM4-GCM", 16, Sm4Gcm),
}
