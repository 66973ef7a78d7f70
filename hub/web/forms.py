"""Draws a form from a marshmallow schema and reads it back; a plugin's settings page is made of this alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from marshmallow import Schema, fields, missing, validate
from werkzeug.datastructures import MultiDict

from hub.contract.settings_schema import is_secret

Choices = Sequence[tuple[str, str]]
LONG_LIST = 500  # more choices than this, or those of a `typed` setting, are offered while typing

# the first that fits: a field type and how it is drawn
KINDS: tuple[tuple[type[fields.Field[Any]], str], ...] = (
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
    kept: bool = False  # a secret that is stored: empty keeps it
    entered: bool = False  # a secret of this form that was not saved: empty keeps it
    problem: str = ""  # why its choices are not known now
    errors: tuple[str, ...] = ()


Source = Callable[[str], Choices]


def inputs(
    schema: Schema,
    values: Mapping[str, Any],
    *,
    kept: Sequence[str] = (),
    entered: Sequence[str] = (),
    source: Source,
) -> list[Input]:
    """The questions of a schema with the present answers; `source` knows the choices that are not in the schema."""
    drawn = [
        _input(name, field, values, name in kept or name in entered, source)
        for name, field in schema.fields.items()
    ]
    return [replace(one, entered=one.name in entered) for one in drawn]


def sections(questions: Sequence[Input]) -> dict[str, list[Input]]:
    """The questions by section, in the order the schema names them."""
    found: dict[str, list[Input]] = {}
    for question in questions:
        found.setdefault(question.section, []).append(question)
    return found


def typed(schema: Schema, form: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed, as values that the settings load; what is needed and was left empty is left out."""
    answers = {name: _typed(name, field, form) for name, field in schema.fields.items()}
    return {name: value for name, value in answers.items() if value is not None}


def with_errors(questions: Sequence[Input], errors: Mapping[str, Sequence[str]]) -> list[Input]:
    """The questions with what is wrong beside each."""
    return [
        replace(question, errors=tuple(errors.get(question.name, ()))) for question in questions
    ]


def _input(
    name: str, field: fields.Field[Any], values: Mapping[str, Any], kept: bool, source: Source
) -> Input:
    about = field.metadata
    choices, problem = _choices(field, source)
    secret = is_secret(field)
    value = None if secret else values.get(name, _default(field))
    kind = (
        "password"
        if secret
        else _kind(field, choices, offered=bool(about.get("choices_from")) and not problem)
    )
    if kind in ("select", "suggest", "picks"):
        choices, value = _chosen(field, choices, value)
    return Input(
        name=name,
        label=str(about.get("label", name.replace("_", " ").capitalize())),
        help=str(about.get("help", "")),
        section=str(about.get("section", "Settings")),
        kind=kind,
        required=field.required and not kept,
        value=_shown(kind, value),
        choices=choices,
        blank=not field.required and not _default(field),
        kept=kept,
        problem=problem,
    )


def _default(field: fields.Field[Any]) -> Any:
    default = field.load_default
    return None if default is missing else default() if callable(default) else default


def _kind(field: fields.Field[Any], choices: Choices, offered: bool) -> str:
    kind = next((kind for known, kind in KINDS if isinstance(field, known)), "text")
    if kind == "lines":
        return "picks" if choices or offered else "lines"
    if (choices or offered) and kind != "checkbox":
        is_typed = len(choices) > LONG_LIST or field.metadata.get("typed")
        return "suggest" if is_typed else "select"
    return "area" if field.metadata.get("long") else kind


def _choices(field: fields.Field[Any], source: Source) -> tuple[Choices, str]:
    about = field.metadata
    if wanted := about.get("choices_from"):
        try:
            return source(str(wanted)), ""
        except Exception as error:  # a source that cannot answer must not take the page with it
            return (), getattr(
                error, "text", ""
            ) or "The choices cannot be read now; type the id, or try again later."
    return _own_choices(field), ""


def _own_choices(field: fields.Field[Any]) -> Choices:
    given = field.metadata.get("choices")
    if given:
        return [(str(value), str(label)) for value, label in _pairs(given)]
    if isinstance(field, fields.Enum):
        return [(member.name, str(member.value)) for member in field.enum]
    inner = field.inner if isinstance(field, fields.List) else field
    for check in inner.validators:
        if isinstance(check, validate.OneOf) and not isinstance(inner, fields.Boolean):
            return [(str(value), str(label or value)) for value, label in check.options()]
    return ()


def _pairs(given: Any) -> list[tuple[Any, Any]]:
    if isinstance(given, Mapping):
        return list(given.items())
    return [entry if isinstance(entry, tuple) else (entry, entry) for entry in given]


def _chosen(field: fields.Field[Any], choices: Choices, value: Any) -> tuple[Choices, Any]:
    known = {entry for entry, _ in choices}
    wanted = (
        [str(part) for part in value or ()]
        if isinstance(field, fields.List)
        else [str(value)]
        if value
        else []
    )
    lost = [(entry, f"{entry} (no longer in the list)") for entry in wanted if entry not in known]
    if not wanted and field.required and len(choices) == 1:
        value = choices[0][0]
    return [*choices, *lost], value


def _shown(kind: str, value: Any) -> Any:
    if kind == "picks":
        return [str(part) for part in value or ()]
    if kind == "lines":
        return "\n".join(str(part) for part in value or ())
    if kind == "pairs":
        return "\n".join(f"{name} = {part}" for name, part in (value or {}).items())
    return bool(value) if kind == "checkbox" else "" if value is None else str(value)


def _typed(name: str, field: fields.Field[Any], form: MultiDict[str, str]) -> Any:
    if isinstance(field, fields.Boolean):
        return name in form
    if isinstance(field, fields.List):
        lines = [line.strip() for text in form.getlist(name) for line in text.splitlines()]
        return [line for line in lines if line]
    if name not in form:
        return None
    text = form[name].strip()
    if isinstance(field, fields.Dict):
        pairs = (line.partition("=") for line in text.splitlines() if line.strip())
        return {key.strip(): value.strip() for key, _, value in pairs}
    return text or (None if field.required or is_secret(field) else "")
