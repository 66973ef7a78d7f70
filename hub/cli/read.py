"""Read a source without posting: `hub read`."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from hub.cli.console import (
    WholeNumber,
    as_json,
    hub,
    open_temporary_hub,
    realm_option,
    with_hub,
    with_process_lock,
)
from hub.cli.selection import find_installations
from hub.cli.settings_file import read_settings
from hub.cli.terminal import print_json_list, say
from hub.contract.checkout import require_test_tools
from hub.money import find_currency_of_country, format_amount

if TYPE_CHECKING:
    from hub.scheduling.source_preview import DocumentPreview

DEFAULT_LIMIT = 50
MAX_REPEATED_IDS = 10  # that are named
log = logging.getLogger("hub")


class ReadRequest(NamedTuple):
    """The documents that are read: of which app, which of them, and with which settings."""

    slug: str
    ids: tuple[str, ...]
    limit: int
    settings: Mapping[str, Any]


def _check_country(context: click.Context, option: click.Parameter, text: str) -> str:
    """Return the code of a country in capitals; refuse one that does not exist."""
    country = text.upper()
    if not find_currency_of_country(country):
        raise click.BadParameter(f"“{text}” is not the code of a country, such as US or NO.")
    return country


@click.command()
@click.argument("slug")
@realm_option
@click.option(
    "--only",
    "--ids",
    "ids",
    multiple=True,
    metavar="ID",
    help="This document alone, by its source id; repeat it for more.",
)
@click.option(
    "--limit",
    type=WholeNumber(1),
    default=DEFAULT_LIMIT,
    show_default=True,
    help="How many documents are read, from the beginning of the source's list.",
)
@click.option(
    "--settings",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON: settings by field name that take the place of the stored ones, or the stand-in's.",
)
@click.option(
    "--save",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Record the source's answers into this new or empty folder as JSON files, with secrets"
    " masked.",
)
@click.option(
    "--country",
    default="US",
    show_default=True,
    metavar="CC",
    callback=_check_country,
    help="Country of the company of an app that is not enabled, which has its currency; outside US"
    " lines have tax codes.",
)
@click.option("--stand-in", is_flag=True, help="Read the app's stand-in; no hub is needed for it.")
@as_json
def read(
    slug: str,
    realm: str | None,
    ids: tuple[str, ...],
    limit: int,
    file: Path | None,
    folder: Path | None,
    country: str,
    stand_in: bool,
    as_json: bool,
) -> None:
    """Print what the hub would make of the documents of SLUG.

    What it would post is printed, too; nothing is stored or posted. For an enabled app the codes
    are matched and the checks before posting are made, as a run does. An app that is not enabled is
    read with the settings of the file alone, and needs neither a company nor a hub: in what would
    be posted, unmatched:CODE stands for the record of a code, and the tax that amounts contain is
    divided in proportion, because the rates of tax codes are not known. With --stand-in documents
    and codes are only listed. In both cases a setting that has to name a record names 1 unless the
    file says otherwise. unposted:ID stands for a document that is not posted yet.
    """
    settings = _without_hub_settings(read_settings(file))
    request = ReadRequest(slug, ids, max(limit, len(ids)), settings)
    if stand_in and folder is not None:
        raise click.UsageError("--save records a source; with --stand-in none is called.")
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise click.UsageError(
            f"{folder} is not empty, so answers of two runs would be mixed. Name a new folder."
        )
    with _explain_settings(slug):
        if stand_in:
            _print(_require_documents(request, _preview_stand_in(request)), as_json)
        elif realm is None and not _is_enabled(slug):
            _read_unmatched(request, country, folder, as_json)
        else:
            _read_installation(request, realm, folder, as_json)


@contextmanager
def _explain_settings(slug: str) -> Iterator[None]:
    """Say how settings are passed if those of an app do not fit; reading saves none."""
    from hub.errors import Refused, SettingsInvalid

    try:
        yield
    except SettingsInvalid as error:
        raise Refused(
            f"{slug} cannot be read with these settings. {error.problems} The JSON file of"
            " --settings FILE has them by field name, and --stand-in needs none."
        ) from None


def _without_hub_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the app; name those that only `hub apps enable` takes of the file."""
    from hub.installations.hub_answers import HUB_SETTINGS

    unused_names = sorted(settings.keys() & HUB_SETTINGS.keys())
    if unused_names:
        say(f"Not used for reading: {', '.join(unused_names)}.", err=True)
    return {name: value for name, value in settings.items() if name not in unused_names}


@with_hub
@with_process_lock
def _read_installation(
    request: ReadRequest, realm: str | None, folder: Path | None, as_json: bool
) -> None:
    """Print the previews of an enabled app, and record the responses of its source."""
    from hub import sources
    from hub.errors import Refused
    from hub.scheduling import source_preview

    row, *further_rows = find_installations(request.slug, realm, "app-owner")
    if further_rows:
        raise Refused(f"{request.slug} is enabled for several companies; name one with --realm.")
    draft_values: dict[str, Any] = {}
    if request.settings:
        draft = sources.make_draft(sources.get_app(row), row, request.settings)
        draft_values = {"settings": draft.settings, "secrets": draft.secrets}
    with _record_responses(folder):
        previews = source_preview.preview_installation(
            row.id, ids=request.ids, limit=request.limit, **draft_values
        )
        _print(_require_documents(request, previews), as_json)


def _read_unmatched(request: ReadRequest, country: str, folder: Path | None, as_json: bool) -> None:
    """Print the previews of an app that is not enabled, and record the responses of its source."""
    from hub.scheduling import unmatched_preview

    with open_temporary_hub(), _record_responses(folder):
        previews = unmatched_preview.preview_app(
            request.slug,
            request.settings,
            ids=request.ids,
            limit=request.limit,
            country=country,
        )
        _print(_require_documents(request, previews), as_json)
        say(
            "The app is not enabled, so no code has a match. The company is taken to be in"
            f" {country}; --country names another.",
            err=True,
        )


def _is_enabled(slug: str) -> bool:
    """Return whether an app is enabled for any company; False if there is no hub."""
    from sqlalchemy import exists, select

    from hub import config
    from hub.db.engine import read_only_session
    from hub.models import Installation

    is_in_context = click.get_current_context().obj is not None
    has_hub = is_in_context or config.names_database() or config.data_folder().exists()
    if not has_hub:
        return False
    is_enabled = exists().where(Installation.slug == slug, Installation.enabled)
    with hub(), read_only_session() as session:
        return bool(session.scalar(select(is_enabled)))


@contextmanager
def _record_responses(folder: Path | None) -> Iterator[None]:
    """Record the responses of the source into a folder, if there is one, and say how many."""
    from hub.sources import recording

    if folder is None:
        yield
        return
    recorder = recording.start(folder)
    yield
    count = "1 answer" if recorder.count == 1 else f"{recorder.count} answers"
    say(f"{count} recorded in {recorder.folder}. Names and amounts are not masked.", err=True)


def _preview_stand_in(request: ReadRequest) -> "Iterator[DocumentPreview]":
    """Yield the previews of an app's stand-in in this process."""
    require_test_tools("`hub read --stand-in`")
    from itertools import islice

    from marshmallow import ValidationError

    from hub.collect.read import check_item
    from hub.contract import settings_schema
    from hub.errors import Refused, SettingsInvalid
    from hub.scheduling import source_preview, unmatched_preview
    from hub.testing import bench as benches

    plugins = benches.load_plugins()
    app = benches.app_of(plugins, request.slug)
    if app.files and not plugins.has(request.slug, "hub_sandbox"):
        raise Refused(
            "%(app)s reads files, so it has no stand-in. Start `hub dev %(slug)s` and upload one.",
            app=app.name,
            slug=request.slug,
        )
    answers = {**unmatched_preview.build_placeholder_settings(app), **request.settings}
    with _report_defects(app.name, "opening its stand-in"):
        try:
            bench = benches.Bench(request.slug, answers, plugins=plugins, waits=True)
        except ValidationError as error:
            raise SettingsInvalid(app.name, dict(error.messages_dict)) from None
    with _report_defects(app.name, "reading its documents"):
        fields = bench.fields()
        record_settings = settings_schema.record_settings(app, bench.settings)
        items = source_preview.drop_checkpoints(bench.reading(ids=request.ids))
        for item in islice(items, request.limit):
            checked = check_item(app, item)
            yield source_preview.preview_item(checked, fields, record_settings)


@contextmanager
def _report_defects(app_name: str, action: str) -> Iterator[None]:
    """Turn an exception of a plugin into an error that names its app; log where it was raised."""
    from hub.errors import HubError, Refused

    try:
        yield
    except HubError:
        raise
    except Exception as error:
        log.exception("%s failed while %s", app_name, action)
        raise Refused(
            "%(app)s's plugin failed while %(action)s (%(type)s: %(error)s). The lines above say"
            " where in its code. Nothing was stored.",
            app=app_name,
            action=action,
            type=type(error).__name__,
            error=" ".join(str(error).split()).rstrip("."),
        ) from error


def _require_documents(
    request: ReadRequest, previews: "Iterable[DocumentPreview]"
) -> "Iterator[DocumentPreview]":
    """Yield the previews; then raise NotFound for an id that the source did not answer."""
    from hub.errors import NotFound

    missing = dict.fromkeys(request.ids)
    for preview in previews:
        missing.pop(preview.source_id, None)
        yield preview
    if missing:
        raise NotFound(f"document of {request.slug} with the id", next(iter(missing)))


def _print(previews: "Iterable[DocumentPreview]", as_json: bool) -> None:
    """Print the previews as JSON, or as text with a sum at the end."""
    if as_json:
        print_json_list(asdict(preview) for preview in previews)
        return
    counts: dict[str, int] = {}
    count_of_id: dict[str, int] = {}
    for preview in previews:
        counts[preview.state] = counts.get(preview.state, 0) + 1
        count_of_id[preview.source_id] = count_of_id.get(preview.source_id, 0) + 1
        _print_document(preview)
    total = sum(counts.values())
    states = ", ".join(f"{count} {state}" for state, count in counts.items())
    documents = "1 document" if total == 1 else f"{total} documents"
    say(f"{documents} read{': ' if states else ''}{states}. Nothing was stored or posted.")
    repeated_ids = [id for id, count in count_of_id.items() if count > 1]
    if repeated_ids:
        ids = ", ".join(repeated_ids[:MAX_REPEATED_IDS])
        say(
            f"Read more than once: {ids}. A run takes another version of a document, and stops if"
            " two documents have one id."
        )


def _print_document(preview: "DocumentPreview") -> None:
    """Print a document: its facts, the reasons for its state, and its codes."""
    facts = (preview.kind, preview.number, preview.date, _format_total(preview))
    about = "  ".join(str(fact) for fact in facts if fact)
    say(f"{preview.source_id}  {preview.state}  {about}".rstrip())
    for reason in preview.reasons:
        say(f"  {reason}")
    for code in preview.codes:
        say(f"  {code.describe()}")
    for application in preview.applied:
        say(f"  {application.describe()}")
    for payload in preview.payloads:
        say(f"  would post {json.dumps(payload, ensure_ascii=False, default=str)}")


def _format_total(preview: "DocumentPreview") -> str:
    """Return the total of a document with its currency, if it has any."""
    if preview.total is None:
        return ""
    if not preview.currency:
        return f"{preview.total:,}"
    return format_amount(preview.total, preview.currency)
