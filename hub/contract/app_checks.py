"""Checks of the apps and fields that a plugin declares, made once when the plugin is loaded."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, get_args

from marshmallow import Schema
from marshmallow import fields as schema_fields

from hub.contract.documents import KINDS, ROLES
from hub.contract.files import (
    MAX_FILE_SIZE,
    FileField,
    FileKinds,
    find_repeated_names,
    find_suffix_problems,
)
from hub.contract.interval import Interval
from hub.contract.rate import Rate
from hub.contract.settings_schema import get_schema, is_secret, list_conditions, list_offered_values
from hub.contract.states import GonePolicy, ReceiptState
from hub.contract.types import (
    SETTING_REFERENCE,
    App,
    ChangedPolicy,
    DifferencePolicy,
    Field,
    Icon,
    MissingPolicy,
)
from hub.errors import Refused

SLUG_PATTERN = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# A host as an app declares it, with a word in place of each setting that it names.
HOST_PATTERN = re.compile(
    r"(https?://)?((\*\.)?[\w-]+(\.[\w-]+)+|[\w-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?(/\S*)?"
)
CODES_PREFIX = "code:"  # a setting whose choices are the codes of a field at the source
TEXT_FIELDS = ("name", "summary", "help", "automatic", "mailbox")


class Policy(NamedTuple):
    """A policy of an app: a text that is one of `choices`, or that refers to settings.

    Without `choices` any text is valid.
    """

    name: str
    text: str
    choices: tuple[str, ...] = ()


def find_app_problems(apps: Sequence[Any]) -> Iterator[str]:
    """Yield what is wrong with the apps of a plugin, each a sentence that names the app."""
    if not apps:
        yield "its hub_apps brought no app."
    slugs = [app.slug for app in apps if isinstance(app, App)]
    for app in apps:
        problem = _find_identity_problem(app, slugs)
        if problem:
            yield problem
        else:
            yield from _find_value_problems(app)


def _find_identity_problem(app: Any, slugs: Sequence[str]) -> str:
    """Return why an app cannot be identified by its slug, as a sentence; "" if it can."""
    if not isinstance(app, App):
        return f"its hub_apps brought {type(app).__name__}, not an App."
    if not isinstance(app.slug, str) or not SLUG_PATTERN.fullmatch(app.slug):
        return f"{app.slug!r} is no slug: small letters, digits and hyphens only."
    if slugs.count(app.slug) > 1:
        return f"it brings the app {app.slug} twice."
    return ""


def _find_value_problems(app: App) -> Iterator[str]:
    """Yield each value of an app that is not one of those that it may have."""
    for name in TEXT_FIELDS:
        value = getattr(app, name)
        if not isinstance(value, str):
            yield f"{name} of app {app.slug} must be a text, not {value!r}."
    if not app.name:
        yield f"app {app.slug} has no name; the pages show it."
    yield from _find_choices_problems(app, "posts", app.posts, KINDS)
    if not app.posts:
        yield f"posts of app {app.slug} is empty; name the kinds of its documents."
    yield from _find_choices_problems(app, "wants", app.wants, tuple(ReceiptState))
    yield from _find_choices_problems(app, "changed", (app.changed,), get_args(ChangedPolicy))
    yield from _find_choices_problems(app, "icon", (app.icon,), get_args(Icon))
    yield from _find_host_problems(app)
    if not _is_schedule(app.every):
        yield f'every of app {app.slug} is {app.every!r}, neither minutes ("15m") nor cron.'
    if not isinstance(app.match_first, tuple | list):
        yield f"match_first of app {app.slug} must be a tuple, such as ({app.match_first!r},)."
    yield from _find_rate_problems(app)
    yield from _find_file_problems(app)
    yield from _find_assumed_api_problems(app)
    if not _is_schema(app.settings):
        yield (
            f"settings of app {app.slug} must be a marshmallow Schema, a class or an object of it,"
            f" not {app.settings!r}."
        )


def _find_choices_problems(
    app: App, name: str, values: Sequence[Any], choices: Collection[str]
) -> Iterator[str]:
    """Yield each value of an attribute of an app that is none of the choices."""
    if not isinstance(values, tuple | list):
        yield f"{name} of app {app.slug} must be a tuple, such as ({values!r},), not {values!r}."
        return
    for value in values:
        if value not in choices:
            yield _describe_unoffered(f"{name} of app {app.slug}", value, choices)


def _find_host_problems(app: App) -> Iterator[str]:
    """Yield each declared host that can be no host, whatever the settings are."""
    if not isinstance(app.hosts, tuple | list):
        yield f"hosts of app {app.slug} must be a tuple, such as ({app.hosts!r},)."
        return
    for host in app.hosts:
        text = SETTING_REFERENCE.sub("setting", host) if isinstance(host, str) else ""
        if not HOST_PATTERN.fullmatch(text):
            yield (
                f"hosts of app {app.slug} has {host!r}, which is no host. Write api.example.com,"
                " *.example.com for all below it, or {base_url} for the address that a setting"
                " holds."
            )


def _find_assumed_api_problems(app: App) -> Iterator[str]:
    """Yield what is wrong with the path of the description of an assumed API."""
    path = app.assumed_api
    if path is None:
        return
    if not isinstance(path, Path):
        yield (
            f"assumed_api of app {app.slug} must be a Path, such as"
            f' Path(__file__).with_name("openapi.yaml"), not {path!r}.'
        )
    elif not path.is_file():
        yield f"assumed_api of app {app.slug} is {path}, where there is no file."


def _find_file_problems(app: App) -> Iterator[str]:
    """Yield what is wrong with the files that an app accepts."""
    files = app.files
    if files is None:
        return
    if not isinstance(files, FileKinds) or not isinstance(files.suffixes, tuple):
        yield f'files of app {app.slug} must be such as FileKinds(suffixes=(".csv",)).'
        return
    if not _are_file_fields(files.fields):
        yield (
            f"fields of files of app {app.slug} must be a tuple of FileFields, such as"
            ' (FileField(name="number", label="Number"),).'
        )
        return
    if not files.suffixes:
        yield f"files of app {app.slug} accepts no suffix; name one, such as .csv."
    for suffix in find_suffix_problems(files.suffixes):
        yield f"files of app {app.slug} has {suffix!r}; write a suffix as .csv, in small letters."
    for name in find_repeated_names(files.fields):
        yield f"files of app {app.slug} has two fields with the name {name!r}."
    if not isinstance(files.limit, int) or not 0 < files.limit <= MAX_FILE_SIZE:
        yield f"limit of files of app {app.slug} must be between 1 and {MAX_FILE_SIZE} bytes."


def _are_file_fields(fields: Any) -> bool:
    """Return whether a value is a list of questions about a table."""
    is_list = isinstance(fields, tuple | list)
    return is_list and all(isinstance(field, FileField) for field in fields)


def _find_rate_problems(app: App) -> Iterator[str]:
    """Yield what is wrong with the declared rate of the source."""
    if not isinstance(app.rate, str):
        yield f'rate of app {app.slug} must be a text such as "100/15s", not {app.rate!r}.'
    elif app.rate:
        try:
            Rate.parse(app.rate)
        except Refused as error:
            yield f"rate of app {app.slug}: {error.text}"


def find_field_problems(app: App, fields: Sequence[Any]) -> Iterator[str]:
    """Yield what is wrong with the fields of an app by themselves."""
    names: list[str] = []
    for field in fields:
        if not isinstance(field, Field):
            yield f"its hub_fields brought {type(field).__name__} for app {app.slug}, not a Field."
            continue
        yield from _find_field_text_problems(app, field)
        yield from _find_field_value_problems(app, field)
        if field.name in names:
            yield f"app {app.slug} has two fields named {field.name!r}; rename one."
        names.append(field.name)
        if field.role not in ROLES:
            yield _describe_unoffered(
                f"role of field {field.name} of app {app.slug}", field.role, ROLES
            )


def _find_field_text_problems(app: App, field: Field) -> Iterator[str]:
    """Yield each attribute of a field that must be a text and is none, or is blank."""
    for name in ("name", "label"):
        value = getattr(field, name)
        if not isinstance(value, str) or not value.strip():
            yield f"app {app.slug} has a field whose {name} is {value!r}; it must be a text."


def find_policy_problems(app: App, fields: Sequence[Field]) -> Iterator[str]:
    """Yield each policy of an app and its fields that is unknown or names no setting of the app.

    Otherwise such a mistake would not be noticed, and the policy would be empty.
    """
    yield from _find_unknown_fields(app, fields)
    settings = get_schema(app).fields
    for setting_name, setting in settings.items():
        yield from _find_setting_problems(app, setting_name, setting, settings)
    for policy in (*_iter_app_policies(app), *_iter_field_policies(fields)):
        if isinstance(policy.text, str):
            yield from _find_policy_problems(app, policy, settings)
        else:
            owner = f"{policy.name} of app {app.slug}"
            yield _describe_unoffered(owner, policy.text, policy.choices)
    automatic = settings.get(app.automatic)
    if automatic is not None and not isinstance(automatic, schema_fields.Boolean):
        yield (
            f"automatic of app {app.slug} is the setting {app.automatic!r}, which is no switch;"
            " define it with setting.switch."
        )


def find_hook_problems(app: App, hooks: Collection[str]) -> Iterator[str]:
    """Yield each hook that the plugin of an app lacks, although the app declares what needs it."""
    if app.files and "hub_file" not in hooks:
        yield (
            f"app {app.slug} accepts files, but the plugin lacks the hook hub_file, which reads"
            " them. Implement it."
        )
    if app.wants and "hub_report" not in hooks:
        yield (
            f"app {app.slug} wants receipts, but the plugin lacks the hook hub_report, which gets"
            " them. Implement it, or remove `wants`."
        )
    for name, setting in get_schema(app).fields.items():
        source = str(setting.metadata.get("choices_from", ""))
        if source.startswith(CODES_PREFIX) and "hub_codes" not in hooks:
            yield (
                f"the setting {name} of app {app.slug} offers codes of the source, but the plugin"
                " lacks the hook hub_codes, which lists them. Implement it."
            )


def _find_policy_problems(
    app: App, policy: Policy, settings: Mapping[str, schema_fields.Field[Any]]
) -> Iterator[str]:
    """Yield what is wrong with a policy: its value, or the settings that it names."""
    owner = f"{policy.name} of app {app.slug}"
    names = SETTING_REFERENCE.findall(policy.text)
    for name in names:
        if name not in settings:
            yield (
                f"{owner} is the setting {name!r}, which the app does"
                f" not have.{_format_suggestion(name, settings)}"
            )
        elif is_secret(settings[name]):
            yield f"{owner} is the setting {name!r}, which is secret; it cannot be read there."
        elif policy.choices:
            for value in list_offered_values(settings[name]):
                if value not in policy.choices:
                    yield _describe_unoffered(
                        f"{owner} is the setting {name!r}, which offers",
                        value,
                        policy.choices,
                        verb="",
                    )
    if not policy.choices or names or policy.text in (*policy.choices, *settings):
        return
    yield _describe_unoffered(owner, policy.text, policy.choices)


def _find_setting_problems(
    app: App,
    name: str,
    setting: schema_fields.Field[Any],
    settings: Mapping[str, schema_fields.Field[Any]],
) -> Iterator[str]:
    """Yield what is wrong with the metadata of a setting."""
    source = setting.metadata.get("choices_from")
    if source and source not in ROLES and not str(source).startswith(CODES_PREFIX):
        yield _describe_unoffered(
            f"choices_from of the setting {name} of app {app.slug}", source, ROLES
        )
    for other_name, values in list_conditions(setting).items():
        owner = f"only_if of the setting {name} of app {app.slug}"
        if other_name not in settings:
            yield (
                f"{owner} names the setting {other_name!r}, which the app does not have."
                f"{_format_suggestion(other_name, settings)}"
            )
            continue
        choices = list_offered_values(settings[other_name])
        for value in values:
            if choices and value not in choices:
                yield _describe_unoffered(
                    f"{owner} needs {other_name} to be", value, choices, verb=""
                )


def _find_unknown_fields(app: App, fields: Iterable[Field]) -> Iterator[str]:
    """Yield the fields of `match_first` that the app does not have."""
    names = [field.name for field in fields]
    for name in app.match_first:
        if name not in names:
            yield (
                f"match_first of app {app.slug} names the field {name!r}, which the app does not"
                f" have.{_format_suggestion(name, names)}"
            )


def _iter_app_policies(app: App) -> Iterator[Policy]:
    """Yield the policies of an app, and the settings that it names in place of a policy."""
    yield Policy("gone", app.gone, tuple(GonePolicy))
    for name in ("automatic", "mailbox"):
        setting = getattr(app, name)
        if setting:
            yield Policy(name, f"{{{setting}}}")
    for host in app.hosts:
        yield Policy("hosts", host)


def _iter_field_policies(fields: Iterable[Field]) -> Iterator[Policy]:
    """Yield the policies of fields, without values that are not text."""
    for field in fields:
        label = f"of field {field.name}"
        yield Policy(f"missing {label}", field.missing, get_args(MissingPolicy))
        yield Policy(f"differ {label}", field.differ, get_args(DifferencePolicy))
        for name in ("default", "pushed", "fill"):
            text = getattr(field, name)
            if isinstance(text, str):
                yield Policy(f"{name} {label}", text)


def _find_field_value_problems(app: App, field: Field) -> Iterator[str]:
    """Yield each value of a field that is neither of its type nor names a setting."""
    if field.default is not None and not isinstance(field.default, str):
        yield (
            f"default of field {field.name} of app {app.slug} must be the id of a QuickBooks record"
            f" as text, not {field.default!r}."
        )
    for name in ("pushed", "fill"):
        value = getattr(field, name)
        if not isinstance(value, bool | str):
            yield (
                f"{name} of field {field.name} of app {app.slug} must be True or False, or name a"
                f" setting, not {value!r}."
            )


def _describe_unoffered(
    owner: str, value: Any, choices: Collection[str], *, verb: str = " is"
) -> str:
    """Return the sentence about a value that is none of the choices, with the nearest one."""
    choice_list = ", ".join(choice for choice in choices if choice)
    hint = _format_suggestion(value, choices) if isinstance(value, str) else ""
    return f"{owner}{verb} {value!r}; there is {choice_list}.{hint}"


def _is_schema(settings: Any) -> bool:
    """Return whether a value is a marshmallow schema: a class of it, or an object."""
    if isinstance(settings, type):
        return issubclass(settings, Schema)
    return isinstance(settings, Schema)


def _format_suggestion(name: str, names: Iterable[str]) -> str:
    """Return a question with the name that is most similar, or an empty text."""
    for similar in get_close_matches(name, list(names), n=1):
        return f" Did it mean {str(similar)!r}?"
    return ""


def _is_schedule(text: Any) -> bool:
    """Return whether a value is an interval or a cron expression."""
    if not isinstance(text, str):
        return False
    try:
        Interval.parse(text)
    except Refused:
        return False
    return True
