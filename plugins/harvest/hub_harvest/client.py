"""Call Harvest's API v2 over `site.http`.

Harvest documents it at help.getharvest.com/api-v2; the limits and the headers that each call needs
are under “General”, the links between pages under “Pagination”.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

from hub import ApiClient, Refused, Retry, Row, Site, read_linked_pages, web_address

RATE_LIMIT = "100/15s"
PAGE_SIZE = 2000  # the most that Harvest allows
PROGRAM_NAME = "QuickBooks Online hub"


class Harvest:
    """Calls for one account, with the token of the settings."""

    def __init__(self, site: Site) -> None:
        headers = {
            "Harvest-Account-Id": site.settings["account_id"],
            "User-Agent": f"{PROGRAM_NAME} ({_get_contact_address(site)})",
        }
        token = site.secrets["token"]
        self.api = ApiClient(site, "Harvest", bearer=token, headers=headers)
        # No cached_property: in Python 3.11 all objects share the lock that it holds meanwhile.
        self._pages_url = cache(self._read_pages_url)

    def company(self) -> Row:
        """Return the company that the account belongs to."""
        company: Row = self.api.get("/v2/company")
        return company

    def require_invoices(self) -> None:
        """Raise NeedsAttention unless the token may read invoices."""
        self.api.get("/v2/invoices", per_page="1")

    def _read_pages_url(self) -> str:
        """Return the address of the account's pages for people."""
        return str(self.company()["base_uri"]).rstrip("/")

    def invoice_url(self, row: Row) -> str | None:
        """Return the address of an invoice's page, which shows its payments, too."""
        return web_address(f"{self._pages_url()}/invoices/{row['id']}")

    def invoice(self, id: str) -> Row | None:
        """Return an invoice, or None if Harvest does not have it."""
        row: Row | None = self.api.find(_build_invoice_path(id))
        return row

    def invoices(self, since: str, page: str) -> Iterator[tuple[list[Row], str]]:
        """Yield (invoices, link to the next page) of the invoices that changed since a moment."""
        parameters = {
            "per_page": str(PAGE_SIZE),
            "updated_since": since or None,
        }
        return self._pages("/v2/invoices", "invoices", parameters, page)

    def payments(self, invoice_id: Any) -> list[Row]:
        """Return all payments of an invoice; none if it was deleted since it was read."""
        path = f"{_build_invoice_path(invoice_id)}/payments"
        rows: list[Row] = []
        try:
            for page, _ in self._pages(path, "invoice_payments", {}):
                rows += page
        except Refused:
            if self.invoice(str(invoice_id)) is None:
                return []
            raise
        return rows

    def messages(self, invoice_id: str) -> Iterator[Row]:
        """Yield the messages of an invoice."""
        path = f"{_build_invoice_path(invoice_id)}/messages"
        for page, _ in self._pages(path, "invoice_messages", {}):
            yield from page

    def add_message(self, invoice_id: str, message: Row) -> None:
        """Add a message to an invoice; Harvest mails it to its recipients.

        Raise Retry if the answer is no message, such as a page that asks to sign in.
        """
        path = f"{_build_invoice_path(invoice_id)}/messages"
        answer = self.api.call("POST", path, json=message).check().json()
        if not isinstance(answer, dict) or not answer.get("id"):
            raise Retry(
                "Harvest does not say that it added the message to the invoice; it is added later,"
                " unless Harvest has it by then."
            )

    def _pages(
        self,
        path: str,
        name: str,
        parameters: dict[str, str | None],
        page: str = "",
    ) -> Iterator[tuple[list[Row], str]]:
        """Yield (rows, link to the next page) of a list, starting with the page of a link.

        The links have cursors, so that a deletion meanwhile does not shift the pages.
        """

        def fetch(link: str) -> tuple[list[Row], str | None]:
            """Return the rows of a page, and the link to the next one."""
            answer = self.api.get(link) if link else self.api.get(path, **parameters)
            next_link = answer["links"]["next"]
            return answer[name], next_link

        return read_linked_pages(fetch, page, "Harvest")


def _get_contact_address(site: Site) -> str:
    """Return the contact in the settings, or else the address of the hub."""
    if site.settings["contact"]:
        return str(site.settings["contact"])
    hub = urlsplit(site.webhook_url or "")
    return f"{hub.scheme}://{hub.netloc}"


def _build_invoice_path(id: Any) -> str:
    """Return the path of an invoice in the API."""
    return f"/v2/invoices/{quote(str(id), safe='')}"
