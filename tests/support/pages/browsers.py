"""Further browsers of a person, and ids of people."""

from sqlalchemy import select

from hub.db import engine
from hub.models import User
from tests.support.pages.page_visitor import Visitor


def copy_browser(visitor: Visitor) -> Visitor:
    """Return another browser that holds a copy of the visitor's cookie."""
    other = Visitor(visitor.app, visitor.story)
    cookie = visitor.client.get_cookie("hub")
    assert cookie is not None
    other.client.set_cookie("hub", cookie.value)
    other._token = visitor._token
    return other


def person_id(visitor: Visitor, name: str) -> int:
    """Return the id of a person."""
    with visitor.app.app_context(), engine.read_only_session() as session:
        return session.scalars(select(User.id).where(User.username == name)).one()
