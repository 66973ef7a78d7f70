"""The settings of an app by its schema: loading, checking choices, separating secrets."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, cast

from marshmallow import Schema, ValidationError, fields

from hub.contract.types import App
from hub.errors import SettingsInvalid

NEEDED = "This is needed."
Offered = Iterable[tuple[str, tuple[str, ...]]]  # each choice's id, and what people call it
Choices = Callable[[str], Offered]
MISSING_MESSAGE = "Missing data for required field."  # marshmallow's own
MAX_SUGGESTIONS = 3
MAX_LISTED_CHOICES = 5


def schema_of(app: App) -> Schema:
    """Return the schema that an app declares."""
    return app.settings() if isinstance(app.settings, type) else app.settings


def load(app: App, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings as the plugin gets them.

    Raise SettingsInvalid if one is invalid or unknown; the message suggests the nearest name.
    """
    schema = schema_of(app)
    problems = {
        name: [_unknown_setting(name, schema.fields)]
        for name in answers
        if name not in schema.fields
    }
    valid_names = {name: value for name, value in answers.items() if name in schema.fields}
    values: dict[str, Any] = {}
    try:
        values = dict(schema.load(answered(schema, valid_names)))
    except ValidationError as error:
        messages: dict[str, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]
        invalid = {name: _sentences(texts) for name, texts in messages.items()}
        problems = invalid | problems
    if problems:
        raise SettingsInvalid(app.name, problems)
    return values


def answered(schema: Schema, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out empty texts where they are no answer: these fields get their defaults.

    Only plain text fields take an empty text.
    """
    return {
        name: value
        for name, value in answers.items()
        if value != "" or name not in schema.fields or _takes_blank(schema.fields[name])
    }


def _takes_blank(field: fields.Field[Any]) -> bool:
    return isinstance(field, fields.String) and not isinstance(field, fields.Url | fields.Email)


def plain(app: App, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that are not secret, in the form in which they are stored."""
    schema = schema_of(app)
    dumped = cast(dict[str, Any], schema.dump(values))
    return {name: value for name, value in dumped.items() if not is_secret(schema.fields[name])}


def secret(app: App, values: Mapping[str, Any]) -> dict[str, str]:
    """Return the secret settings that have a value."""
    names = secret_names(app)
    return {name: str(value) for name, value in values.items() if name in names and value}


def secret_names(app: App) -> set[str]:
    """Return the names of the secret settings."""
    return {name for name, field in schema_of(app).fields.items() if is_secret(field)}


def is_secret(field: fields.Field[Any]) -> bool:
    """Return whether a setting is stored encrypted and never shown."""
    return bool(field.metadata.get("secret"))


def chosen(app: App, values: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    """Return the settings with each choice as its id, where a person entered a number or name."""
    with_ids, problems = dict(values), {}
    for name, field in schema_of(app).fields.items():
        source, value = field.metadata.get("choices_from"), values.get(name)
        if not source or not value:
            continue
        try:
            with_ids[name] = _ids(ChoiceIndex(choices(str(source))), value)
        except ValueError as error:
            problems[name] = [str(error)]
    if problems:
        raise SettingsInvalid(app.name, problems)
    return with_ids


def _ids(index: "ChoiceIndex", value: Any) -> str | list[str]:
    if isinstance(value, list):
        return [index.id_of(str(entry)) for entry in value]
    return index.id_of(str(value))


class ChoiceIndex:
    """The choices of a setting by their ids, numbers and names."""

    def __init__(self, entries: Offered) -> None:
        self._ids: set[str] = set()
        self._ids_by_name: dict[str, str] = {}
        for id, names in entries:
            self._ids.add(id)
            for name in filter(None, names):
                self._ids_by_name.setdefault(name.casefold(), id)

    def id_of(self, text: str) -> str:
        """Return the id of a choice; raise ValueError with suggestions if there is none."""
        if text in self._ids:
            return text
        id = self._ids_by_name.get(text.strip().casefold())
        if id is None:
            raise ValueError(f"There is no {text!r} in the list. {self._suggestions(text)}")
        return id

    def _suggestions(self, text: str) -> str:
        names = list(self._ids_by_name)
        similar = get_close_matches(text.casefold(), names, n=MAX_SUGGESTIONS, cutoff=0.5)
        suggestions = similar or sorted(names)[:MAX_LISTED_CHOICES]
        if not suggestions:
            return "It is empty."
        listed = ", ".join(f"{name} ({self._ids_by_name[name]})" for name in suggestions)
        return f"There is: {listed}."


def _unknown_setting(name: str, names: Iterable[str]) -> str:
    similar = get_close_matches(name, list(names), n=1, cutoff=0.6)
    suggestion = f" Did you mean {similar[0]}?" if similar else ""
    return f"There is no such setting.{suggestion}"


def _sentences(texts: Any) -> list[str]:
    """Flatten the messages of a field, which marshmallow nests for lists."""
    if isinstance(texts, Mapping):
        return [sentence for nested in texts.values() for sentence in _sentences(nested)]
    return [NEEDED if text == MISSING_MESSAGE else str(text) for text in texts]
