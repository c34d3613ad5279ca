"""Importing this package registers every table with ``models.base.Base.metadata`` (migrations and tests rely on it)."""

from models import accounts as accounts
from models import agreements as agreements
from models import cases as cases
from models import claims as claims
from models import committees as committees
from models import companies as companies
from models import contracts as contracts
from models import data_requests as data_requests
from models import disclosures as disclosures
from models import divisions as divisions
from models import documents as documents
from models import estates as estates
from models import exports as exports
from models import fees as fees
from models import filings as filings
from models import funds as funds
from models import inspections as inspections
from models import ledger as ledger
from models import oauth as oauth
from models import officials as officials
from models import payments as payments
from models import people as people
from models import personal_data as personal_data
from models import register as register
from models import search as search
from models import sessions as sessions
