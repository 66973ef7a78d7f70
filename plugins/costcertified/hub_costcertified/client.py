"""Call CostCertified's assumed API over `site.http`."""

from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import quote

from hub import (
    ApiClient,
    NeedsAttention,
    Page,
    RefreshToken,
    Reply,
    Row,
    Sentence,
    Site,
    numbers_as_text,
    read_pages,
)
from hub_costcertified import names

RowPages = Iterator[tuple[list[Row], str | None]]  # rows, and the cursor after them

PAGE_SIZE = 100
RATE_LIMIT = "2500/5m"  # as assumed in openapi.yaml
SUPPORT_CONTACT = "CostCertified support, in its chat or by a ticket"
PAYMENTS_DISABLED_CODE = b"payments_disabled"
OPTIONAL_LISTS = ("payouts", "expenses")  # invoices and payments are posted without them
OUTDATED_STATUS = 409  # the HTTP status if CostCertified has a newer version


class CostCertified(ApiClient):
    """Calls for one account, with a bearer token; its refresh token changes with every use.

    The previous refresh token stays valid until the newer one is used, so that the answer to a
    renewal can be lost.
    """

    def __init__(self, site: Site) -> None:
        self._credentials = RefreshToken(
            site,
            "CostCertified",
            refused=Sentence(
                "CostCertified does not accept the access any more. Check client id,"
                " secret and refresh token in the settings of the app, or ask for new"
                " ones: %(support)s.",
                support=SUPPORT_CONTACT,
            ),
        )
        super().__init__(site, "CostCertified", tokens=self._credentials)
        # No cached_property: in Python 3.11 all objects share the lock that it holds meanwhile.
        self._account_currency = cache(self._read_account_currency)

    def account(self) -> Row:
        """Return the account of the credentials: name, currency, whether it takes payments."""
        self._credentials.renew()
        account: Row = self.get("/v1/account")
        return account

    def pages(self, list_name: str, cursor: str | None = None) -> RowPages:
        """Yield (rows, cursor after them) of invoices, payments, payouts or expenses."""

        def fetch(cursor: str | None) -> Page[Row]:
            """Return the page after a cursor."""
            params = {names.Page.LIMIT: PAGE_SIZE, names.Page.CURSOR: cursor}
            page = self._list(list_name, **params)
            return Page(
                [self._complete(row) for row in page[names.Page.ITEMS] or ()],
                page.get(names.Page.NEXT_CURSOR),
                page.get(names.Page.HAS_MORE),
            )

        return read_pages(fetch, cursor, "CostCertified")

    def has_list(self, list_name: str) -> bool:
        """Return whether CostCertified has a list."""
        return self.find(f"/v1/{list_name}", **{names.Page.LIMIT: 1}) is not None

    def _list(self, list_name: str, **params: Any) -> Row:
        """Return a page of a list; an empty one if CostCertified lacks an optional list."""
        path = f"/v1/{list_name}"
        if list_name not in OPTIONAL_LISTS:
            page: Row = self.get(path, **params)
            return page
        return self.find(path, **params) or {names.Page.ITEMS: []}

    def row(self, list_name: str, id: str) -> Row | None:
        """Return one row of a list, or None if CostCertified does not have it."""
        row: Row | None = self._complete(self.find(_build_row_path(list_name, id)))
        return row

    def _complete(self, row: Any) -> Any:
        """Return a row with texts for numbers, and the account's currency if it names none."""
        row = numbers_as_text(row, names.TEXTS)
        if not isinstance(row, dict) or row.get(names.Invoice.CURRENCY):
            return row
        return {**row, names.Invoice.CURRENCY: self._account_currency()}

    def _read_account_currency(self) -> str | None:
        """Return the currency of the account, if CostCertified says it."""
        account: Row = self.get("/v1/account")
        return account.get(names.Account.CURRENCY) or None

    def set_status(self, list_name: str, id: str, status: Row) -> bool:
        """Report a state to a row; return False if CostCertified has a newer one."""
        path = f"{_build_row_path(list_name, id)}/accounting-status"
        reply = self.call("PUT", path, json=status)
        if reply.status == OUTDATED_STATUS:
            return False
        self.confirm(reply, names.Status.STATE)
        return True

    def call(self, method: str, path: str, **request: Any) -> Reply:
        """Send a request; raise NeedsAttention if the account no longer takes payments."""
        reply = super().call(method, path, **request)
        if reply.status == 403 and PAYMENTS_DISABLED_CODE in reply.body:
            raise NeedsAttention(
                "The account no longer takes payments of clients through"
                " CostCertified, so nothing is exported. Switch payments on there"
                " again, or ask %(support)s.",
                support=SUPPORT_CONTACT,
            )
        return reply


def _build_row_path(list_name: str, id: str) -> str:
    """Return the path of a row in the API."""
    return f"/v1/{list_name}/{quote(id, safe='')}"
