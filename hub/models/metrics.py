"""The counts of all processes, added up."""

from sqlalchemy import Double, String
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.engine import Model


class MetricTotal(Model):
    """One number of a counter or histogram; `labels` are the values of its labels, as JSON."""

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    labels: Mapped[str] = mapped_column(String(400), primary_key=True)
    part: Mapped[str] = mapped_column(String(20), primary_key=True)  # which number of a histogram
    value: Mapped[float] = mapped_column(Double)
