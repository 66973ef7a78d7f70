"""The plugin for files: bills and invoices from CSV and Excel tables and from e-invoices.

Start reading in `reading`; `rows` builds the documents of tables, `invoices` of e-invoices.
"""

from collections.abc import Iterator, Mapping, Sequence

from hub import (
    App,
    Attachment,
    Document,
    Field,
    FileContent,
    FileKinds,
    FromSetting,
    ReceivedFile,
    Site,
    Tenant,
    Yielded,
    hookimpl,
)
from hub_files import columns, reading
from hub_files.settings import Settings


@hookimpl
def hub_apps() -> list[App]:
    return [
        App(
            slug="files",
            icon="file",
            name="Files",
            summary="Bills and invoices from CSV, Excel and e-invoice files.",
            help="Upload a file on the page of the app, or place it in the folder that the hub"
            " watches. The columns of a table are mapped once.",
            posts=("bill", "vendor_credit", "invoice", "credit_memo", "vendor", "customer"),
            settings=Settings,
            files=FileKinds(
                suffixes=(".csv", ".xlsx", ".xml"), fields=tuple(columns.iter_mapping_fields())
            ),
        )
    ]


@hookimpl
def hub_fields(app: str) -> list[Field]:
    return [
        Field(
            name="supplier",
            label="Supplier",
            role="vendor",
            match=("name",),
            missing=FromSetting("suppliers"),
        ),
        Field(
            name="customer",
            label="Customer",
            role="customer",
            match=("name",),
            missing=FromSetting("customers"),
        ),
        Field(
            name="account_code",
            label="Account",
            role="account",
            match=("number", "name"),
        ),
        Field(
            name="accounting_cost",
            label="Account of the buyer",
            role="account",
            match=("number", "name"),
            default=FromSetting("account"),
        ),
        Field(name="product", label="Product or service", role="item", match=("name",)),
        Field(name="tax", label="Tax code", role="tax_code", match=("name",)),
        Field(name="class", label="Class", role="class", match=("name",)),
    ]


@hookimpl
def hub_check(app: str, site: Site) -> Tenant:
    return Tenant(id="files", name="Received files")


@hookimpl
def hub_file(app: str, site: Site, file: ReceivedFile, content: bytes) -> FileContent:
    return reading.read_content(site, file, content)


@hookimpl
def hub_documents(
    app: str, site: Site, cursors: Mapping[str, str], ids: Sequence[str]
) -> Iterator[Yielded]:
    if ids:
        yield from reading.read_exactly(site, ids)
    else:
        yield from reading.iter_changes(site, cursors)


@hookimpl
def hub_attachment(app: str, site: Site, document: Document, attachment: Attachment) -> bytes:
    return reading.read_attachment(site, document, attachment)
