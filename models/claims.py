"""Claims to units and the invitations that lead to them. What proves something is stored as a keyed hash alone."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from domain.claims import ClaimState, ClaimWay, InvitationState
from domain.roles import Role
from models.base import CountyRow, CreatedAt, UpdatedAt, index, link, one_of
from models.cases import CaseRow, case_table
from models.sealed import sealed_columns


class UnitClaim(CaseRow):
    """That an account claims to be a unit's owner. While it is ``BOUND`` the account acts for ``owner_id``."""

    __tablename__ = "unit_claim"
    __table_args__ = case_table(
        ClaimState,
        link("unit_id", "unit"),
        link("owner_id", "owner"),
        link("invitation_id", "invitation"),
        one_of("way", ClaimWay),
        index("unit_id", "id"),
        index("invitation_id"),
        index("applicant_id", "id"),
        index("owner_id", "state"),
        CheckConstraint("state <> 'BOUND' OR owner_id IS NOT NULL", name="bound_to_somebody"),
    )

    unit_id: Mapped[uuid.UUID]
    way: Mapped[str]
    owner_id: Mapped[uuid.UUID | None]
    """The owner's record. Of a verification that matched nothing: null, which no answer tells."""
    invitation_id: Mapped[uuid.UUID | None]
    name: Mapped[str]
    """As the applicant gave it."""
    name_mask: Mapped[str]
    phone_sealed, phone_index, phone_mask = sealed_columns()
    """The phone that gets the code (verification), or at which the applicant can be reached."""
    id_tail: Mapped[str | None]
    """The last characters of the document's number, for the community to compare; of a verification they are not kept."""
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    code_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0", default=0)
    bound_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    contested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))


class Invitation(CountyRow):
    """A code sent to the phone of a unit's owner, by the company, the committee or an office."""

    __tablename__ = "invitation"
    __table_args__ = (
        link("unit_id", "unit"),
        link("owner_id", "owner"),
        link("area_id", "property_area"),
        one_of("state", InvitationState),
        one_of("issued_role", Role),
        index("unit_id", "id"),
        index("owner_id"),
        index("area_id", "id"),
        index("township", "id"),
        index("community", "id"),
        index("phone_index"),
        index("updated_at", "id"),
    )

    unit_id: Mapped[uuid.UUID]
    owner_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID | None]
    township: Mapped[str]
    community: Mapped[str]
    phone_sealed, phone_index, phone_mask = sealed_columns()
    """Where the code went; null once the owner's data was deleted."""
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    attempts: Mapped[int] = mapped_column(server_default="0", default=0)
    state: Mapped[str]
    issued_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    issued_role: Mapped[str]
    expires_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
