"""Settings of the whole hub that owners enter on pages; those of the environment win."""

from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.db import engine
from hub.security import secrets

PREFIX = "hub:"
MAIL_URL, CONTACT = "mail_url", "contact"


def is_in_environment(name: str) -> bool:
    """Tell whether the environment or the file of HUB_CONFIG gives a setting."""
    return name in hub_context.current().config.names_set


def mail_url() -> str:
    """Return the address of the mail server, with its password; "" if there is none."""
    return hub_context.current().config.mail_url or read(MAIL_URL)


def contact() -> str:
    """Return whom people outside may ask about this hub; "" if nobody is named."""
    return hub_context.current().config.contact or read(CONTACT)


def read(name: str) -> str:
    """Return a stored setting; "" if it is not stored."""
    with engine.reading() as session:
        return secrets.get(session, PREFIX + name) or ""


def store(session: Session, name: str, text: str) -> None:
    """Store a setting in the vault; an empty text removes it."""
    if text:
        secrets.put(session, PREFIX + name, text)
    else:
        secrets.forget(session, PREFIX + name)
