"""Importing this package declares every model's visibility."""

from auth.policies import agreements as agreements
from auth.policies import cases as cases
from auth.policies import checkouts as checkouts
from auth.policies import claims as claims
from auth.policies import committees as committees
from auth.policies import companies as companies
from auth.policies import contracts as contracts
from auth.policies import custody as custody
from auth.policies import disclosures as disclosures
from auth.policies import divisions as divisions
from auth.policies import documents as documents
from auth.policies import estates as estates
from auth.policies import exports as exports
from auth.policies import fees as fees
from auth.policies import filings as filings
from auth.policies import fund_demands as fund_demands
from auth.policies import fund_receipts as fund_receipts
from auth.policies import funds as funds
from auth.policies import inspections as inspections
from auth.policies import ledger as ledger
from auth.policies import officials as officials
from auth.policies import payment_instructions as payment_instructions
from auth.policies import payments as payments
from auth.policies import people as people
from auth.policies import personal_data as personal_data
from auth.policies import register as register
