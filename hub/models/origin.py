"""Which command made a database, and whether the hub still works with it."""

import datetime as dt

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.engine import Model

# The oldest revision whose code works with the tables of this version.
OLDEST_WORKING = "0024"


class DatabaseOrigin(Model):
    """The origin of a database, and the place that it moved to; one row at most.

    While `copied_from` is set, rows are still being copied into it. Once `moved_to` is set, the
    hub works with a copy of it at that address. Addresses have no password.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    made_by: Mapped[str] = mapped_column(String(20))  # `hub init` or `hub demo`
    made_at: Mapped[dt.datetime]
    copied_from: Mapped[str | None] = mapped_column(String(500))
    moved_to: Mapped[str | None] = mapped_column(String(500))
    moved_at: Mapped[dt.datetime | None]
    # The oldest revision whose code works with these tables; "" if only the newest does.
    oldest_revision: Mapped[str] = mapped_column(String(4), default="", server_default="")
