"""Draw a form from a marshmallow schema and read it back, as on an app's settings page."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from marshmallow import Schema, fields, missing, validate
from werkzeug.datastructures import MultiDict

from hub.contract.settings_schema import applies, is_secret, list_conditions, listed_choices
from hub.errors import SettingsInvalid
from hub.translations.messages import gettext, gettext_noop

Choices = Sequence[tuple[str, str]]
LONG_LIST = 500  # more choices than this, or those of a `typed` setting, are offered while typing
UNREADABLE_CHOICES = gettext_noop(
    "The choices cannot be read now; type the id, or try again later."
)
NEEDS_SETTINGS = gettext_noop(
    "To choose from a list, complete the settings and press Test connection."
)

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
    """One field of a form as a page draws it."""

    name: str
    label: str
    help: str
    section: str
    kind: str
    required: bool
    value: Any = None
    unit: str = ""  # the currency of an amount, which the page shows behind its input
    choices: Choices = ()
    allows_blank: bool = True  # whether the list has an empty choice
    is_stored: bool = False  # a secret that is stored: empty keeps it
    is_entered: bool = False  # a secret of this form that was not saved: empty keeps it
    problem: str = ""  # why its choices are not known now
    errors: tuple[str, ...] = ()
    applies: bool = True  # whether the settings on which it depends have the values that it needs
    condition: str = ""  # those values by name, as JSON for the page's script
    has_focus: bool = False  # the first one with an error

    @property
    def awaits_settings(self) -> bool:
        """Return whether its choices can be read as soon as the other settings are complete."""
        return self.problem == NEEDS_SETTINGS


LoadChoices = Callable[[str], Choices]  # by the name in `choices_from`


def build_inputs(
    schema: Schema,
    values: Mapping[str, Any],
    *,
    stored_names: Sequence[str] = (),
    entered_names: Sequence[str] = (),
    currency: str = "",
    load_choices: LoadChoices,
) -> list[Input]:
    """Return the inputs of a schema with the present values.

    `stored_names` and `entered_names` are the secrets that need not be typed again. `load_choices`
    returns the choices that are not in the schema. `currency` is that of the company.
    """
    present = {
        name: values.get(name, _get_default_value(field)) for name, field in schema.fields.items()
    }
    inputs = []
    for name, field in schema.fields.items():
        is_stored = name in stored_names or name in entered_names
        form_input = _build_input(name, field, values, load_choices, is_stored=is_stored)
        inputs.append(
            replace(
                form_input,
                is_entered=name in entered_names,
                unit=currency if field.metadata.get("money") else "",
                applies=applies(field, present),
                condition=_encode_condition(field),
            )
        )
    return inputs


def group_by_section(inputs: Sequence[Input]) -> dict[str, list[Input]]:
    """Group the inputs by section, in the order in which the schema names them."""
    by_section: dict[str, list[Input]] = {}
    for form_input in inputs:
        by_section.setdefault(form_input.section, []).append(form_input)
    return by_section


def parse(schema: Schema, form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the entered values as the settings load them.

    A required value that was left empty is omitted.
    """
    answers = {}
    for name, field in schema.fields.items():
        value = _parse_field(name, field, form)
        if value is not None:
            answers[name] = value
    return answers


def add_errors(inputs: Sequence[Input], errors: Mapping[str, Sequence[str]]) -> list[Input]:
    """Return the inputs with their errors; `errors` has the sentences by name."""
    return [
        replace(form_input, errors=tuple(errors.get(form_input.name, ()))) for form_input in inputs
    ]


def list_errors_without_field(
    errors: Mapping[str, list[str]], values: Mapping[str, Any]
) -> list[str]:
    """Return the errors about the form as a whole, which are shown above its fields."""
    texts: list[str] = []
    for name, texts_of_name in errors.items():
        if name.startswith("_") and name not in values:
            texts += texts_of_name
    return texts


def set_focus(inputs: Sequence[Input]) -> list[Input]:
    """Return the inputs of a page; the first one with an error gets the focus."""
    first = next((form_input.name for form_input in inputs if form_input.errors), "")
    return [replace(form_input, has_focus=form_input.name == first) for form_input in inputs]


def _encode_condition(field: fields.Field[Any]) -> str:
    """Return the values of other settings that a setting needs, as JSON; "" for none."""
    conditions = list_conditions(field)
    return json.dumps(conditions, sort_keys=True) if conditions else ""


def _build_input(
    name: str,
    field: fields.Field[Any],
    values: Mapping[str, Any],
    load_choices: LoadChoices,
    *,
    is_stored: bool,
) -> Input:
    """Return the input that a field of a schema is drawn as.

    A stored secret is never drawn: its input is empty, and it need not be typed again.
    """
    metadata = field.metadata
    choices, problem = _load_choices(field, load_choices)
    if is_secret(field):
        kind, value = "password", None
    else:
        is_offered = bool(metadata.get("choices_from")) and not problem  # maybe an empty list
        has_choices = bool(choices) or is_offered
        kind = _get_input_kind(field, has_choices=has_choices, count=len(choices))
        value = values.get(name, _get_default_value(field))
    if kind in ("select", "suggest", "picks"):
        choices, value = _add_value(field, choices, value)
    name_in_words = name.replace("_", " ").capitalize()
    return Input(
        name=name,
        label=str(metadata.get("label", name_in_words)),
        help=str(metadata.get("help", "")),
        section=str(metadata.get("section", "Settings")),
        kind=kind,
        required=field.required and not is_stored,
        value=_format_value(kind, value),
        choices=choices,
        allows_blank=not field.required and not _get_default_value(field),
        is_stored=is_stored,
        problem=problem,
    )


def _get_default_value(field: fields.Field[Any]) -> Any:
    """Return the value that a field has without input."""
    default = field.load_default
    if default is missing:
        return None
    return default() if callable(default) else default


def _get_input_kind(field: fields.Field[Any], *, has_choices: bool, count: int) -> str:
    """Return how a field is drawn; `count` is the number of its choices."""
    kind = _get_kind_of_type(field)
    if has_choices and kind != "checkbox":
        return _get_kind_with_choices(field, kind, count)
    if field.metadata.get("long") and kind != "lines":
        return "area"
    return kind


def _get_kind_with_choices(field: fields.Field[Any], kind: str, count: int) -> str:
    """Return how a field is drawn that has choices."""
    if kind == "lines":
        return "picks"
    if count > LONG_LIST or field.metadata.get("typed"):
        return "suggest"
    return "select"


def _get_kind_of_type(field: fields.Field[Any]) -> str:
    """Return the kind of control for the type of a field."""
    for field_type, kind in INPUT_KINDS:
        if isinstance(field, field_type):
            return kind
    return "text"


def _load_choices(field: fields.Field[Any], load_choices: LoadChoices) -> tuple[Choices, str]:
    """Return the choices of a field and the reason if its source cannot be asked."""
    source_name = field.metadata.get("choices_from")
    if not source_name:
        choices = list_schema_choices(field)
        return choices, ""
    try:
        return load_choices(str(source_name)), ""
    except SettingsInvalid:  # as on the empty form of an app that is not enabled yet
        return (), NEEDS_SETTINGS
    except Exception as error:  # a source that cannot answer must not take the page with it
        reason = getattr(error, "sentence", "")
        return (), reason or UNREADABLE_CHOICES


def list_schema_choices(field: fields.Field[Any]) -> Choices:
    """Return the choices that the schema itself defines."""
    choices = listed_choices(field)
    if choices:
        return list(choices.items())
    if isinstance(field, fields.Enum):
        return [(member.name, str(member.value)) for member in field.enum]
    inner = field.inner if isinstance(field, fields.List) else field
    if isinstance(inner, fields.Boolean):
        return ()
    return _list_validated_choices(inner)


def _list_validated_choices(field: fields.Field[Any]) -> Choices:
    """Return the values that the validators of a field allow."""
    for check in field.validators:
        if not isinstance(check, validate.OneOf):
            continue
        choices = []
        for value, label in check.options():
            choices.append((str(value), str(label or value)))
        return choices
    return ()


def _add_value(field: fields.Field[Any], choices: Choices, value: Any) -> tuple[Choices, Any]:
    """Add the stored values that are no longer in the list; preselect the only choice.

    Return the choices and the value. Nothing is preselected for an optional field, and a stored
    value is never replaced.
    """
    values = _format_values(field, value)
    offered_values = {entry for entry, _ in choices}
    all_choices = list(choices)
    for entry in values:
        if entry not in offered_values:
            label = gettext("%(entry)s (no longer in the list)", entry=entry)
            all_choices.append((entry, label))
    has_one_choice = field.required and len(choices) == 1
    if has_one_choice and not values:
        value, _ = choices[0]
    return all_choices, value


def _format_values(field: fields.Field[Any], value: Any) -> list[str]:
    """Return the stored values of a field as texts.

    Only a list has several; a field without a value has none.
    """
    if not value:
        return []
    if isinstance(field, fields.List):
        return [str(entry) for entry in value]
    return [str(value)]


def _format_value(kind: str, value: Any) -> Any:
    """Return a stored value as its input shows it.

    A tick box has a truth value, boxes for several have a list of texts, and the others a text.
    """
    if kind == "checkbox":
        return bool(value)
    if kind == "picks":
        return [str(entry) for entry in value] if value else []
    if value is None:
        return ""
    if kind == "lines":
        return "\n".join(map(str, value))
    if kind == "pairs":
        lines = [f"{name} = {part}" for name, part in value.items()]
        return "\n".join(lines)
    return str(value)


def _parse_field(name: str, field: fields.Field[Any], form: MultiDict[str, str]) -> Any:
    """Return the entered value of a field; None if it is left out.

    A browser sends nothing for a box that is not ticked. A secret that is left empty stays stored.
    """
    if isinstance(field, fields.Boolean):
        return name in form
    if isinstance(field, fields.List):
        entries = form.getlist(name)  # ticked boxes, or one text with a line for each
        return _split_lines("\n".join(entries))
    if name not in form:
        return None
    text = form[name].strip()
    if isinstance(field, fields.Dict):
        return _parse_pairs(text)
    must_be_entered = field.required or is_secret(field)
    if not text and must_be_entered:
        return None
    return text


def _split_lines(text: str) -> list[str]:
    """Return the lines that are not empty, without the spaces around them."""
    lines = []
    for line in text.splitlines():
        if entry := line.strip():
            lines.append(entry)
    return lines


def _parse_pairs(text: str) -> dict[str, str]:
    """Parse lines of "name = value"; of a name that comes twice the last value counts."""
    pairs = {}
    for line in _split_lines(text):
        before, _, after = line.partition("=")
        name = before.strip()
        pairs[name] = after.strip()
    return pairs
