"""The whole schema: every stem's queries, mutations and subscriptions, and the few that belong to none."""

from functools import cache
from typing import Any

import strawberry
from graphql import GraphQLSchema

from resolvers import registered as registered  # commands enqueue jobs of other stems by name
from schema import (
    agreements,
    areas,
    attachments,
    ballots,
    books,
    cases,
    checkouts,
    claims,
    committees,
    common,
    common_income,
    companies,
    consents,
    contracts,
    custodians,
    custody,
    custody_choices,
    data_requests,
    differences,
    disclosures,
    divisions,
    dunning,
    dunning_acts,
    estates,
    exports,
    fee_acts,
    fee_figures,
    fee_invoices,
    fee_receipts,
    fee_refunds,
    fees,
    filing_acts,
    filings,
    fund_acts,
    fund_balances,
    fund_demands,
    fund_incomes,
    fund_quotas,
    fund_receipts,
    fund_refunds,
    fund_renewals,
    fund_reports,
    fund_use,
    fund_use_acts,
    funds,
    heartbeat,
    inspection_acts,
    inspections,
    late_fees,
    ledger,
    meters,
    officials,
    pay_bills,
    pay_settlements,
    payment_instructions,
    payments,
    people,
    personal_data,
    prices,
    register,
    registration,
    sessions,
    statements,
    statistics,
    suit_acts,
    suits,
    vacancies,
    viewer,
    vote_acts,
    votes,
    warranty_deposits,
)
from schema.engine.declare import finish
from schema.engine.types import root_type

# One stem a line, in alphabetical order; each may have QUERIES, MUTATIONS and SUBSCRIPTIONS.
STEMS: tuple[Any, ...] = (
    agreements,
    areas,
    attachments,
    books,
    ballots,
    cases,
    checkouts,
    claims,
    committees,
    common_income,
    companies,
    consents,
    contracts,
    custodians,
    custody,
    custody_choices,
    data_requests,
    differences,
    disclosures,
    divisions,
    dunning,
    dunning_acts,
    estates,
    exports,
    fee_acts,
    fee_figures,
    fee_invoices,
    fee_receipts,
    fee_refunds,
    fees,
    filing_acts,
    filings,
    fund_acts,
    fund_balances,
    fund_demands,
    fund_incomes,
    fund_quotas,
    fund_receipts,
    fund_refunds,
    fund_renewals,
    fund_reports,
    fund_use,
    fund_use_acts,
    funds,
    heartbeat,
    inspection_acts,
    inspections,
    late_fees,
    ledger,
    meters,
    officials,
    pay_bills,
    pay_settlements,
    payment_instructions,
    payments,
    people,
    personal_data,
    prices,
    register,
    registration,
    sessions,
    statements,
    statistics,
    suit_acts,
    suits,
    vacancies,
    viewer,
    vote_acts,
    votes,
    warranty_deposits,
)


@cache
def schema() -> strawberry.Schema:
    """The Strawberry schema (built once)."""
    queries: dict[str, Any] = {}
    for stem in STEMS:
        queries |= getattr(stem, "QUERIES", {})
    mutations = {name: field for stem in STEMS for name, field in getattr(stem, "MUTATIONS", ())}
    subscriptions = {name: field for stem in STEMS for name, field in getattr(stem, "SUBSCRIPTIONS", ())}
    roots = {
        "query": root_type("Query", "Everything that can be read.", queries),
        "mutation": root_type("Mutation", "What people and partners do; one mutation per act.", mutations),
        "subscription": root_type("Subscription", "Rows as they change.", subscriptions),
    }
    finish()
    return strawberry.Schema(**roots, config=common.CONFIG)


def graphql_schema() -> GraphQLSchema:
    """graphql-core's schema, for validation and introspection."""
    return schema()._schema


def sdl() -> str:
    """The schema as text."""
    return schema().as_str() + "\n"
