"""Checks of the values in documents; each yields sentences about what is wrong."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

MAX_STREAM_LENGTH = 100  # of the column on every database


def find_text_problems(owner: str, **values: Any) -> Iterator[str]:
    """Yield each value that is no text, or a blank one."""
    for name, value in values.items():
        if not isinstance(value, str) or not value.strip():
            yield f"{owner} needs {name} as text, not {value!r}."


def find_optional_text_problems(owner: str, value: object, *names: str) -> Iterator[str]:
    """Yield each of these attributes that is neither None nor a text, such as a number as an id."""
    for name in names:
        text = getattr(value, name)
        if text is not None and not isinstance(text, str):
            yield f"{name} of {owner} must be a text, not {text!r}."


def find_choice_problems(value: Any, choices: Collection[str], what: str) -> Iterator[str]:
    """Yield a sentence if a value is none of the choices."""
    if value not in choices:
        yield f"{value!r} is not a {what}. There is {', '.join(choices)}."


def find_amount_problems(owner: str, **values: Any) -> Iterator[str]:
    """Yield each value that is neither None nor a finite Decimal."""
    for name, value in values.items():
        if value is None:
            continue
        if not isinstance(value, Decimal):
            yield f"{name} of {owner} must be a Decimal, not {value!r}. Read it with money()."
        elif not value.is_finite():
            yield f"{name} of {owner} is not a number: {value}."


def find_tolerance_problems(owner: str, tolerance: Any) -> Iterator[str]:
    """Yield a sentence if a tolerance is not a Decimal of 0 or more."""
    yield from find_amount_problems(owner, tolerance=tolerance)
    if tolerance is None or tolerance < 0:
        yield f"tolerance of {owner} must be 0 or more, not {tolerance}; leave it out for 0."


def find_rate_problems(owner: str, rate: Any, currency: str | None) -> Iterator[str]:
    """Yield a sentence if a rate is not a positive Decimal, or if it has no currency."""
    if rate is None:
        return
    yield from find_amount_problems(owner, exchange_rate=rate)
    if rate <= 0:
        yield f"exchange_rate of {owner} must be above 0, not {rate}."
    if not currency:
        yield f"exchange_rate of {owner} needs the currency that it is for."


def find_date_problems(owner: str, **values: Any) -> Iterator[str]:
    """Yield each value that is neither None nor a date; a datetime has a time."""
    for name, value in values.items():
        is_date = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
        if value is not None and not is_date:
            yield (
                f"{name} of {owner} must be a date without a time, not {value!r}."
                " Read it with parse_date()."
            )


def find_sequence_problems(owner: str, **values: Any) -> Iterator[str]:
    """Yield each value that is no tuple or list, such as a text or a generator."""
    for name, value in values.items():
        if isinstance(value, str) or not isinstance(value, Sequence):
            yield f"{name} of {owner} must be a tuple, not {value!r}."


def find_type_problems(owner: str, *types: type, **values: Any) -> Iterator[str]:
    """Yield each value that is neither None nor of one of the types."""
    for name, value in values.items():
        if value is not None and not isinstance(value, types):
            yield f"{name} of {owner} must be {_name_types(types)}, not {value!r}."


def find_member_problems(owner: str, member_type: type, **values: Sequence[Any]) -> Iterator[str]:
    """Yield each member of a sequence that is of another type."""
    for name, members in values.items():
        for member in members:
            if not isinstance(member, member_type):
                type_name = _name_types((member_type,))
                yield f"Each of the {name} of {owner} must be {type_name}, not {member!r}."


def find_flag_problems(owner: str, **values: Any) -> Iterator[str]:
    """Yield each value that is a text, such as "false", which counts as true."""
    for name, value in values.items():
        if isinstance(value, str):
            yield f"{name} of {owner} must be True or False, not {value!r}."


def _name_types(types: Sequence[type]) -> str:
    """Return the names of types with their articles, such as "a Party or an Item"."""
    names: list[str] = []
    for one in types:
        article = "an" if one.__name__[0] in "AEIOU" else "a"
        names.append(f"{article} {one.__name__}")
    return " or ".join(names)


def find_line_id_problems(owner: str, lines: Sequence[Any]) -> Iterator[str]:
    """Yield a sentence if two lines have the same id."""
    ids = [line.id for line in lines]
    if len(ids) != len(set(ids)):
        yield f"Two lines of {owner} have the same id."


def find_file_id_problems(owner: str, attachments: Sequence[Any]) -> Iterator[str]:
    """Yield a sentence if two different files have the same id: only one would be attached."""
    files: dict[Any, Any] = {}
    for attachment in attachments:
        if files.setdefault(attachment.id, attachment) != attachment:
            yield f"Two files of {owner} have the same id, {attachment.id!r}."


def find_mapping_problems(owner: str, **values: Any) -> Iterator[str]:
    """Yield each value that is no mapping."""
    for name, value in values.items():
        if not isinstance(value, Mapping):
            yield f"{name} of {owner} must be a mapping, not {value!r}."


def find_custom_problems(owner: str, custom: Any) -> Iterator[str]:
    """Yield a sentence if custom fields are no mapping of texts to texts."""
    yield from find_mapping_problems(owner, custom=custom)
    for name, value in custom.items():
        if not isinstance(name, str) or not isinstance(value, str):
            yield (
                f"The custom field {name!r} of {owner} must be a text, not {value!r}; leave out"
                " one without a value."
            )


def find_file_problems(file: Any) -> Iterator[str]:
    """Yield a blank id of an attachment, and a name that is no text.

    What else is wrong with a file must not stop its document, and is said when it is fetched.
    """
    yield from find_text_problems("An attachment", id=file.id)
    if not isinstance(file.name, str):
        yield f"attachment {file.id} needs name as text, not {file.name!r}."


def find_code_problems(owner: str, codes: Mapping[str, Any], code_type: type) -> Iterator[str]:
    """Yield each code of a document or line that is no Code, no text and not None."""
    if not isinstance(codes, Mapping):
        yield from find_mapping_problems(owner, codes=codes)
        return
    for name, code in codes.items():
        if code is not None and not isinstance(code, code_type | str):
            yield (
                f"The code {name!r} of {owner} must be a Code, a QuickBooks id as text or None,"
                f" not {code!r}."
            )


def find_address_problems(address: Any) -> Iterator[str]:
    """Yield each value of an address that is no text."""
    owner = "an address"
    yield from find_optional_text_problems(
        owner, address, "name", "city", "region", "postal_code", "country"
    )
    yield from find_sequence_problems(owner, lines=address.lines)
    for line in address.lines:
        if not isinstance(line, str):
            yield f"A line of an address must be a text, not {line!r}."


def find_party_problems(party: Any, address_type: type) -> Iterator[str]:
    """Yield a blank name, and each value of a party that is of another type than it must be."""
    owner = f"party {party.name}"
    yield from find_text_problems("A party", name=party.name)
    yield from find_optional_text_problems(
        owner, party, "email", "phone", "contact", "currency", "number"
    )
    if party.address is not None and not isinstance(party.address, address_type):
        yield f"address of {owner} must be an Address, not {party.address!r}."


def find_cursor_problems(cursor: Any, stream: Any) -> Iterator[str]:
    """Yield a sentence if the cursor or the stream of a Checkpoint is no text, or too long."""
    if cursor is None:
        yield (
            "cursor of a Checkpoint must be a text, not None. If the source sends none with its"
            " last page, pass the cursor of the page before, or yield no Checkpoint."
        )
    for name, value in (("cursor", cursor), ("stream", stream)):
        if not isinstance(value, str):
            yield f"{name} of a Checkpoint must be a text, not {value!r}."
    if isinstance(stream, str) and len(stream) > MAX_STREAM_LENGTH:
        yield (
            f"stream of a Checkpoint has at most {MAX_STREAM_LENGTH} characters, not {len(stream)}."
        )
