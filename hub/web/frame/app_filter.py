"""The filter of a list by app: its choices, and the page that chooses among many apps."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import Installation
from hub.web.authentication import access
from hub.web.request import row_ids

MAX_CHOICES = 20  # installations that the menu of a filter offers; of more a page chooses one
LISTS_BY_APP = {"documents": "documents.index", "inbox": "inbox.show", "runs": "runs.index"}


@dataclass(frozen=True)
class AppChoices:
    """The choices of a filter by app; if there are many apps, only the chosen one."""

    options: list[Installation]
    choose_url: str = ""  # the page that chooses among many apps

    def __iter__(self) -> Iterator[Installation]:
        """Iterate over the installations of the menu."""
        return iter(self.options)


def list_installation_choices(session: Session, filter_value: str) -> AppChoices:
    """Return the installations that the filter of this list offers.

    A hub may have thousands. The menu then has the chosen one, and a link to choose another.
    """
    visible = select(Installation).where(*access.load_scope().installations())
    first = visible.order_by(Installation.id).limit(MAX_CHOICES + 1)
    ids = list(session.scalars(first.with_only_columns(Installation.id)))
    if len(ids) <= MAX_CHOICES:
        return AppChoices(list(session.scalars(first)))
    chosen_id = row_ids.parse(filter_value)
    options = []
    if chosen_id is not None:
        options = list(session.scalars(visible.where(Installation.id == chosen_id)))
    return AppChoices(options, _choose_url())


def _choose_url() -> str:
    """Return the address of the page that chooses an app for this list, "" on any other page."""
    for list_name, endpoint in LISTS_BY_APP.items():
        if endpoint == request.endpoint:
            filters = request.query_string.decode("utf-8", "replace")
            return url_for("app_choice.show", list=list_name, filters=filters or None)
    return ""
