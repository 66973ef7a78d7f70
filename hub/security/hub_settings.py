"""Settings of the whole hub that owners enter on pages; the environment takes precedence."""

import hashlib
from contextlib import suppress

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db import engine
from hub.errors import DatabaseUnavailable
from hub.security import secrets

PREFIX = "hub:"
MAIL_URL, CONTACT = "mail_url", "contact"
UNDELIVERED_MAIL = "undelivered_mail"  # which people have received cases that others have not
REFUSED_ADDRESSES = "refused_addresses"  # to which the mail server takes no message, and why
DEFERRED_ADDRESSES = "deferred_addresses"  # to which it takes none now, and since when
ACCEPTED_MAIL = "accepted_mail"  # a hash of the mail server's address that accepted a message


def is_in_environment(name: str) -> bool:
    """Return whether the environment or the file of HUB_CONFIG gives a setting."""
    return name in current_hub().config.given_settings


def mail_url() -> str:
    """Return the address of the mail server, with its password; "" if there is none."""
    return current_hub().config.mail_url or read(MAIL_URL)


def has_accepted_mail() -> bool:
    """Return whether the mail server, as it is set now, has accepted a message."""
    url = mail_url()
    return bool(url) and read(ACCEPTED_MAIL) == _hash_address(url)


def note_accepted_mail(url: str) -> None:
    """Record that the mail server at an address accepted a message, unless that is recorded.

    If it cannot be recorded now, the next message does it: an error would look as if the server
    had not accepted this one.
    """
    if read(ACCEPTED_MAIL) == _hash_address(url):
        return
    # Another process may record it at the same moment.
    with suppress(DatabaseUnavailable, IntegrityError), engine.transaction() as session:
        store(session, ACCEPTED_MAIL, _hash_address(url))


def contact_address() -> str:
    """Return the contact for questions about this hub; "" if nobody is named."""
    return current_hub().config.contact or read(CONTACT)


def read(name: str) -> str:
    """Return a stored setting; "" if it is not stored."""
    with engine.read_only_session() as session:
        return secrets.get(session, PREFIX + name) or ""


def store(session: Session, name: str, text: str) -> None:
    """Store a setting in the vault; an empty text removes it."""
    if text:
        secrets.put(session, PREFIX + name, text)
    else:
        secrets.forget(session, PREFIX + name)


def _hash_address(url: str) -> str:
    """Return the hash of a mail server's address, which is stored sealed."""
    return hashlib.sha256(url.encode()).hexdigest()
