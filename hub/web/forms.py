"""Draw a form from a marshmallow schema and read it back, as on an app's settings page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from marshmallow import Schema, fields, missing, validate
from werkzeug.datastructures import MultiDict

from hub.contract.settings_schema import is_secret

Choices = Sequence[tuple[str, str]]
LONG_LIST = 500  # more choices than this, or those of a `typed` setting, are offered while typing
UNREADABLE_CHOICES = "The choices cannot be read now; type the id, or try again later."

# the first that fits: a field type and how it is drawn
INPUT_KINDS: tuple[tuple[type[fields.Field[Any]], str], ...] = (
    (fields.Boolean, "checkbox"),
    (fields.List, "lines"),
    (fields.Dict, "pairs"),
    (fields.DateTime, "datetime-local"),
    (fields.Date, "date"),
    (fields.Integer, "number"),
    (fields.Decimal, "decimal"),
    (fields.Url, "url"),
    (fields.Email, "email"),
)


@dataclass(frozen=True)
class Input:
    """One question as a page draws it."""

    name: str
    label: str
    help: str
    section: str
    kind: str
    required: bool
    value: Any = None
    choices: Choices = ()
    blank: bool = True  # whether no answer is one
    stored: bool = False  # a secret that is stored: empty keeps it
    entered: bool = False  # a secret of this form that was not saved: empty keeps it
    problem: str = ""  # why its choices are not known now
    errors: tuple[str, ...] = ()


Source = Callable[[str], Choices]


def inputs(
    schema: Schema,
    values: Mapping[str, Any],
    *,
    stored: Sequence[str] = (),
    entered: Sequence[str] = (),
    source: Source,
) -> list[Input]:
    """Return the questions of a schema with the present answers.

    `source` returns the choices that are not in the schema.
    """
    questions = [
        _input(name, field, values, name in stored or name in entered, source)
        for name, field in schema.fields.items()
    ]
    return [replace(one, entered=one.name in entered) for one in questions]


def sections(questions: Sequence[Input]) -> dict[str, list[Input]]:
    """Group the questions by section, in the order in which the schema names them."""
    by_section: dict[str, list[Input]] = {}
    for question in questions:
        by_section.setdefault(question.section, []).append(question)
    return by_section


def parse(schema: Schema, form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the entered values as the settings load them.

    A required value that was left empty is omitted.
    """
    answers = {name: _parse_field(name, field, form) for name, field in schema.fields.items()}
    return {name: value for name, value in answers.items() if value is not None}


def with_errors(questions: Sequence[Input], errors: Mapping[str, Sequence[str]]) -> list[Input]:
    """Return the questions with their errors."""
    return [
        replace(question, errors=tuple(errors.get(question.name, ()))) for question in questions
    ]


def _input(
    name: str, field: fields.Field[Any], values: Mapping[str, Any], stored: bool, source: Source
) -> Input:
    """Return the input that a field of a schema is drawn as."""
    metadata = field.metadata
    choices, problem = _choices(field, source)
    secret = is_secret(field)
    value = None if secret else values.get(name, _default(field))
    kind = (
        "password"
        if secret
        else _kind(field, choices, offered=bool(metadata.get("choices_from")) and not problem)
    )
    if kind in ("select", "suggest", "picks"):
        choices, value = _with_value(field, choices, value)
    return Input(
        name=name,
        label=str(metadata.get("label", name.replace("_", " ").capitalize())),
        help=str(metadata.get("help", "")),
        section=str(metadata.get("section", "Settings")),
        kind=kind,
        required=field.required and not stored,
        value=_display_value(kind, value),
        choices=choices,
        blank=not field.required and not _default(field),
        stored=stored,
        problem=problem,
    )


def _default(field: fields.Field[Any]) -> Any:
    """Return the value that a field has without input."""
    default = field.load_default
    if default is missing:
        return None
    return default() if callable(default) else default


def _kind(field: fields.Field[Any], choices: Choices, offered: bool) -> str:
    """Return the kind of control: with choices a list, otherwise by the type of the field."""
    kind = _kind_of_type(field)
    has_choices = bool(choices) or offered
    if kind == "lines":
        return "picks" if has_choices else "lines"
    if has_choices and kind != "checkbox":
        is_typed = len(choices) > LONG_LIST or field.metadata.get("typed")
        return "suggest" if is_typed else "select"
    return "area" if field.metadata.get("long") else kind


def _kind_of_type(field: fields.Field[Any]) -> str:
    """Return the kind of control for the type of a field."""
    for field_type, kind in INPUT_KINDS:
        if isinstance(field, field_type):
            return kind
    return "text"


def _choices(field: fields.Field[Any], source: Source) -> tuple[Choices, str]:
    """Return the choices of a field and the reason if its source cannot be asked."""
    metadata = field.metadata
    if source_name := metadata.get("choices_from"):
        try:
            return source(str(source_name)), ""
        except Exception as error:  # a source that cannot answer must not take the page with it
            return (), getattr(error, "text", "") or UNREADABLE_CHOICES
    return _schema_choices(field), ""


def _schema_choices(field: fields.Field[Any]) -> Choices:
    """Return the choices that the schema itself defines."""
    metadata_choices = field.metadata.get("choices")
    if metadata_choices:
        return [(str(value), str(label)) for value, label in _pairs(metadata_choices)]
    if isinstance(field, fields.Enum):
        return [(member.name, str(member.value)) for member in field.enum]
    inner = field.inner if isinstance(field, fields.List) else field
    if isinstance(inner, fields.Boolean):
        return ()
    return _validated_choices(inner)


def _validated_choices(field: fields.Field[Any]) -> Choices:
    """Return the values that the validators of a field allow."""
    for check in field.validators:
        if isinstance(check, validate.OneOf):
            return [(str(value), str(label or value)) for value, label in check.options()]
    return ()


def _pairs(choices: Any) -> list[tuple[Any, Any]]:
    """Return choices as pairs of value and label."""
    if isinstance(choices, Mapping):
        return list(choices.items())
    return [entry if isinstance(entry, tuple) else (entry, entry) for entry in choices]


def _with_value(field: fields.Field[Any], choices: Choices, value: Any) -> tuple[Choices, Any]:
    """Add the stored values that are no longer in the list; preselect the only choice."""
    values = [str(value)] if value else []
    if isinstance(field, fields.List):
        values = list(map(str, value or ()))

    listed = {entry for entry, _ in choices}
    extended = list(choices)
    for entry in values:
        if entry not in listed:
            extended.append((entry, f"{entry} (no longer in the list)"))

    if not values and field.required and len(choices) == 1:
        value = choices[0][0]
    return extended, value


def _display_value(kind: str, value: Any) -> Any:
    """Return a value in the form that its control shows."""
    if kind == "checkbox":
        return bool(value)
    if kind == "picks":
        return list(map(str, value or ()))
    if kind == "lines":
        return "\n".join(map(str, value or ()))
    if kind == "pairs":
        pairs = value or {}
        return "\n".join(f"{name} = {part}" for name, part in pairs.items())
    return "" if value is None else str(value)


def _parse_field(name: str, field: fields.Field[Any], form: MultiDict[str, str]) -> Any:
    """Return the submitted value of a field."""
    if isinstance(field, fields.Boolean):
        return name in form
    if isinstance(field, fields.List):
        return _lines("\n".join(form.getlist(name)))
    if name not in form:
        return None
    text = form[name].strip()
    if isinstance(field, fields.Dict):
        return _parse_pairs(text)
    if not text and (field.required or is_secret(field)):
        return None
    return text


def _lines(text: str) -> list[str]:
    """Return the lines that are not empty."""
    stripped = [line.strip() for line in text.splitlines()]
    return [line for line in stripped if line]


def _parse_pairs(text: str) -> dict[str, str]:
    """Parse lines of "name = value"."""
    pairs = {}
    for line in _lines(text):
        key, _, value = line.partition("=")
        pairs[key.strip()] = value.strip()
    return pairs
