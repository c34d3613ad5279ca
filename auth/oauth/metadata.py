"""What clients can find out by themselves (RFC 8414, OpenID Connect Discovery)."""

from typing import Any

from auth.oauth.client_auth import ASSERTION_ALGORITHMS, AUTH_METHODS, PROVING_METHODS
from auth.oauth.issuing import PERSONAL_SCOPES
from auth.oauth.keys import ALGORITHM
from auth.oauth.server import Means
from models.oauth import ChallengeMethod


def metadata(issuer: str, means: Means) -> dict[str, Any]:
    """Both documents in one: ``/.well-known/oauth-authorization-server`` and ``/.well-known/openid-configuration``."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "scopes_supported": list(PERSONAL_SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": means.grant_types,
        "code_challenge_methods_supported": [str(method) for method in ChallengeMethod],
        "authorization_response_iss_parameter_supported": True,
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "token_endpoint_auth_signing_alg_values_supported": ASSERTION_ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": ASSERTION_ALGORITHMS,
        "introspection_endpoint_auth_methods_supported": PROVING_METHODS,
        "introspection_endpoint_auth_signing_alg_values_supported": ASSERTION_ALGORITHMS,
        "tls_client_certificate_bound_access_tokens": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM.value],
        "claims_supported": ["sub", "name", "locale", "auth_time", "nonce"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["zh-CN", "en"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
