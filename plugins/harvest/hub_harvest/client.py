"""Harvest's API v2, and only the calls that the app makes."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from hub import Refused, Reply, Retry, Row, Site

RATE = "100/15s"  # how often Harvest may be called
PAGE_SIZE = 100  # of at most 2,000
USER_AGENT = "QuickBooks Online hub (qbo-hub)"  # Harvest refuses calls without one


class Harvest:
    """The calls of the app, each with the token and the account of the settings."""

    def __init__(self, site: Site) -> None:
        self._http = site.http
        self._base = site.settings["base_url"].rstrip("/")
        self._headers = {
            "Authorization": f"Bearer {site.secrets['token']}",
            "Harvest-Account-Id": site.settings["account_id"],
            "User-Agent": USER_AGENT,
        }
        self.date = ""  # when the last answer was sent, by the clock of Harvest

    def company(self) -> Row:
        """Return the company that the account belongs to."""
        company: Row = self._call("GET", f"{self._base}/v2/company").check().json()
        return company

    def invoice(self, id: str) -> Row | None:
        """Return an invoice, or None if Harvest does not have it."""
        reply = self._call("GET", f"{self._base}/v2/invoices/{quote(id, safe='')}")
        if reply.not_found:
            return None
        row: Row = reply.check().json()
        return row

    def invoices(self, since: str, page: str) -> Iterator[tuple[list[Row], str]]:
        """Yield (invoices, link to the next page) of what changed since a moment."""
        parameters = {"per_page": str(PAGE_SIZE)}
        if since:
            parameters["updated_since"] = since
        return self._pages("/v2/invoices", "invoices", parameters, page)

    def payments(self, invoice_id: Any) -> list[Row]:
        """Return all payments of an invoice."""
        path = f"/v2/invoices/{quote(str(invoice_id), safe='')}/payments"
        rows: list[Row] = []
        for page, _ in self._pages(path, "invoice_payments", {}):
            rows += page
        return rows

    def messages(self, invoice_id: str) -> Iterator[Row]:
        """Yield the messages of an invoice."""
        path = f"/v2/invoices/{quote(invoice_id, safe='')}/messages"
        for page, _ in self._pages(path, "invoice_messages", {}):
            yield from page

    def add_message(self, invoice_id: str, message: Row) -> None:
        """Add a message to an invoice; Harvest mails it to its recipients."""
        address = f"{self._base}/v2/invoices/{quote(invoice_id, safe='')}/messages"
        self._call("POST", address, json=message).check()

    def _pages(
        self, path: str, name: str, parameters: dict[str, str], page: str = ""
    ) -> Iterator[tuple[list[Row], str]]:
        """Yield (rows, link to the next page) of a list, from the page of a link on."""
        while True:
            if page:
                reply = self._call("GET", self._own(page))
            else:
                reply = self._call("GET", f"{self._base}{path}", params=parameters)
            answer = reply.check().json()
            next_page = answer["links"]["next"] or ""
            if next_page and next_page == page:
                raise Retry("Harvest sent the same page twice; it is asked again later.")
            page = next_page
            yield answer[name], page
            if not page:
                return

    def _own(self, link: str) -> str:
        """Return a link to a page; refuse one to another server, which would get the token."""
        if not link.startswith(f"{self._base}/"):
            raise Refused("Harvest sent a link to another address as its next page.")
        return link

    def _call(self, method: str, address: str, **request: Any) -> Reply:
        reply = self._http.request(method, address, headers=self._headers, **request)
        date = reply.headers.get("Date", "")
        self.date = f"{parsedate_to_datetime(date):%Y-%m-%dT%H:%M:%SZ}" if date else ""
        return reply
