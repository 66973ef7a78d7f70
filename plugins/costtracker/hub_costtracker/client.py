"""Call CostTracker's assumed API over `site.http`."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from hub import (
    AccessNeeded,
    ApiClient,
    ClientCredentials,
    NeedsAttention,
    Page,
    Refused,
    Reply,
    Row,
    Sentence,
    Site,
    numbers_as_text,
    read_pages,
)
from hub_costtracker import names

RowPages = Iterator[tuple[list[Row], str | None]]  # rows, and the cursor after them

PAGE_SIZE = 100
RATE_LIMIT = "1000/30s"  # as assumed in openapi.yaml
SUPPORT_CONTACT = (
    "CostTracker support (support@costtracker.no, or the integration section in CostTracker)"
)
NO_INTEGRATIONS_CODE = b"integrations_disabled"
OUTDATED_STATUS = 409  # the HTTP status if CostTracker has a newer version


class CostTracker(ApiClient):
    """Calls for one account, with a bearer token that is renewed when CostTracker rejects it."""

    def __init__(self, site: Site) -> None:
        self._credentials = ClientCredentials(
            site,
            "CostTracker",
            refused=Sentence(
                "CostTracker does not accept the client id and secret. Check them in the"
                " settings of the app, or ask %(support)s for new ones.",
                support=SUPPORT_CONTACT,
            ),
        )
        super().__init__(site, "CostTracker", tokens=self._credentials)

    def account(self) -> Row:
        """Return the account of the credentials; raise AccessNeeded if it has no integrations."""
        self._credentials.renew()
        account: Row = self.get("/v1/account")
        if account.get(names.Account.INTEGRATIONS_ENABLED) is False:
            raise AccessNeeded(
                Sentence(
                    "The CostTracker account %(name)s does not have integrations yet.",
                    name=str(account[names.Account.NAME]),
                ),
                SUPPORT_CONTACT,
            )
        return account

    def invoices(self, cursor: str | None = None) -> RowPages:
        """Yield (rows, cursor after them), page by page, oldest change first."""
        return self._pages("/v1/invoices", cursor)

    def invoice(self, id: str) -> Row | None:
        """Return one invoice, or None if CostTracker does not have it."""
        row: Row | None = numbers_as_text(self.find(_build_invoice_path(id)), names.TEXTS)
        return row

    def attachment(self, invoice: str, id: str) -> bytes:
        """Return the bytes of a file."""
        path = f"{_build_invoice_path(invoice)}/attachments/{quote(id, safe='')}"
        reply = self.call("GET", path)
        if reply.not_found:
            raise Refused(
                "CostTracker no longer has this file. Upload it there again, or attach it in"
                " QuickBooks."
            )
        return reply.check().body

    def set_status(self, invoice: str, status: Row) -> bool:
        """Report a state to an invoice; return False if CostTracker has a newer one."""
        path = f"{_build_invoice_path(invoice)}/accounting-status"
        reply = self.call("PUT", path, json=status)
        if reply.status == OUTDATED_STATUS:
            return False
        self.confirm(reply, names.Status.STATE)
        return True

    def suppliers(self, cursor: str | None = None) -> RowPages:
        """Yield (rows, cursor after them) of the suppliers that people edited in CostTracker."""
        return self._pages("/v1/suppliers", cursor)

    def push_entries(self, kind: str, items: Sequence[Row]) -> Row:
        """Push entries of a list to CostTracker; return its ids by the ids of QuickBooks.

        An entry that CostTracker did not take has none.
        """
        path = f"/v1/master-data/{kind}"
        reply = self.call("PUT", path, json={names.Record.ITEMS: items})
        answer = self.confirm(reply, names.Record.IMPORTED)
        own_ids = {}
        for row in answer.get(names.Record.IMPORTED) or ():
            if row[names.Record.ID] is not None:
                own_ids[str(row[names.Record.EXTERNAL_ID])] = str(row[names.Record.ID])
        return own_ids

    def _pages(self, path: str, cursor: str | None) -> RowPages:
        """Yield (rows, cursor after them) of a list, starting at a cursor."""

        def fetch(cursor: str | None) -> Page[Row]:
            """Return the page after a cursor."""
            params = {names.Page.LIMIT: PAGE_SIZE, names.Page.CURSOR: cursor}
            page = self.get(path, **params)
            return Page(
                numbers_as_text(page[names.Page.ITEMS] or [], names.TEXTS),
                page.get(names.Page.NEXT_CURSOR),
                page.get(names.Page.HAS_MORE),
            )

        return read_pages(fetch, cursor, "CostTracker")

    def call(self, method: str, path: str, **request: Any) -> Reply:
        """Send a request; raise NeedsAttention if the account lost its integrations."""
        reply = super().call(method, path, **request)
        if reply.status == 403 and NO_INTEGRATIONS_CODE in reply.body:
            raise NeedsAttention(
                "The CostTracker account no longer has integrations, so nothing is read or"
                " reported. Ask %(support)s for access.",
                support=SUPPORT_CONTACT,
            )
        return reply


def _build_invoice_path(id: str) -> str:
    """Return the path of an invoice in the API."""
    return f"/v1/invoices/{quote(id, safe='')}"
