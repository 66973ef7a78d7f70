"""The settings of an app by its schema: loading, checking choices, separating secrets."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, cast

from marshmallow import Schema, ValidationError, fields, validate

from hub.contract.site_settings import SiteSettings
from hub.contract.types import App
from hub.errors import Sentence, SettingsInvalid

REQUIRED_MESSAGE = "This is needed."  # pages translate it
Offered = Iterable[tuple[str, tuple[str, ...]]]  # each choice's id, and what people call it
Choices = Callable[[str], Offered]
RecordSettings = Mapping[tuple[str, str], str]  # names of settings by the record that they name
MISSING_MESSAGE = "Missing data for required field."  # marshmallow's own
MAX_SCHEMAS = 100  # that are kept, more than a hub has apps
MAX_SUGGESTIONS = 3
MAX_LISTED_CHOICES = 5


def get_schema(app: App) -> Schema:
    """Return the schema that an app declares, as a class or an instance."""
    if isinstance(app.settings, type):
        return _create_schema(app.settings)
    return app.settings


@lru_cache(MAX_SCHEMAS)
def _create_schema(schema_class: type[Schema]) -> Schema:
    """Return a schema of a class, which copies every field: a page asks for it a dozen times."""
    return schema_class()


def load(app: App, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings as the plugin gets them.

    Raise SettingsInvalid if one is invalid or unknown; the message suggests the nearest name.
    """
    schema = get_schema(app)
    problems = {}
    declared_answers = {}
    for name, value in answers.items():
        if name in schema.fields:
            declared_answers[name] = value
        else:
            problems[name] = [_describe_unknown_setting(name, schema.fields)]
    values: dict[str, Any] = {}
    try:
        loaded_values = schema.load(drop_empty_texts(schema, declared_answers))
        values = dict(loaded_values)
    except ValidationError as error:
        messages: dict[str, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]
        invalid = {name: _flatten_messages(texts) for name, texts in messages.items()}
        problems = invalid | problems
    if problems:
        raise SettingsInvalid(app.name, problems)
    return values


def drop_empty_texts(schema: Schema, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers without empty texts, so that these fields get their defaults.

    In plain text fields an empty text is an answer and stays.
    """
    return {
        name: value
        for name, value in answers.items()
        if value != "" or name not in schema.fields or _takes_blank(schema.fields[name])
    }


def _takes_blank(field: fields.Field[Any]) -> bool:
    """Return whether an empty text is an answer.

    It is not in fields for addresses and e-mail addresses, which are texts for marshmallow, too.
    """
    if isinstance(field, fields.Url | fields.Email):
        return False
    return isinstance(field, fields.String)


def select_plain_settings(app: App, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that are not secret, in the form in which they are stored."""
    schema = get_schema(app)
    dumped_values = cast(dict[str, Any], schema.dump(values))
    plain_values = {}
    for name, value in dumped_values.items():
        if not is_secret(schema.fields[name]):
            plain_values[name] = value
    return plain_values


def select_secrets(app: App, values: Mapping[str, Any]) -> dict[str, str]:
    """Return the secret settings that have a value."""
    names = list_secret_names(app)
    secrets = {}
    for name, value in values.items():
        if value and name in names:
            secrets[name] = str(value)
    return secrets


def list_secret_names(app: App) -> set[str]:
    """Return the names of the secret settings."""
    fields_by_name = get_schema(app).fields
    return {name for name, field in fields_by_name.items() if is_secret(field)}


def require_secrets(app: App, secrets: Mapping[str, str]) -> None:
    """Raise SettingsInvalid if a secret without which the app cannot work has no value."""
    schema_fields = get_schema(app).fields
    absent = [
        name
        for name in sorted(list_secret_names(app))
        if schema_fields[name].required and not secrets.get(name)
    ]
    if absent:
        raise SettingsInvalid(app.name, {name: [REQUIRED_MESSAGE] for name in absent})


def site_settings(app: App, values: Mapping[str, Any]) -> SiteSettings:
    """Return settings without the secret ones as hooks get them."""
    secrets = list_secret_names(app)
    public = {name: value for name, value in values.items() if name not in secrets}
    return SiteSettings(public, secrets)


def is_secret(field: fields.Field[Any]) -> bool:
    """Return whether a setting is stored encrypted and never shown."""
    return bool(field.metadata.get("secret"))


def applies(field: fields.Field[Any], values: Mapping[str, Any]) -> bool:
    """Return whether the settings on which a setting depends have the values that it needs."""
    needed_values = list_conditions(field)
    return all(str(values.get(name)) in texts for name, texts in needed_values.items())


def list_conditions(field: fields.Field[Any]) -> dict[str, tuple[str, ...]]:
    """Return the values that other settings need for a setting to apply, as texts."""
    texts = {}
    for name, condition in field.metadata.get("only_if", {}).items():
        values = condition if isinstance(condition, tuple) else (condition,)
        texts[name] = tuple(str(value) for value in values)
    return texts


def list_offered_values(field: fields.Field[Any]) -> tuple[str, ...]:
    """Return the values that a setting offers by itself; none if it takes any value."""
    values = [*listed_choices(field), *_iter_validated_values(field)]
    if isinstance(field, fields.Boolean):
        values += ["True", "False"]
    return tuple(dict.fromkeys(values))


def listed_choices(field: fields.Field[Any]) -> dict[str, str]:
    """Return the labels of the choices that a setting lists, by their values.

    A schema has a mapping, or a list of pairs or of values that are their own labels.
    """
    choices = field.metadata.get("choices") or ()
    if isinstance(choices, Mapping):
        return {str(value): str(label) for value, label in choices.items()}
    labels = {}
    for choice in choices:
        value, label = choice if isinstance(choice, tuple | list) else (choice, choice)
        labels[str(value)] = str(label)
    return labels


def _iter_validated_values(field: fields.Field[Any]) -> Iterator[str]:
    """Yield the values that the validators of a setting list."""
    for check in field.validators:
        if isinstance(check, validate.OneOf):
            for value in check.choices:
                yield str(value)


def resolve_choices(app: App, values: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    """Return the settings with the id of each choice, where a person entered a number or name.

    `choices` returns the choices of a list. Raise SettingsInvalid for each value that is not in its
    list.
    """
    with_ids = dict(values)
    problems = {}
    for name, field in get_schema(app).fields.items():
        list_name = field.metadata.get("choices_from")
        value = values.get(name)
        if not list_name or not value:
            continue
        try:
            index = ChoiceIndex(choices(str(list_name)))
            with_ids[name] = _find_choice_ids(index, value)
        except ValueError as error:
            problems[name] = [error.args[0]]
    if problems:
        raise SettingsInvalid(app.name, problems)
    return with_ids


def record_settings(app: App, values: Mapping[str, Any]) -> RecordSettings:
    """Return the names of the settings that name records, by the role and id of the record.

    Settings that name the same record stand together: "usd_account or eur_account".
    """
    names: dict[tuple[str, str], str] = {}
    for name, field in get_schema(app).fields.items():
        role, id = field.metadata.get("choices_from"), values.get(name)
        if role and isinstance(id, str):
            key = str(role), id
            names[key] = f"{names[key]} or {name}" if key in names else name
    return names


def _find_choice_ids(index: "ChoiceIndex", value: Any) -> str | list[str]:
    """Return the id of a choice, or the ids of a list of choices; raise ValueError."""
    if isinstance(value, list):
        return [index.id_of(str(entry)) for entry in value]
    return index.id_of(str(value))


class ChoiceIndex:
    """The choices of a setting by their ids, numbers and names."""

    def __init__(self, entries: Offered) -> None:
        """Index the choices without regard to case; of equal names the first choice counts."""
        self._ids: set[str] = set()
        self._ids_by_name: dict[str, str] = {}
        for id, names in entries:
            self._ids.add(id)
            for name in names:
                if name:
                    self._ids_by_name.setdefault(name.casefold(), id)

    def id_of(self, text: str) -> str:
        """Return the id of a choice; raise ValueError with suggestions if there is none."""
        if text in self._ids:
            return text
        id = self._ids_by_name.get(text.strip().casefold())
        if id is None:
            suggestions = self._format_suggestions(text)
            raise ValueError(
                Sentence(
                    "There is no “%(name)s” in the list. %(suggestions)s",
                    name=text,
                    suggestions=suggestions,
                )
            )
        return id

    def _format_suggestions(self, text: str) -> str:
        """Return a sentence with the choices of similar names, else with the first ones."""
        if not self._ids_by_name:
            return Sentence("It is empty.")
        names = sorted(self._ids_by_name)
        similar = get_close_matches(text.casefold(), names, n=MAX_SUGGESTIONS, cutoff=0.5)
        suggestions = []
        for name in similar or names[:MAX_LISTED_CHOICES]:
            id = self._ids_by_name[name]
            suggestions.append(f"{name} ({id})")
        return Sentence("There is: %(choices)s.", choices=", ".join(suggestions))


def _describe_unknown_setting(name: str, names: Iterable[str]) -> str:
    """Return the message for a setting that the app does not declare."""
    sentence = "There is no such setting."
    for similar in get_close_matches(name, list(names), n=1):
        sentence += f" The nearest name is {similar}."
    return sentence


def _flatten_messages(texts: Any) -> list[str]:
    """Flatten the messages of a field, which marshmallow nests for lists."""
    sentences = []
    if isinstance(texts, Mapping):
        for nested_texts in texts.values():
            sentences += _flatten_messages(nested_texts)
        return sentences
    for text in texts:
        sentences.append(REQUIRED_MESSAGE if text == MISSING_MESSAGE else str(text))
    return sentences
