"""Verification of the books: every run of the checks and what it found (FUND-4, FUND-5)."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import CountyRow, CreatedAt, index, link
from models.cases import APPEND_ONLY


class LedgerCheck(CountyRow):
    """One run of the checks over a county's books. The last finished one says whether anything may be posted."""

    __tablename__ = "ledger_check"
    __table_args__ = (index("created_at", "id"),)

    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    """The official who asked for it; null for the county's own clock and the operator's command."""
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]
    finding_count: Mapped[int] = mapped_column(server_default="0", default=0)
    stops_postings: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    """A finding means that the books do not balance: nothing but reversals is posted until a later check finds nothing of it."""


class LedgerFinding(CountyRow):
    """One thing that does not hold: the check, the row at fault, and the two figures that should be equal. Append-only."""

    __tablename__ = "ledger_finding"
    __table_args__ = (
        link("ledger_check_id", "ledger_check"),
        index("ledger_check_id", "position", "id", name="ix_ledger_finding_check"),
        APPEND_ONLY,
    )

    ledger_check_id: Mapped[uuid.UUID]
    position: Mapped[int]
    """From 1; the checks in their order."""
    check_name: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    """The row at fault: a transaction, an account, a bill, a payment or a property area, as the check says."""
    expected: Mapped[int] = mapped_column(BigInteger)
    found: Mapped[int] = mapped_column(BigInteger)
    stops_postings: Mapped[bool]
