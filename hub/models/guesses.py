"""The counts of wrong guesses of passwords and codes, and the addresses of log-ins."""

import datetime as dt

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.engine import Model


class GuessCount(Model):
    """The wrong guesses of one name, address or browser; the key is a hash of what it counts.

    A row without wrong guesses can also say that a person logged in from an address.
    """

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    counted_at: Mapped[dt.datetime]
    wait_until: Mapped[dt.datetime | None]
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)
