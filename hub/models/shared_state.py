"""The state that the processes of several machines share, in one row each."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.engine import Model


class SharedRateLimit(Model):
    """The budget of calls to a company; `state` is written by `hub.rate_limits.budget_row`."""

    realm: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(Text, default="")


class AuditHead(Model):
    """The signed head of the audit log: how far the log reached; one row at most."""

    id: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int]
    entry_id: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[str] = mapped_column(String(40))
    signature: Mapped[str] = mapped_column(String(64))
