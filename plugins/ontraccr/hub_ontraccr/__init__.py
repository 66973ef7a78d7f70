"""The plugin for Ontraccr: payables of jobs become bills or expenses.

Start reading in `reading`; `payables` builds the document of a payable.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hub import (
    App,
    Attachment,
    Code,
    Document,
    Field,
    FromSetting,
    NeedsAttention,
    Receipt,
    Record,
    Refused,
    Row,
    Sandbox,
    Sentence,
    Signal,
    Site,
    Tenant,
    Yielded,
    hookimpl,
    require_id,
    signed_json,
)
from hub_ontraccr import link_check, names, payables, profiles, reading, receipts
from hub_ontraccr.client import RATE_LIMIT, Ontraccr
from hub_ontraccr.settings import Settings

APP = App(
    slug="ontraccr",
    icon="hard-hat",
    name="Ontraccr",
    summary="Payables of jobs become bills or expenses, as each of them says.",
    help="Projects, cost codes and vendors are linked; what uses one without a link waits and"
    " names it.",
    posts=("bill", "expense", "vendor", "item"),
    settings=Settings,
    hosts=("{base_url}",),
    rate=RATE_LIMIT,
    wants=("queued", "posted", "part_paid", "paid", "held", "failed", "changed", "missing"),
    gone=FromSetting("deleted"),
    automatic="auto_sync",
    assumed_api=Path(__file__).with_name("openapi.yaml"),
)
WEBHOOK_WARNING_KEY = "calls refused"


@hookimpl
def hub_apps() -> list[App]:
    return [APP]


@hookimpl
def hub_fields(app: str) -> tuple[Field, ...]:
    return profiles.FIELDS


@hookimpl
def hub_check(app: str, site: Site) -> Tenant:
    source = Ontraccr(site)
    company = source.company_name()
    division = _find_division(site, company or "The company", source.divisions())
    division_name = division[names.Division.NAME]
    warnings = [site.secrets.get(WEBHOOK_WARNING_KEY), *link_check.iter_warnings(site)]
    return Tenant(
        id=require_id(division, names.Division.ID),
        name=f"{company}, {division_name}" if company else division_name,
        warnings=tuple(filter(None, warnings)),
    )


def _find_division(site: Site, company: str, divisions: Sequence[Row]) -> Row:
    """Return the division of the settings, or the only one of the company."""
    chosen_id = site.settings["division"]
    if not chosen_id and len(divisions) == 1:
        return divisions[0]
    for division in divisions:
        if str(division[names.Division.ID]) == chosen_id:
            return division
    division_names = [division[names.Division.NAME] for division in divisions]
    raise NeedsAttention(
        "%(company)s has %(count)s divisions in Ontraccr: %(called)s. Each is"
        " connected on its own; choose one in the settings of Ontraccr.",
        company=company,
        count=len(divisions),
        called=", ".join(division_names),
    )


@hookimpl
def hub_subscribe(app: str, site: Site, on: bool) -> None:
    """Set up or remove the webhook; keep a warning if that is refused, as polling goes on."""
    source = Ontraccr(site)
    try:
        if on:
            site.secrets["webhook_secret"] = source.subscribe(site.webhook_url or "")
        else:
            source.unsubscribe()
        site.secrets.pop(WEBHOOK_WARNING_KEY, None)
    except Refused as error:
        site.secrets[WEBHOOK_WARNING_KEY] = Sentence(
            "Ontraccr does not call the hub, which asks on its schedule instead. %(text)s",
            text=error.text,
        )


@hookimpl
def hub_codes(app: str, site: Site, field: str) -> list[Code]:
    source = Ontraccr(site)
    if field == "division":
        return [_build_division_code(row) for row in source.divisions()]
    if field in profiles.RECORD_TYPES:
        return profiles.list_profile_codes(site, source, field)
    return []


def _build_division_code(row: Row) -> Code:
    """Return a division as a code that an admin can choose."""
    id = str(row[names.Division.ID])
    return Code(id=id, name=row[names.Division.NAME])


@hookimpl
def hub_documents(
    app: str, site: Site, cursors: Mapping[str, str], ids: Sequence[str]
) -> Iterator[Yielded]:
    source = Ontraccr(site)
    if ids:
        yield from reading.read_exactly(site, source, ids)
    else:
        yield from reading.iter_changes(site, source, cursors)


@hookimpl
def hub_attachment(app: str, site: Site, document: Document, attachment: Attachment) -> bytes:
    payable_id = document.source_id.removeprefix(payables.PREFIX)
    return Ontraccr(site).attachment(payable_id, attachment.id)


@hookimpl
def hub_report(app: str, site: Site, document: Document, receipt: Receipt) -> None:
    source = Ontraccr(site)
    receipts.report(source, document, receipt)


@hookimpl
def hub_records(app: str, site: Site, field: str, records: Sequence[Record]) -> list[Code]:
    source = Ontraccr(site)
    return profiles.push_list(site, source, field, records)


@hookimpl
def hub_webhook(app: str, site: Site, headers: Mapping[str, str], body: bytes) -> list[Signal]:
    call = signed_json(
        headers,
        body,
        site.secrets.get("webhook_secret"),
        header="X-Ontraccr-Signature",
        signed_with="the secret that Ontraccr gave when the hub asked for its calls",
    )
    return _list_signals(call)


def _list_signals(call: Row) -> list[Signal]:
    """Return the signals of a webhook call.

    A changed profile affects the lists, and the documents that wait for its link.
    """
    topic = str(call.get(names.Change.TOPIC) or "")
    id = call.get(names.Change.ID)
    if topic == "payable.changed":
        return [Signal.read(f"{payables.PREFIX}{id}") if id else Signal.collect()]
    if topic.startswith("profile."):
        return [Signal.push_lists(), Signal.collect()]
    return [Signal.collect()]


@hookimpl
def hub_sandbox(
    app: str, folder: Path | None, documents: int | None, seed: int, demo: bool
) -> Sandbox:
    from hub_ontraccr.sandbox import open_sandbox

    stand_in = open_sandbox(folder, documents, seed, demo)
    return Sandbox(wsgi=stand_in.wsgi, settings=stand_in.settings, country="US")
