"""Agreements with partners (bank, court): what their systems may ask, for what purpose, on what legal basis (PRI-4)."""

from domain.errors import ErrorCode, Refusal
from domain.roles import Role
from domain.terms import Term


class AgreementState(Term):
    """Whether a partner's agreement holds."""

    ACTIVE = "ACTIVE", "It holds until its expiry."
    ENDED = "ENDED", "Ended before its expiry; the system's tokens are refused."


class PartnerScope(Term):
    """What a partner's system may be allowed to ask (``resource:action``)."""

    FEES_COLLECT = "fees:collect", "Read the bills of its accounts and enter payments."
    FUNDS_CUSTODY = (
        "funds:custody",
        "Keep accounts of the county: read them, execute payments, report what moved, hand in statements.",
    )
    SUITS_HANDLE = "suits:handle", "Read the suits referred to it and record what became of them."
    FILINGS_PUBLIC = "filings:public", "Read the published fields of filings, and referred cases whole."


ALLOWED: dict[Role, frozenset[PartnerScope]] = {
    Role.BANK: frozenset({PartnerScope.FEES_COLLECT, PartnerScope.FUNDS_CUSTODY, PartnerScope.FILINGS_PUBLIC}),
    Role.COURT: frozenset({PartnerScope.FILINGS_PUBLIC, PartnerScope.SUITS_HANDLE}),
}
"""What each kind of partner may be given."""

LONGEST_YEARS = 5
MOST_KEYS = 10
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def check_scopes(role: Role, scopes: list[str], field: str = "scopes") -> list[str]:
    """The scopes, sorted; refuses an empty list and what this kind of partner is not given."""
    if role not in ALLOWED:
        raise Refusal(ErrorCode.INVALID_INPUT, "role")
    if not scopes:
        raise Refusal(ErrorCode.REQUIRED, field)
    if not {str(scope) for scope in scopes} <= {scope.value for scope in ALLOWED[role]}:
        raise Refusal(ErrorCode.INVALID_INPUT, field)
    return sorted({str(scope) for scope in scopes})


def check_public_keys(keys: object, field: str = "keys") -> dict[str, object]:
    """A JWKS of public signature keys with key ids; refuses private members, other curves and short RSA keys.

    >>> check_public_keys([])
    Traceback (most recent call last):
    domain.errors.Refusal: REQUIRED (keys)
    """
    given = keys.get("keys") if isinstance(keys, dict) else keys
    if not given:
        raise Refusal(ErrorCode.REQUIRED, field)
    if not isinstance(given, list) or len(given) > MOST_KEYS:
        raise Refusal(ErrorCode.INVALID_INPUT, field)
    ids = set()
    for key in given:
        if not isinstance(key, dict) or _PRIVATE & key.keys() or not _signs(key) or not isinstance(key.get("kid"), str):
            raise Refusal(ErrorCode.INVALID_INPUT, field)
        ids.add(key["kid"])
    if len(ids) != len(given):
        raise Refusal(ErrorCode.INVALID_INPUT, field)
    return {"keys": given}


def _signs(key: dict[str, object]) -> bool:
    """An elliptic key on P-256, or an RSA key of 2,048 bits at least, that is not meant for encryption."""
    if key.get("use", "sig") != "sig":
        return False
    if key.get("kty") == "EC":
        return key.get("crv") == "P-256" and all(_is_text(key.get(part), 43) for part in "xy")
    return key.get("kty") == "RSA" and _is_text(key.get("n"), 342) and _is_text(key.get("e"), 3)


def _is_text(value: object, least: int) -> bool:
    return isinstance(value, str) and len(value) >= least
