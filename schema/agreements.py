"""Partners' agreements and the credentials of their systems."""

import datetime
from typing import TYPE_CHECKING

import strawberry

from domain.agreements import AgreementState, PartnerScope
from domain.roles import Role
from models import agreements as models
from resolvers import agreements
from schema.acts import act
from schema.cases import events_of
from schema.common import JSON, DateTime
from schema.conditions import equal, since
from schema.engine.declare import column, descending, entity, filters, listing, orders
from schema.engine.intents import given, inputs, ref
from schema.engine.types import Connection, described, plain_type

if TYPE_CHECKING:
    from schema.cases import AuditEvent

for _enumeration in (AgreementState, PartnerScope):
    described(_enumeration)

AGREEMENT_ORDERS = orders(
    "PartnerAgreementOrder",
    "How agreements are ordered.",
    NEWEST=(descending(models.PartnerAgreement.updated_at), "Last changed first."),
)


@filters("Which agreements. All given conditions must hold.")
class PartnerAgreementFilter:
    role: Role | None = equal("role", "With banks, or with courts.")
    state: AgreementState | None = equal("state", "In this state.")
    client_id: str | None = equal("client_id", "Of this system.")
    updated_since: DateTime | None = since()


@entity(
    models.PartnerAgreement,
    "That a partner's system may ask the county certain things, for a purpose and on a legal basis (PRI-4).",
    orders=AGREEMENT_ORDERS,
    filters=PartnerAgreementFilter,
    states=models.PartnerAgreement.state,
)
class PartnerAgreement:
    name: str = column(models.PartnerAgreement.name, "The partner.")
    client_id: str = column(models.PartnerAgreement.client_id, "With what its system signs in (`client_id`).")
    role: Role = column(models.PartnerAgreement.role, "BANK or COURT.")
    scopes: list[str] = column(models.PartnerAgreement.scopes, "What it may ask, such as `filings:public`.")
    purpose: str = column(models.PartnerAgreement.purpose, "What for.")
    legal_basis: str = column(models.PartnerAgreement.legal_basis, "On what paper or law.")
    state: AgreementState = column(models.PartnerAgreement.state, "Whether it was ended.")
    valid_from: datetime.date = column(models.PartnerAgreement.valid_from, "The first day.")
    valid_to: datetime.date = column(models.PartnerAgreement.valid_to, "The first day after it.")
    ended_on: datetime.date | None = column(models.PartnerAgreement.ended_on, "When it was ended before its time.")
    ended_reason: str | None = column(models.PartnerAgreement.ended_reason, "Why.")
    version: int = column(models.PartnerAgreement.version, "Counts up with every change.")
    updated_at: DateTime = column(models.PartnerAgreement.updated_at, "Last change.")
    events: Connection["AuditEvent"] = events_of(models.PartnerAgreement)


PartnerCredentials = plain_type(
    "PartnerCredentials",
    "What a partner's system signs in with at the token endpoint.",
    {
        "client_id": ("str", "The client id."),
        "secret": ("str | None", "The secret, shown this once; null for a system with keys of its own."),
    },
)

KEYS = (
    "The system's public keys as a JWKS (`{keys: [{kid, kty, …}]}`: P-256, or RSA from 2,048 bits), for `private_key_jwt`; "
    "left out, a secret is made."
)


@inputs("Register a partner's system with its agreement.", keyed=True)
class PartnerRegisterInput:
    county: str | None = given("The county, by its six-digit code; needed only by who acts in several.")
    name: str = given("The partner.")
    role: Role = given("BANK or COURT.")
    scopes: list[PartnerScope] = given("What it may ask.")
    purpose: str = given("What for.")
    legal_basis: str = given("On what paper or law.")
    valid_from: datetime.date = given("The first day.")
    valid_to: datetime.date = given("The first day after it; at most five years on.")
    keys: JSON | None = given(KEYS)
    client_id: str | None = given("A system that another county has registered; left out for a new one.")


@inputs("Give a partner's system new credentials.", keyed=True)
class PartnerCredentialsRotateInput:
    id: strawberry.ID = ref("PartnerAgreement", "The agreement.")
    keys: JSON | None = given(KEYS)


@inputs("Let an agreement hold longer, or shorter.", keyed=True)
class PartnerExtendInput:
    id: strawberry.ID = ref("PartnerAgreement", "The agreement.")
    valid_to: datetime.date = given("The first day after it.")
    legal_basis: str = given("On what paper or law.")


@inputs("End an agreement today.", keyed=True)
class PartnerEndInput:
    id: strawberry.ID = ref("PartnerAgreement", "The agreement.")
    reason: str = given("Why.")


QUERIES = {"partnerAgreements": listing("PartnerAgreement", "Partners' agreements that the caller may see.")}

_ONE = {"agreement": "PartnerAgreement"}
_SHOWN = {**_ONE, "credentials": "PartnerCredentials"}
_ONCE = "The credentials are shown once: a repeated request answers without them."

MUTATIONS = [
    act(
        "partnerRegister",
        agreements.register,
        PartnerRegisterInput,
        f"Register a partner's system. {_ONCE}",
        _SHOWN,
        sensitive=True,
    ),
    act(
        "partnerCredentialsRotate",
        agreements.rotate,
        PartnerCredentialsRotateInput,
        f"Give a partner's system new credentials; the former secret ends at once. {_ONCE}",
        _SHOWN,
        sensitive=True,
    ),
    act(
        "partnerExtend",
        agreements.extend,
        PartnerExtendInput,
        "Change how long an agreement holds.",
        _ONE,
        sensitive=True,
    ),
    act("partnerEnd", agreements.end, PartnerEndInput, "End an agreement; its system's tokens are refused.", _ONE),
]
