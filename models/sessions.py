"""What is known of the device behind a sign-in, for the list that its owner reads."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.accounts import SHARED_AND_SWEPT
from models.base import Base, CreatedAt


class SessionDevice(Base):
    """The device of one session. Its id is that of the sign-in through an app (``oauth_session``) or, where somebody
    signed in without one, of the access token; it is written when the session is first used."""

    __tablename__ = "session_device"
    __table_args__ = (Index(None, "account_id"), Index(None, "last_used_at"), SHARED_AND_SWEPT)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    device: Mapped[str | None]
    """As the app or the browser names it."""
    address_mask: Mapped[str | None]
    """The network it came from last: 203.0.113.*; never the whole address."""
    proven_at: Mapped[datetime | None]
    """When a one-time code was last redeemed in it, for acts that need a fresh sign-in."""
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime]
