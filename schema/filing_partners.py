"""What banks and courts may ask about filings, why they ask, how it is logged; and the check that is open to everybody."""

import datetime
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Annotated, Any

import strawberry
from sqlalchemy import func

from auth.actor import Actor, system_actor
from auth.policies.contracts import FILINGS_ASKED
from domain.filing_records import county_of_certificate
from domain.profiles import counties
from domain.roles import PARTNERS
from models import filings as models
from resolvers import filing_partners
from resolvers.filing_partners import Purpose
from resolvers.unit_of_work import UnitOfWork, transact
from schema.common import JSON, DateTime
from schema.conditions import equal
from schema.engine.declare import FILTERS, answer, ascending, column, descending, entity, filters, listing, orders
from schema.engine.intents import given, inputs
from schema.engine.run import Run
from schema.engine.types import argument, plain_type

REFERRAL_ORDERS = orders(
    "ReferralOrder",
    "How referrals are ordered.",
    SOONEST=(ascending(models.Referral.expires_on), "Soonest ending first."),
)


@filters("Which referrals. All given conditions must hold.")
class ReferralFilter:
    client_id: str | None = equal("client_id", "To this client.")


@entity(
    models.Referral,
    "What the bureau opened to a partner beyond the published fields: for one case, until a day.",
    orders=REFERRAL_ORDERS,
    filters=ReferralFilter,
)
class Referral:
    client_id: str | None = column(
        models.Referral.client_id, "The partner's client; null where it was opened to a department's official."
    )
    purpose: str = column(models.Referral.purpose, "What for.")
    legal_basis: str = column(models.Referral.legal_basis, "On what legal basis.")
    case_number: str = column(models.Referral.case_number, "The case or instruction.")
    scope: list[str] = column(models.Referral.scope, "What may be read.")
    approved_on: datetime.date = column(models.Referral.approved_on, "First day.")
    expires_on: datetime.date = column(models.Referral.expires_on, "Last day.")
    revoked_on: datetime.date | None = column(models.Referral.revoked_on, "From this day it opens nothing.")
    revoked_reason: str | None = column(models.Referral.revoked_reason, "Why it was revoked.")


LOG_ORDERS = orders(
    "FilingQueryOrder",
    "How logged queries are ordered.",
    NEWEST=(descending(models.FilingQueryLog.at), "Latest first."),
)


@filters("Which logged queries. All given conditions must hold.")
class FilingQueryFilter:
    client_id: str | None = equal("client_id", "Of this client.")


@entity(
    models.FilingQueryLog,
    "A partner's query of filings: who, why, on what basis, what was asked. Never changed.",
    orders=LOG_ORDERS,
    filters=FilingQueryFilter,
)
class FilingQuery:
    client_id: str = column(models.FilingQueryLog.client_id, "The partner's client.")
    purpose: str | None = column(models.FilingQueryLog.purpose, "What for.")
    case_number: str | None = column(models.FilingQueryLog.case_number, "The case or instruction.")
    legal_basis: str = column(models.FilingQueryLog.legal_basis, "On what legal basis.")
    operation: str = column(models.FilingQueryLog.operation, "The field that was asked.")
    filters: JSON = column(models.FilingQueryLog.filters, "The conditions given.")
    count: int = column(models.FilingQueryLog.count, "How many filings met them.")
    at: DateTime = column(models.FilingQueryLog.at, "When.")


# Partners' queries


@inputs("Why a partner asks. It is put on record with the query (PRI-4, PRI-7).", item=True)
class PurposeInput:
    legal_basis: str = given("The legal basis.")
    case_number: str | None = given("The number of the case or instruction; needed unless `purpose` is given.")
    purpose: str | None = given("What for; needed unless `caseNumber` is given.")


async def _put_on_record(run: Run, args: Mapping[str, Any]) -> None:
    """A partner says why before it reads; the query is logged, in every county that it reaches, before it is answered.

    From here on, and for this operation only, its grants open filings at all (``FILINGS_ASKED``).
    """
    reached = run.actor.counties if args.get("county") is None else run.actor.counties & {args["county"]}
    asking = {grant.county for grant in run.actor.grants if grant.role in PARTNERS} & reached
    if not asking:
        return
    said = args.get("purpose") or {}
    purpose = Purpose(
        legal_basis=said.get("legalBasis") or "", case_number=said.get("caseNumber"), purpose=said.get("purpose")
    )
    purpose.check()
    run.actor = having_asked(run.actor)
    where = {name: value for name, value in (args.get("where") or {}).items() if value is not None}

    async def log(uow: UnitOfWork) -> None:
        await filing_partners.log_query(
            uow,
            purpose=purpose,
            operation="filings",
            filters={name: str(value) for name, value in where.items()},
            count=await _met(uow, where),
        )

    for county in sorted(asking):
        await run.within(county, log)


def having_asked(actor: Actor) -> Actor:
    """The partner as it stands in an operation in which it has said why it asks."""
    grants = tuple(
        replace(grant, scopes=(*grant.scopes, FILINGS_ASKED)) if grant.role in PARTNERS else grant
        for grant in actor.grants
    )
    return replace(actor, grants=grants)


async def _met(uow: UnitOfWork, where: Mapping[str, Any]) -> int:
    """How many filings that the partner may see meet the conditions."""
    env = SimpleNamespace(county_of=lambda alias: alias.county == uow.county)
    statement = uow.select(models.Filing)
    for name, value in where.items():
        condition = FILTERS["FilingFilter"][name]
        bound = condition.read(value) if condition.read else value
        given_env = (env,) if condition.opens else ()
        statement = statement.where(condition.predicate(models.Filing, bound, *given_env))
    counted = statement.with_only_columns(func.count()).order_by(None)
    return int((await uow.session.execute(counted)).scalar_one())


FilingVerification = plain_type(
    "FilingVerification",
    "What a certificate's check answers. A wrong number and a wrong digest are not told apart.",
    {
        "matches": ("bool", "The number exists and the digest is that of its record."),
        "current": ("bool", "It is the record in force, not one that a later change replaced."),
        "effective": ("bool", "The filing has effect today."),
        "kind": ("FilingKind | None", "What is filed."),
        "title": ("str | None", "What it is about."),
        "effective_from": ("datetime.date | None", "First day of effect."),
        "effective_to": ("datetime.date | None", "Last day of effect; null while it lasts."),
    },
)


async def _verify(
    run: Run,
    number: Annotated[str, strawberry.argument(description="The certificate's number.")],
    digest: Annotated[str, strawberry.argument(description="The digest printed on it, in hexadecimal.")],
) -> Any:
    county = county_of_certificate(number)
    if county is None or county not in counties():
        return filing_partners.Verification(matches=False)

    async def check(uow: UnitOfWork) -> filing_partners.Verification:
        return await filing_partners.verify(uow, number=number, digest=digest)

    # Anybody may ask, so the question is asked as the county's own: it answers what the certificate says, no more.
    outcome = await transact(run.services.sessions, system_actor(county, run.today), county, check)
    return outcome.row


QUERIES = {
    "filings": listing(
        "Filing",
        "Filings that the caller may see. Banks and courts state why they ask; each such query is logged.",
        before=_put_on_record,
        arguments=[argument("purpose", "PurposeInput | None", "Why; required of banks and courts.")],
    ),
    "filingVerify": answer(_verify, "Check a filing certificate; needs no sign-in.", shows="FilingVerification | None"),
    "referrals": listing("Referral", "Referrals that the caller may see: the bureau's all, a partner's its own."),
    "filingQueries": listing("FilingQuery", "Logged queries of partners."),
}
