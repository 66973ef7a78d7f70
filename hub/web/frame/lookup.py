"""Look up the row or the app that an address names, or answer 404."""

from typing import Any

from flask import abort
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.contract.types import App
from hub.db.engine import read_only_session
from hub.models import Installation


def get_row_or_404(session: Session, model: type[Any], key: Any) -> Any:
    """Return the row with a key; answer 404 if there is none."""
    row = session.get(model, key)
    if row is None:
        abort(404)
    return row


def get_installation_or_404(installation_id: int) -> Installation:
    """Return an installation for reading; answer 404 if there is none."""
    with read_only_session() as session:
        installation: Installation = get_row_or_404(session, Installation, installation_id)
    return installation


def get_app_or_404(slug: str) -> App:
    """Return the app with a slug; answer 404 if its plugin is not installed."""
    app = current_hub().plugins.apps.get(slug)
    return app or abort(404)
