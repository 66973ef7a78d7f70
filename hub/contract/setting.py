"""Fields of an app's settings: marshmallow fields with label, section, help and choices."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import fields, validate

Condition = Mapping[str, Any]  # the values of other settings, each one value or a tuple of them
NOT_AN_AMOUNT = "Enter an amount such as 1000.50."
TOO_SMALL = "This amount is too small."
TOO_LARGE = "This amount is too large."
# As people write amounts: a comma before one or two decimals, and spaces between thousands.
TYPED_AMOUNT = re.compile(r"(-?\d[\d \u00a0\u202f]*)(?:\.(\d{1,6})|,(\d{1,2}))?")
SPACES = re.compile(r"\s")


def metadata(
    label: str, section: str, help: str = "", only_if: Condition | None = None, **more: Any
) -> dict[str, Any]:
    """Return the metadata of a setting, for a marshmallow field that this module does not build.

    `section` is its heading on the settings page. With `only_if`, the page shows it only while
    other settings have these values, such as `{"environment": "custom"}` or `{"parts": ("all",
    "ordered")}`. A setting that is not shown keeps its value.
    """
    about = {"label": label, "section": section, "help": help, **more}
    if only_if:
        about["only_if"] = dict(only_if)
    return about


def text(
    label: str,
    section: str,
    help: str = "",
    *,
    default: str = "",
    required: bool = False,
    only_if: Condition | None = None,
) -> fields.String:
    """Return a setting that is a line of text."""
    about = metadata(label, section, help, only_if)
    return _string(about, default=default, required=required)


def secret(label: str, section: str, help: str = "", *, required: bool = True) -> fields.String:
    """Return a setting that is stored encrypted and available in `site.secrets` only."""
    about = metadata(label, section, help, secret=True)
    return _string(about, required=required)


def address(
    label: str,
    section: str,
    help: str = "",
    *,
    default: str = "",
    required: bool = False,
    only_if: Condition | None = None,
) -> fields.Url:
    """Return a setting that is an HTTP address; its host may be a name of the local network."""
    options: dict[str, Any] = {
        "require_tld": False,
        "schemes": {"http", "https"},
        "metadata": metadata(label, section, help, only_if),
    }
    if required:
        return fields.Url(required=True, **options)
    return fields.Url(load_default=default, **options)


class AmountField(fields.Decimal):
    """A field for an amount of money as a person types it: 1000.50, 1000,50 or 1 000,50."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Decimal:
        """Return the amount that a text names; a comma that may separate thousands is refused."""
        if isinstance(value, str):
            match = TYPED_AMOUNT.fullmatch(value.strip())
            if not match:
                raise self.make_error("invalid", input=value)
            whole, *decimals = match.groups(default="")
            value = f"{SPACES.sub('', whole)}.{''.join(decimals) or 0}"
        return super()._deserialize(value, attr, data, **kwargs)


def amount(
    label: str,
    section: str,
    help: str = "",
    *,
    default: Decimal | None = None,
    minimum: Decimal = Decimal(0),
    maximum: Decimal | None = None,
    required: bool = False,
    only_if: Condition | None = None,
) -> fields.Decimal:
    """Return a setting that is an amount of money, as a Decimal; None without an answer.

    It is in the currency of the company, which the page shows beside it, and from `minimum` to
    `maximum`, if they are given.
    """
    checks = [validate.Range(min=minimum, error=TOO_SMALL)]
    if maximum is not None:
        checks.append(validate.Range(max=maximum, error=TOO_LARGE))
    options: dict[str, Any] = {
        "as_string": True,
        "validate": checks,
        "error_messages": {"invalid": NOT_AN_AMOUNT, "special": NOT_AN_AMOUNT},
        "metadata": metadata(label, section, help, only_if, money=True),
    }
    if required:
        return AmountField(required=True, **options)
    return AmountField(load_default=default, allow_none=default is None, **options)


def switch(
    label: str, section: str, help: str = "", *, default: bool, only_if: Condition | None = None
) -> fields.Boolean:
    """Return a setting that is on or off."""
    about = metadata(label, section, help, only_if)
    return fields.Boolean(load_default=default, metadata=about)


def choice(
    label: str,
    section: str,
    choices: Mapping[str, str],
    help: str = "",
    *,
    default: str | None = None,
    only_if: Condition | None = None,
) -> fields.String:
    """Return a setting with a few values and the words for them; without `default`, the first."""
    return fields.String(
        load_default=default or next(iter(choices)),
        validate=validate.OneOf(list(choices)),
        metadata=metadata(label, section, help, only_if, choices=dict(choices)),
    )


def record(
    choices_from: str,
    label: str,
    section: str,
    help: str = "",
    *,
    required: bool = False,
    typed: bool = False,
    only_if: Condition | None = None,
) -> fields.String:
    """Return a setting that is an entry of a list: a QuickBooks role, or "code:" with a field.

    `code:division` offers what `hub_codes` returns for the field `division`. With `typed` a person
    may also type an id that the list does not contain.
    """
    about = metadata(label, section, help, only_if, choices_from=choices_from)
    if typed:
        about["typed"] = True
    return _string(about, required=required)


def records(choices_from: str, label: str, section: str, help: str = "") -> fields.List[str]:
    """Return a setting that is any number of entries of a list; `choices_from` as in `record`.

    Without an answer it is an empty list.
    """
    about = metadata(label, section, help, choices_from=choices_from)
    return fields.List(fields.String(), load_default=list, metadata=about)


def _string(about: Mapping[str, Any], *, required: bool, default: str = "") -> fields.String:
    """Return a field of text; a required one takes no empty text."""
    if required:
        not_empty = validate.Length(min=1)
        return fields.String(required=True, validate=not_empty, metadata=about)
    return fields.String(load_default=default, metadata=about)
