"""How full callers' buckets are (``domain.quotas``), as the server processes have settled it with each other."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class QuotaBucket(Base):
    """A caller's bucket: ``level`` points at ``settled_at``, of which ``per_second`` leak away each second since.

    ``holder`` is a partner's client, an account within an app, or the blind index of an address. Unlogged: it costs no
    write-ahead log, and a crash of the database empties every bucket.
    """

    __tablename__ = "quota_bucket"
    __table_args__ = ({"prefixes": ["UNLOGGED"], "info": {"shared": True, "deletable": True}},)

    holder: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[float]
    per_second: Mapped[float]
    settled_at: Mapped[datetime]
