"""Importing this module registers every kind of case and every job, for processes that import no schema (``anju worker``)."""

from resolvers import bill_runs as bill_runs
from resolvers import books as books
from resolvers import checkout_errands as checkout_errands
from resolvers import claims as claims
from resolvers import company_filings as company_filings
from resolvers import contract_filings as contract_filings
from resolvers import covenant_filings as covenant_filings
from resolvers import data_requests as data_requests
from resolvers import dunning_cases as dunning_cases
from resolvers import dunning_clock as dunning_clock
from resolvers import exports as exports
from resolvers import fee_receipts as fee_receipts
from resolvers import fund_incomes as fund_incomes
from resolvers import fund_receipts as fund_receipts
from resolvers import fund_refunds as fund_refunds
from resolvers import fund_requests as fund_requests
from resolvers import fund_votes as fund_votes
from resolvers import inspections as inspections
from resolvers import invitations as invitations
from resolvers import key_rotation as key_rotation
from resolvers import late_fees as late_fees
from resolvers import leader_filings as leader_filings
from resolvers import premises_filings as premises_filings
from resolvers import reconciliation as reconciliation
from resolvers import statements as statements
from resolvers.register import jobs as jobs
