"""Partners' agreements with a county: the facts from which their systems' grants follow (PRI-4)."""

import uuid
from datetime import date

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from domain.agreements import AgreementState
from domain.roles import PARTNERS
from models.base import CountyRow, CreatedAt, UpdatedAt, index, one_of, unique


class PartnerAgreement(CountyRow):
    """That a partner's system may ask a county certain things for a purpose, until the day before ``valid_to``."""

    __tablename__ = "partner_agreement"
    __table_args__ = (
        one_of("role", sorted(PARTNERS)),
        one_of("state", AgreementState),
        CheckConstraint("valid_to > valid_from", name="dates_in_order"),
        unique("client_id", "valid_from"),
        index("updated_at", "id"),
        index("registered_by"),
    )

    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.client_id"))
    name: Mapped[str]
    role: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text(collation="C")))
    purpose: Mapped[str]
    legal_basis: Mapped[str]
    state: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    registered_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    ended_on: Mapped[date | None]
    ended_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
