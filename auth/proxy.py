"""The client certificate and address of a connection, which only the reverse proxy saw: TLS ends there (docs/adr/0011).

It is believed when the peer is on the list of proxies *and* knows their secret: addresses can be shared with other
programs of the machine, and a secret alone could leak. For anybody else the headers say nothing.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

CERTIFICATE = b"client-cert"
"""The header with the certificate: RFC 9440's form, or the URL-encoded PEM that nginx has (``$ssl_client_escaped_cert``)."""

FORWARDED = b"x-forwarded-for"
"""The header with the caller's address: the proxy sets or appends it."""

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
    """The SHA-256 of the client certificate (RFC 8705 §3.1, ``x5t#S256``) of an ASGI request; ``None`` without a proven
    one."""
    certificate = _the_one(scope, CERTIFICATE)
    if certificate is None or not speaks(proxy, scope):
        return None
    return _thumbprint(certificate)


def client_address(scope: Any, proxy: TrustedProxy | None) -> str:
    """Where an ASGI request comes from: what a proven proxy says, the peer otherwise."""
    peer = scope["client"][0] if scope.get("client") else ""
    forwarded = _the_one(scope, FORWARDED)
    if forwarded is None or not speaks(proxy, scope):
        return peer
    nearest = (
        forwarded.decode("latin-1").rpartition(",")[2].strip()
    )  # what stands before it, the caller may have written
    return nearest if _parsed(nearest) else peer


def subscriber(host: str) -> str:
    """An address as the subject of limits; an IPv6 one counts with its /64, which is one subscriber."""
    address = _parsed(host)
    return host if address is None or address.version == 4 else str(ip_network((address, 64), strict=False))


def speaks(proxy: TrustedProxy | None, scope: Any) -> bool:
    """Whether a request comes through one of the proxies, proven by its secret."""
    secret = None if proxy is None else _the_one(scope, SECRET)
    if proxy is None or secret is None or not hmac.compare_digest(secret, proxy.secret):
        return False
    address = _parsed(scope["client"][0] if scope.get("client") else "")
    return address is not None and any(address in network for network in proxy.networks)


def _the_one(scope: Any, header: bytes) -> bytes | None:
    """The value of a header. One that comes twice is nobody's: one of the two was not written by the proxy."""
    values = [value for name, value in scope["headers"] if name == header]
    return values[0] if len(values) == 1 else None


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None


def thumbprint_text(thumbprint: bytes) -> str:
    """As it stands in ``cnf`` (base64url without padding)."""
    return base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode()


def certificate_thumbprint(certificate: x509.Certificate) -> bytes:
    """The SHA-256 of a certificate's DER."""
    return certificate.fingerprint(SHA256())


@lru_cache(maxsize=256)
def _thumbprint(header: bytes) -> bytes | None:
    try:
        if header.startswith(b":") and header.endswith(b":"):  # a byte sequence of structured fields (RFC 8941 §3.3.5)
            der = base64.b64decode(header[1:-1], validate=True)
            return certificate_thumbprint(x509.load_der_x509_certificate(der))
        return certificate_thumbprint(x509.load_pem_x509_certificate(unquote_to_bytes(header)))
    except (ValueError, binascii.Error):
        return None
