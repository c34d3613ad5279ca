"""Accounts of people whom a county's register names with their phone: found, or opened for their first sign-in."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from domain.identifiers import check_phone
from models.accounts import Account
from models.base import new_id
from models.sealed import SHARED, Kind, seal_into
from resolvers.unit_of_work import UnitOfWork


async def account_for_phone(uow: UnitOfWork, phone: str, display_name: str, *, field: str = "phone") -> Account:
    """The account of a phone; one is opened when there is none, and its holder signs in with a code sent to the phone.

    ``INVALID_PHONE`` for what is no mainland mobile number. An account that exists keeps its own name.
    """
    number = check_phone(phone, field)
    phone_index = uow.vault.index(number, Kind.PHONE, SHARED)
    by_phone = select(Account).where(Account.phone_index == phone_index)
    known = await uow.session.scalar(by_phone)
    if known is not None:
        return known
    account = Account(id=new_id(), display_name=display_name)
    seal_into(account, "phone", number, Kind.PHONE, uow.vault)
    # Two registers may name the same new phone at once: the second finds the first's account.
    columns = ("id", "display_name", "phone_sealed", "phone_index", "phone_mask")
    opened = await uow.session.scalar(
        insert(Account)
        .values({column: getattr(account, column) for column in columns})
        .on_conflict_do_nothing(index_elements=["phone_index"])
        .returning(Account)
    )
    return opened or (await uow.session.execute(by_phone)).scalar_one()
