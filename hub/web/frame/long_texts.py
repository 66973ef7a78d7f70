"""Long texts of sources on pages: cut, and with places where their lines end."""

import re
from typing import Any

from flask import Flask, Response
from flask import session as cookie
from markupsafe import Markup, escape

MAX_LENGTH = 1000  # characters of a text
MAX_DETAIL_LENGTH = 100_000  # characters of a text among the details of a document
MAX_MESSAGE_LENGTH = 500  # characters of a message that the cookie carries to the next page
# A colon between the levels of a name in QuickBooks, such as Client:Project; not that of a time.
LEVEL_END = re.compile(r"(?<!\d):(?=[^\s/])|:(?=[^\s\d/])")
# What ends a part of a web or e-mail address, or a word of the name of a setting or file.
PART_END = re.compile(r"(?<=[^:/][/@_])(?=\w)")
# Where a long Norwegian word consists of two.
JOINT = re.compile(r"(?<=[^\W\d_]{6})(?=faktura|ordre|betaling)")
SOFT_HYPHEN = "\N{SOFT HYPHEN}"
MESSAGES_KEY = "_flashes"  # Flask's name


def init_app(app: Flask) -> None:
    """Cut every text that a template prints; add filters for those that are printed otherwise."""
    app.jinja_env.finalize = print_value
    app.jinja_env.filters.update(
        long_text=print_long,
        full_text=print_full,
        breakable=print_breakable,
        breakable_address=print_breakable_address,
        hyphenated=print_hyphenated,
    )
    app.after_request(_cut_messages)


def cut(text: str, length: int = MAX_LENGTH) -> str:
    """Return a text with at most this many characters, and an ellipsis if it was longer."""
    return text if len(text) <= length else f"{text[:length].rstrip()}…"


def print_long(value: Any) -> Markup:
    """Print a text among details, where more of it is shown."""
    return escape(cut(str(value), MAX_DETAIL_LENGTH))


def print_full(value: Any) -> Markup:
    """Print the value of a field, which comes back with the form and must not be cut."""
    return escape(value)


def print_breakable(value: Any) -> Markup:
    """Print a name or fact whose lines may end between the levels of a name: Client:Project.

    What people copy from the page is the text as it is.
    """
    text = escape(print_value(value))
    return Markup(LEVEL_END.sub(":<wbr>", text))  # noqa: S704 (escaped)


def print_breakable_address(value: Any) -> Markup:
    """Print an address, or the name of a setting or file, whose lines may end after a part of it.

    What people copy from the page is the text as it is.
    """
    text = escape(print_value(value))
    return Markup(PART_END.sub("<wbr>", text))  # noqa: S704 (escaped)


def print_hyphenated(value: Any) -> Markup:
    """Print the kind of a document; in a narrow column a long one is divided with a hyphen."""
    text = escape(print_value(value))
    return Markup(JOINT.sub(SOFT_HYPHEN, text))  # noqa: S704 (escaped)


def print_value(value: Any) -> Any:
    """Return a value as a template prints it: texts are cut, finished markup is left alone."""
    return cut(value) if type(value) is str else value


def _cut_messages(response: Response) -> Response:
    """Cut the messages of the next page: browsers drop a cookie above 4 KB, and the log-in with it.

    They can repeat names of the source.
    """
    messages = cookie.get(MESSAGES_KEY)
    if messages:
        texts = [(kind, cut(text, MAX_MESSAGE_LENGTH)) for kind, text in messages]
        if texts != [tuple(message) for message in messages]:
            cookie[MESSAGES_KEY] = texts
    return response
