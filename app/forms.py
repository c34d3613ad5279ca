"""What makes a form of ours: a signed token that only this browser, on this page, a short while ago, was given (CSRF)."""

import hashlib
from hmac import compare_digest

from itsdangerous import BadData, URLSafeTimedSerializer

FORM_SECONDS = 15 * 60
"""How long a page may stand open before its button is pressed."""


class FormTokens:
    """Makes and checks the hidden field ``form``."""

    def __init__(self, key: bytes) -> None:
        self._serializer = URLSafeTimedSerializer(
            key, salt="form", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )

    def make(self, browser: str, page: str) -> str:
        """For the browser with this cookie, on this page: its address with the query, and who is signed in."""
        return str(self._serializer.dumps([_digest(browser), _digest(page)]))

    def are_ours(self, token: str, browser: str, page: str) -> bool:
        """Whether the token was made for this browser and page, and lately."""
        try:
            made_for = self._serializer.loads(token, max_age=FORM_SECONDS)
        except BadData:
            return False
        return compare_digest("".join(made_for), _digest(browser) + _digest(page))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
