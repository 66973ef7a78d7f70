"""The names of people: their normalized form, and the rules for new ones."""

import unicodedata

import idna
from email_validator import EmailNotValidError, validate_email

from hub.context import current_hub
from hub.errors import Refused

MAX_ADDRESS_LENGTH = 254
MAX_NAME_LENGTH = 200  # of the columns with the names of people, on every database
NO_ADDRESS = "@hub.invalid"  # the end of the address of a person who has none; no real one has it
RESERVED_NAMES = frozenset(
    {
        "admin",
        "administrator",
        "anonymous",
        "demo",
        "hub",
        "intuit",
        "nobody",
        "owner",
        "quickbooks",
        "root",
        "scheduler",
        "support",
        "system",
    }
)


class NameRefused(Refused):
    """A text cannot be the name of a new person; the sentence says why."""


def normalize(name: str) -> str:
    """Return the form that all spellings of a name share.

    Case, surrounding and repeated spaces and compatibility characters do not matter, and the
    domain of an address has its ASCII form. Revision 0022 does the same with existing names.
    """
    text = _normalize(name)
    local, at, domain = text.rpartition("@")
    if not at or len(text) > MAX_ADDRESS_LENGTH:
        return text
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return text
    return f"{local}@{ascii_domain}"


def require_address(text: str) -> str:
    """Return the address that is the name of a new person; raise NameRefused if it is none.

    Only ASCII characters are allowed, so that no name looks like another one.
    """
    text = unicodedata.normalize("NFKC", text[: MAX_ADDRESS_LENGTH + 1]).strip()
    if not text:
        raise NameRefused("Enter the e-mail address of the person.")
    if _normalize(text) in _list_reserved_names():
        raise NameRefused(
            "“%(name)s” is reserved for the hub itself. Enter the person's e-mail address.",
            name=text,
        )
    try:
        valid_address = validate_email(text, allow_smtputf8=False, check_deliverability=False)
        address = valid_address.ascii_email
    except (EmailNotValidError, UnicodeError):
        address = None
    if address is None or len(address) > MAX_ADDRESS_LENGTH:
        raise NameRefused(
            "The name of a new person is their e-mail address, such as kari@example.com."
            " What was entered is not one."
        )
    if len(address) > MAX_NAME_LENGTH:
        raise NameRefused(
            "The address has more than %(max_length)s characters. Enter a shorter one.",
            max_length=MAX_NAME_LENGTH,
        )
    return address


def is_mailable(address: str) -> bool:
    """Return whether mail can be sent to an address; a line break in it would add a header."""
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def _normalize(name: str) -> str:
    """Return a name without differences of case, spaces and compatibility characters."""
    folded_name = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded_name).split())


def _list_reserved_names() -> set[str]:
    """Return the names that the audit log uses for others than people, normalized."""
    names = set(RESERVED_NAMES)
    for slug, app in current_hub().plugins.apps.items():
        names |= {_normalize(slug), _normalize(app.name)}
    return names
