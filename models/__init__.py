"""Importing this package registers every table with ``models.base.Base.metadata`` (migrations and tests rely on it)."""

from models import accounts as accounts
