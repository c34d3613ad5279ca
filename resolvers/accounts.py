"""Accounts of people whom a county's register names with their phone: found, or opened for their first sign-in."""

from sqlalchemy import select

from auth.codes import open_account
from domain.identifiers import check_phone
from models.accounts import Account
from models.sealed import SHARED, Kind
from resolvers.unit_of_work import UnitOfWork


async def account_for_phone(uow: UnitOfWork, phone: str, display_name: str, *, field: str = "phone") -> Account:
    """The account of a phone; one is opened when there is none, and its holder signs in with a code sent to the phone.

    ``INVALID_PHONE`` for what is no mainland mobile number. An account that exists keeps its own name.
    """
    number = check_phone(phone, field)
    phone_index = uow.vault.index(number, Kind.PHONE, SHARED)
    known = await uow.session.scalar(select(Account).where(Account.phone_index == phone_index))
    return known or await open_account(uow.session, uow.vault, number, display_name)
