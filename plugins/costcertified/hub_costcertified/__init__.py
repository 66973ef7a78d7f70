"""The plugin for CostCertified: invoices and payments of clients, payouts, and their fees.

Start reading in `reading`; `invoices`, `payments`, `payouts` and `expenses` build the documents.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hub import (
    AccessNeeded,
    App,
    Code,
    Document,
    Field,
    FromSetting,
    Receipt,
    Row,
    Sandbox,
    Sentence,
    Signal,
    Site,
    Tenant,
    Yielded,
    codes_in_use,
    hookimpl,
    require_id,
    signed_json,
)
from hub_costcertified import codes, expenses, invoices, names, payouts, reading, receipts
from hub_costcertified.client import RATE_LIMIT, SUPPORT_CONTACT, CostCertified
from hub_costcertified.settings import Settings

APP = App(
    slug="costcertified",
    icon="ruler",
    name="CostCertified",
    summary="Invoices sent to clients become invoices, what clients paid becomes payments, payouts"
    " become deposits. For QuickBooks Online; QuickBooks Desktop is not supported.",
    help="For QuickBooks Online; QuickBooks Desktop is not supported. In CostCertified, set up"
    " payments of clients first: then its menu shows “Accounting export settings”, the entry for"
    " QuickBooks. If that entry is missing, ask CostCertified in its chat or open a ticket. Process"
    " in CostCertified and track in QuickBooks: what is changed in QuickBooks is shown here and"
    " never sent back, and invoices are not mailed from there.",
    posts=(
        "invoice",
        "payment",
        "refund",
        "deposit",
        "expense",
        "bill",
        "bill_payment",
        "customer",
        "item",
        "vendor",
    ),
    settings=Settings,
    hosts=("{base_url}",),
    rate=RATE_LIMIT,
    wants=("posted", "held", "failed"),
    gone=FromSetting("voided"),
    assumed_api=Path(__file__).with_name("openapi.yaml"),
)


@hookimpl
def hub_apps() -> list[App]:
    return [APP]


@hookimpl
def hub_fields(app: str) -> tuple[Field, ...]:
    return codes.FIELDS


@hookimpl
def hub_check(app: str, site: Site) -> Tenant:
    source = CostCertified(site)
    account = source.account()
    name = account[names.Account.NAME]
    if not account[names.Account.PAYMENTS_ENABLED]:
        raise AccessNeeded(
            Sentence(
                "%(name)s does not take payments of clients through CostCertified yet.", name=name
            ),
            SUPPORT_CONTACT,
        )
    return Tenant(
        id=require_id(account, names.Account.ID),
        name=name,
        warnings=tuple(_warn_of_missing_lists(site, source)),
    )


def _warn_of_missing_lists(site: Site, source: CostCertified) -> Iterator[str]:
    """Yield a warning for each list that the settings need and CostCertified does not have."""
    if site.settings["payouts"] == "deposit" and not source.has_list(payouts.LIST_NAME):
        yield Sentence(
            "CostCertified shows no payouts to the hub, so no bank deposit is made of them. Let"
            " every payment reach the bank by itself, in the settings of the app."
        )
    if site.settings["expenses"] and not source.has_list(expenses.LIST_NAME):
        yield Sentence("CostCertified shows no expenses to the hub, so none is posted.")


@hookimpl
def hub_codes(app: str, site: Site, field: str) -> list[Code | str]:
    source = CostCertified(site)
    documents = reading.iter_changes(site, source, {})
    return codes_in_use(documents, field)


@hookimpl
def hub_documents(
    app: str, site: Site, cursors: Mapping[str, str], ids: Sequence[str]
) -> Iterator[Yielded]:
    source = CostCertified(site)
    if ids:
        yield from reading.read_exactly(site, source, ids)
    else:
        yield from reading.iter_changes(site, source, cursors)


@hookimpl
def hub_report(app: str, site: Site, document: Document, receipt: Receipt) -> None:
    source = CostCertified(site)
    receipts.report(source, document, receipt)


@hookimpl
def hub_webhook(app: str, site: Site, headers: Mapping[str, str], body: bytes) -> list[Signal]:
    call = signed_json(
        headers,
        body,
        site.secrets.get("webhook_secret"),
        header="X-CostCertified-Signature",
        signed_with="the webhook secret that the CostCertified settings hold",
    )
    return _list_signals(call)


def _list_signals(call: Row) -> list[Signal]:
    """Return the signals of a webhook call."""
    topic = str(call.get(names.Change.TOPIC) or "")
    id = call.get(names.Change.ID)
    if topic.startswith("invoice."):
        return [Signal.read(f"{invoices.PREFIX}{id}") if id else Signal.collect()]
    return [Signal.collect()]


@hookimpl
def hub_sandbox(
    app: str, folder: Path | None, documents: int | None, seed: int, demo: bool
) -> Sandbox:
    from hub_costcertified.sandbox import open_sandbox

    stand_in = open_sandbox(folder, documents, seed, demo)
    return Sandbox(wsgi=stand_in.wsgi, settings=stand_in.settings, country="US")
