"""The client certificate of a connection, which only the reverse proxy saw: TLS ends there (docs/adr/0011).

It is believed when the peer is on the list of proxies *and* knows their secret: addresses can be shared with other
programs of the machine, and a secret alone could leak. Anybody else has no certificate, whatever the headers say.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

CERTIFICATE = b"client-cert"
"""The header with the certificate: RFC 9440's form, or the URL-encoded PEM that nginx has (``$ssl_client_escaped_cert``)."""

SECRET = b"x-anju-proxy-secret"
"""The header by which a proxy proves itself."""


@dataclass(frozen=True)
class TrustedProxy:
    """Which peers may speak for the TLS connection before them."""

    networks: tuple[IPv4Network | IPv6Network, ...]
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, addresses: Iterable[str], secret: str) -> "TrustedProxy":
        """From addresses or networks (``10.0.0.5``, ``10.0.0.0/24``); ``ValueError`` for anything else."""
        return cls(tuple(ip_network(one) for one in addresses), secret.encode())


def client_certificate(scope: Any, proxy: TrustedProxy | None) -> bytes | None:
    """The SHA-256 of the client certificate (RFC 8705 §3.1, ``x5t#S256``) of an ASGI request; ``None`` without a proven one.

    A header that comes twice is nobody's: one of the two was not written by the proxy.
    """
    if proxy is None:
        return None
    certificates = [value for name, value in scope["headers"] if name == CERTIFICATE]
    secrets = [value for name, value in scope["headers"] if name == SECRET]
    if len(certificates) != 1 or len(secrets) != 1 or not hmac.compare_digest(secrets[0], proxy.secret):
        return None
    return _thumbprint(certificates[0]) if _is_listed(scope.get("client"), proxy) else None


def thumbprint_text(thumbprint: bytes) -> str:
    """As it stands in ``cnf`` (base64url without padding)."""
    return base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode()


def certificate_thumbprint(certificate: x509.Certificate) -> bytes:
    """The SHA-256 of a certificate's DER."""
    return certificate.fingerprint(SHA256())


def _is_listed(client: tuple[str, int] | None, proxy: TrustedProxy) -> bool:
    try:
        address = ip_address(client[0] if client else "")
    except ValueError:
        return False
    return any(address in network for network in proxy.networks)


@lru_cache(maxsize=256)
def _thumbprint(header: bytes) -> bytes | None:
    try:
        if header.startswith(b":") and header.endswith(b":"):  # a byte sequence of structured fields (RFC 8941 §3.3.5)
            der = base64.b64decode(header[1:-1], validate=True)
            return certificate_thumbprint(x509.load_der_x509_certificate(der))
        return certificate_thumbprint(x509.load_pem_x509_certificate(unquote_to_bytes(header)))
    except (ValueError, binascii.Error):
        return None
