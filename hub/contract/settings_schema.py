"""The settings of an app as its schema asks for them: loaded, their choices checked, the secret ones apart."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, cast

from marshmallow import Schema, ValidationError, fields

from hub.contract.types import App
from hub.errors import SettingsInvalid

NEEDED = "This is needed."
Offered = Iterable[tuple[str, tuple[str, ...]]]  # each choice's id, and what people call it
Choices = Callable[[str], Offered]


def schema_of(app: App) -> Schema:
    """The schema that an app declares."""
    return app.settings() if isinstance(app.settings, type) else app.settings


def load(app: App, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as the plugin sees them; what is wrong or unknown raises SettingsInvalid with the near name."""
    schema = schema_of(app)
    unknown = {
        name: [_no_setting(name, schema.fields)] for name in given if name not in schema.fields
    }
    known = answered(
        schema, {name: value for name, value in given.items() if name in schema.fields}
    )
    try:
        values = dict(schema.load(known))
    except ValidationError as error:
        messages = cast(dict[str, Any], error.normalized_messages())  # type: ignore[no-untyped-call]
        wrong = {name: _sentences(texts) for name, texts in messages.items()}
        raise SettingsInvalid(app.name, wrong | unknown) from None
    if unknown:
        raise SettingsInvalid(app.name, unknown)
    return values


def answered(schema: Schema, given: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out empty texts that are no answer: only plain text fields take them, others then have their default."""
    return {
        name: value
        for name, value in given.items()
        if value != "" or name not in schema.fields or _takes_blank(schema.fields[name])
    }


def _takes_blank(field: fields.Field[Any]) -> bool:
    return isinstance(field, fields.String) and not isinstance(field, fields.Url | fields.Email)


def plain(app: App, values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are no secrets, as they are stored."""
    schema = schema_of(app)
    dumped = cast(dict[str, Any], schema.dump(values))
    return {name: value for name, value in dumped.items() if not is_secret(schema.fields[name])}


def secret(app: App, values: Mapping[str, Any]) -> dict[str, str]:
    """The settings that are kept sealed."""
    known = schema_of(app).fields
    return {
        name: str(value)
        for name, value in values.items()
        if name in known and is_secret(known[name]) and value
    }


def secret_names(app: App) -> set[str]:
    """The settings that are secrets."""
    return {name for name, field in schema_of(app).fields.items() if is_secret(field)}


def is_secret(field: fields.Field[Any]) -> bool:
    """Whether a setting is kept encrypted and never shown."""
    return bool(field.metadata.get("secret"))


def chosen(app: App, values: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    """The settings with each choice as its id; a person may also have given its number or name."""
    found, wrong = dict(values), {}
    for name, field in schema_of(app).fields.items():
        source, value = field.metadata.get("choices_from"), values.get(name)
        if not source or not value:
            continue
        try:
            known = _Known(choices(str(source)))
            found[name] = (
                [known.id_of(str(one)) for one in value]
                if isinstance(value, list)
                else known.id_of(str(value))
            )
        except ValueError as error:
            wrong[name] = [str(error)]
    if wrong:
        raise SettingsInvalid(app.name, wrong)
    return found


class _Known:
    """What a choice may be."""

    def __init__(self, entries: Offered) -> None:
        self._ids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        for id, names in entries:
            self._ids[id] = id
            for name in filter(None, names):
                self._names.setdefault(name.casefold(), id)

    def id_of(self, text: str) -> str:
        found = self._ids.get(text) or self._names.get(text.strip().casefold())
        if found is None:
            near = (
                get_close_matches(text.casefold(), list(self._names), n=3, cutoff=0.5)
                or sorted(self._names)[:5]
            )
            listed = ", ".join(f"{name} ({self._names[name]})" for name in near)
            raise ValueError(
                f"There is no {text!r} in the list."
                + (f" There is: {listed}." if listed else " It is empty.")
            )
        return found


def _no_setting(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return "There is no such setting." + (f" Did you mean {near[0]}?" if near else "")


def _sentences(texts: Any) -> list[str]:
    if isinstance(texts, Mapping):
        return [sentence for inner in texts.values() for sentence in _sentences(inner)]
    return [NEEDED if text == "Missing data for required field." else str(text) for text in texts]
