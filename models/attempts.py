"""Failed proofs of who somebody is, and the lockouts that follow. Phones and addresses are blind indexes and masks (PRI-6)."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from domain.lockouts import Proof, Subject
from models.accounts import SHARED_AND_SWEPT
from models.base import Base, Id, one_of


class FailedAttempt(Base):
    """One try that proved nothing. Rows are never changed, and swept when they are old."""

    __tablename__ = "failed_attempt"
    __table_args__ = (
        one_of("proof", Proof),
        Index(None, "at"),
        {"info": {"shared": True, "append_only": True, "deletable": True}},
    )

    id: Mapped[Id]
    at: Mapped[datetime]
    proof: Mapped[str]
    reason: Mapped[str]
    """The code of the answer: ``WRONG_CODE``, or an error of RFC 6749 §5.2."""
    client_id: Mapped[str | None]
    """What the caller said it was; nobody may be registered under it."""
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_mask: Mapped[str | None]
    address_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    address_mask: Mapped[str | None]


class Lockout(Base):
    """The failures in a row of one phone, address or client, and until when it is locked out."""

    __tablename__ = "lockout"
    __table_args__ = (one_of("kind", Subject), Index(None, "last_failed_at"), SHARED_AND_SWEPT)

    subject: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """The blind index of what ``mask`` shows."""
    kind: Mapped[str]
    mask: Mapped[str | None]
    failures: Mapped[int]
    last_failed_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]
