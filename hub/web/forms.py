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

# How a field is drawn, by its type; the first type that fits counts.
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
    questions = []
    for name, field in schema.fields.items():
        question = _input(name, field, values, name in stored or name in entered, source)
        questions.append(replace(question, entered=name in entered))
    return questions


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
    if is_secret(field):
        kind, value = "password", None
    else:
        is_offered = bool(metadata.get("choices_from")) and not problem
        kind = _kind(field, has_choices=bool(choices) or is_offered, count=len(choices))
        value = values.get(name, _default(field))
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


def _kind(field: fields.Field[Any], has_choices: bool, count: int) -> str:
    """Return how a field is drawn; `count` is the number of its choices."""
    kind = _kind_of_type(field)
    if kind == "lines":
        return "picks" if has_choices else "lines"
    if has_choices and kind != "checkbox":
        if count > LONG_LIST or field.metadata.get("typed"):
            return "suggest"
        return "select"
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
    values = _as_texts(field, value)
    listed = {entry for entry, _ in choices}
    extended = list(choices)
    for entry in values:
        if entry not in listed:
            extended.append((entry, f"{entry} (no longer in the list)"))

    if not values and field.required and len(choices) == 1:
        value = choices[0][0]
    return extended, value


def _as_texts(field: fields.Field[Any], value: Any) -> list[str]:
    """Return the stored values of a field, of which only a list has several."""
    if not value:
        return []
    values = value if isinstance(field, fields.List) else [value]
    return [str(entry) for entry in values]


def _display_value(kind: str, value: Any) -> Any:
    """Return a stored value as its input shows it."""
    if kind == "checkbox":
        return bool(value)
    if kind == "picks":
        return [str(entry) for entry in value] if value else []
    if value is None:
        return ""
    if kind == "lines":
        return "\n".join(str(entry) for entry in value)
    if kind == "pairs":
        return "\n".join(f"{name} = {part}" for name, part in (value or {}).items())
    return str(value)


def _parse_field(name: str, field: fields.Field[Any], form: MultiDict[str, str]) -> Any:
    """Return the entered value of a field; None if it is left out."""
    if isinstance(field, fields.Boolean):
        return name in form
    if isinstance(field, fields.List):
        return _lines("\n".join(form.getlist(name)))
    if name not in form:
        return None
    text = form[name].strip()
    if isinstance(field, fields.Dict):
        return _parse_pairs(text)
    must_be_entered = field.required or is_secret(field)
    if not text and must_be_entered:
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
