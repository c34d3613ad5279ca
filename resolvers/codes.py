"""One-time codes that commands send: a job writes a fresh code's hash and hands the code to the gateway.

The job's arguments are ids; code and phone are in no table, log or argument in plain. The process that works on jobs
says how codes are sent (``provide``).
"""

import hmac
import logging
import secrets

from auth.codes import CodeSender
from models.sealed import Vault, reveal
from resolvers.unit_of_work import UnitOfWork

_KIND = "command-code"
_sender: CodeSender | None = None

log = logging.getLogger(__name__)


def provide(sender: CodeSender) -> None:
    """What brings codes to phones in this process."""
    global _sender
    _sender = sender


async def send_code(uow: UnitOfWork, row: object, *, digits: int) -> None:
    """Give a row with ``phone`` and ``code_hash`` a fresh code, sent once that is committed. A gateway's failure is
    logged, not raised: the person asks again."""
    sender = _sender
    if sender is None:
        raise RuntimeError("this process sends no codes: call resolvers.codes.provide() where a worker starts")
    phone = reveal(row, "phone", uow.vault)
    if phone is None:
        return
    code = f"{secrets.randbelow(10**digits):0{digits}}"
    row.code_hash = _hash(uow.vault, row, code)  # type: ignore[attr-defined]

    async def deliver() -> None:
        try:
            await sender.send(phone, code)
        except Exception as error:  # noqa: BLE001 (a gateway may fail in any way)
            log.warning("a code was not delivered: %s", type(error).__name__)

    uow.afterwards.append(deliver)


def is_code_of(vault: Vault, row: object, code: str) -> bool:
    """Whether it is the code that was sent for the row; takes as long for a row that never got one."""
    stored: bytes | None = row.code_hash  # type: ignore[attr-defined]
    given = _hash(vault, row, code)
    return hmac.compare_digest(stored or bytes(len(given)), given) and stored is not None


def _hash(vault: Vault, row: object, code: str) -> bytes:
    # Few digits have no entropy to speak of: only a key that is not in the database keeps them.
    return vault.index(f"{row.id}:{code}", _KIND, row.county)  # type: ignore[attr-defined]
