"""The API: tokens, the account, and lists of invoices, payments, payouts and expenses."""

import secrets

from hub_costcertified import names
from hub_costcertified.sandbox import encoding
from hub_costcertified.sandbox.company import ACCOUNT_ID, CLIENT_ID, CURRENCY, NAME, REGION
from qbo_sandbox import kit
from qbo_sandbox.kit import accounting, query_of, site_of
from qbo_sandbox.kit.api import form
from qbo_sandbox.kit.strict import CallRefused, page, paginate, route

LISTS_PATTERN = "(invoices|payments|payouts|expenses)"
ROUTES = (
    ("POST", r"/oauth/token", "token"),
    ("GET", r"/v1/account", "account"),
    ("GET", rf"/v1/{LISTS_PATTERN}", "list"),
    ("GET", rf"/v1/{LISTS_PATTERN}/([^/]+)", "one"),
    ("PUT", r"/v1/(invoices|payments)/([^/]+)/accounting-status", "status"),
)
PARAMETERS = {"list": (names.Page.CURSOR, names.Page.LIMIT)}


class Api(kit.Api):
    """A WSGI application over the books."""

    routes = ROUTES
    parameters = PARAMETERS

    def __init__(self, books, tokens, limits):
        super().__init__(tokens, limits)
        self._books = books

    def call(self, environ):
        """Return the name of a call; that of a list or row is its content, such as `payment`."""
        name, parts = route(ROUTES, environ)
        if name == "list":
            return parts[0]
        if name == "one":
            return parts[0][:-1]
        return name

    def admit(self, name):
        """Refuse every call but that for the account while it takes no payments."""
        if not self._books.enabled and name != "account":
            raise CallRefused(
                403, "payments_disabled", "This account does not take payments of clients."
            )

    def _token(self, environ):
        """Answer new tokens for the newest refresh token, or for the one before it."""
        refresh_token = _refresh_token_of(environ)
        client = self.client(environ)
        newest, before = self._books.refresh
        if not refresh_token or refresh_token not in (newest, before):
            raise CallRefused(
                400,
                "invalid_grant",
                "The refresh token was used before, or is none.",
                "refresh_token",
            )
        if refresh_token == newest:
            self._books.do("rotate", token=secrets.token_urlsafe(24))
        newest, _ = self._books.refresh
        return {**self.issue_token(CLIENT_ID, client), "refresh_token": newest}

    def _account(self, environ):
        """Answer the account."""
        return encoding.account(
            {
                "id": ACCOUNT_ID,
                "name": NAME,
                "payments_enabled": self._books.enabled,
                "region": REGION,
                "currency": CURRENCY,
            }
        )

    def _list(self, environ, list_name):
        """Answer a page of a list, the oldest change first."""
        query = query_of(environ)
        after, limit = page(query, names.Page)
        rows, has_more = self._books.list_changes(list_name, after, limit)
        site = site_of(environ)
        items = [encoding.encode(list_name, row, site) for row in rows]
        return paginate(query, items, has_more, names.Page, names.Row)

    def _one(self, environ, list_name, id):
        """Answer one row."""
        row = self._books.row(list_name, id)
        if row is None:
            raise CallRefused(404, "not_found", f"There is no {list_name[:-1]} {id}.")
        return encoding.encode(list_name, row, site_of(environ))

    def _status(self, environ, list_name, id):
        """Store the status of a row in accounting."""
        self._one(environ, list_name, id)
        return accounting.store_status(
            environ,
            self._books.status(list_name, id),
            "it",
            names.Status,
            lambda status: self._books.do("status", things=list_name, id=id, status=status),
        )


def _refresh_token_of(environ):
    """Return the refresh token of a request; refuse every other kind of grant."""
    parameters = form(environ)
    is_refresh = parameters.get("grant_type") == "refresh_token"
    if not is_refresh or parameters.keys() != {"grant_type", "refresh_token"}:
        raise CallRefused(
            400, "unsupported_grant_type", "Only refresh_token is supported.", "grant_type"
        )
    return parameters["refresh_token"]
