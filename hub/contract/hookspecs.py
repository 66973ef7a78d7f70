"""The hooks that a plugin implements."""

# mypy: disable-error-code="empty-body"

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pluggy

from hub.contract.documents import Attachment, Code, Document, Yielded
from hub.contract.files import FileContent, ReceivedFile
from hub.contract.receipts import Receipt
from hub.contract.types import App, Field, Record, Sandbox, Signal, Site, Tenant

hookspec = pluggy.HookspecMarker("hub")
hookimpl = pluggy.HookimplMarker("hub")


@hookspec
def hub_apps() -> Sequence[App]:
    """Return the apps of this plugin; called once, at start."""


@hookspec(firstresult=True)
def hub_fields(app: str) -> Sequence[Field]:
    """Return the code fields that documents of the app use.

    It is called when the plugin is loaded, and often; it gets no site and must call no source.
    """


@hookspec(firstresult=True)
def hub_check(app: str, site: Site) -> Tenant:
    """Check that the settings reach an account and return it; change nothing there.

    It is called before settings are saved, and in runs. Settings for which it raises an error are
    not saved; the page shows the sentence of the error.
    """


@hookspec(firstresult=True)
def hub_subscribe(app: str, site: Site, on: bool) -> None:
    """Turn webhooks to `site.webhook_url` on after settings were saved, off when disabled."""


@hookspec(firstresult=True)
def hub_codes(app: str, site: Site, field: str) -> Sequence[Code | str]:
    """Return the current codes of a field, for settings with `choices_from="code:FIELD"`.

    A text stands for `Code(id=text)`. Return an empty list for any other field.
    """


@hookspec(firstresult=True)
def hub_documents(
    app: str, site: Site, cursors: Mapping[str, str], ids: Sequence[str]
) -> Iterable[Yielded]:
    """Yield every document that changed since the cursors, or exactly `ids`.

    `cursors` has the cursor of the last Checkpoint of each stream by the name of the stream; it is
    empty at first, and always with `ids`. Do not filter rows; set their `stage`.
    """


@hookspec(firstresult=True)
def hub_attachment(app: str, site: Site, document: Document, attachment: Attachment) -> bytes:
    """Return the bytes of a file, which is uploaded after the document is posted.

    Raise `Refused` if the source does not have the file: a case in the inbox then says so. A file
    of more than 20 MB becomes a case, too.
    """


@hookspec(firstresult=True)
def hub_file(app: str, site: Site, file: ReceivedFile, content: bytes) -> FileContent:
    """Read a file that arrived or was mapped; raise `Refused` if it cannot be used."""


@hookspec
def hub_report(app: str, site: Site, document: Document, receipt: Receipt) -> None:
    """Report a receipt to the source.

    The call is repeated until it raises nothing, or `Refused`, which is a warning. A plugin without
    apps gets the receipts of all apps, with a site that has no secrets and may call no host.
    """


@hookspec(firstresult=True)
def hub_records(app: str, site: Site, field: str, records: Sequence[Record]) -> Sequence[Code]:
    """Push the whole list of a field's role into the source.

    Return the codes of the source that are linked to a record, each with the id of that record as
    `quickbooks_id`. The hub stores these links as matches; an empty `quickbooks_id` removes a link.
    """


@hookspec(firstresult=True)
def hub_webhook(app: str, site: Site, headers: Mapping[str, str], body: bytes) -> Sequence[Signal]:
    """Interpret a webhook call of the source; raise `Refused` if its signature is wrong.

    Without a signal, the hub collects as on the schedule. The names of `headers` are
    case-insensitive, and cookies are left out.
    """


@hookspec(firstresult=True)
def hub_sandbox(
    app: str, folder: Path | None, documents: int | None, seed: int, demo: bool
) -> Sandbox:
    """Return a stand-in for the source; its journal is in `folder`, or in memory if that is None.

    It has so many `documents`, or as many as it wants if that is None. With `demo`, one or two of
    them should need a person. Import the stand-in inside this hook: the hub and your plugin also
    run without the packages of the plugin's extra `sandbox`.
    """
