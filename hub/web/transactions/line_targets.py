"""The record or transaction that a line posts to, in words."""

from flask import Flask

from hub.qbo.display import DISCOUNT_TITLE, TransactionLineView
from hub.translations.messages import gettext


def init_app(app: Flask) -> None:
    """Add the filter `line_target` to the templates."""
    app.jinja_env.filters["line_target"] = line_target


def line_target(line: TransactionLineView) -> str:
    """Return the target of a line: an account, an item, a linked transaction or a discount."""
    if line.linked_type and line.linked_name:
        return f"{gettext(line.linked_type)} {line.linked_name}"
    if line.linked_type:
        return gettext("%(kind)s, created in QuickBooks first", kind=gettext(line.linked_type))
    if line.posts_to == DISCOUNT_TITLE:
        return gettext(DISCOUNT_TITLE)
    return line.posts_to or gettext("text only")
