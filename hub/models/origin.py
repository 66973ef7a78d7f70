"""Which command made a database."""

import datetime as dt

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.engine import Model


class DatabaseOrigin(Model):
    """The command that made this database, `hub init` or `hub demo`; one row at most."""

    id: Mapped[int] = mapped_column(primary_key=True)
    made_by: Mapped[str] = mapped_column(String(20))
    made_at: Mapped[dt.datetime]
