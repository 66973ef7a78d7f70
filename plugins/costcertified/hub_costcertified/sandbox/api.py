"""The API itself: tokens, the account, and the lists of invoices, payments, payouts and expenses."""

import secrets

from hub.sandboxing import accounting, form_of, json_answer, query_of
from hub.sandboxing.strict import Wrong, json_body, page, paged, routed
from hub.sandboxing.tokens import basic_of
from hub_costcertified.sandbox.company import ACCOUNT, CLIENT, CURRENCY, NAME, REGION
from hub_costcertified.sandbox.limits import Limits

LIFETIME = 3600
LISTS = "(invoices|payments|payouts|expenses)"
ROUTES = (
    ("POST", r"/oauth/token", "token"),
    ("GET", r"/v1/account", "account"),
    ("GET", rf"/v1/{LISTS}", "list"),
    ("GET", rf"/v1/{LISTS}/([^/]+)", "one"),
    ("PUT", r"/v1/(invoices|payments)/([^/]+)/accounting-status", "status"),
)


def route(environ):
    """(name of the call, its arguments); None for the name when there is no such call."""
    return routed(ROUTES, environ)


class Api:
    """A WSGI application over the books."""

    def __init__(self, books, tokens, clock):
        self._books, self._tokens, self._limits = books, tokens, Limits(clock)

    def __call__(self, environ, start):
        name, arguments = route(environ)
        try:
            self._limits.count()
            if name is None:
                raise Wrong(404, "not_found", "There is no such call.")
            if name != "token":
                self._admit(environ, name)
            return json_answer(start, 200, getattr(self, f"_{name}")(environ, *arguments))
        except Wrong as wrong:
            return json_answer(start, wrong.status, wrong.body, wrong.headers)

    def _admit(self, environ, name):
        if self._tokens.holder(environ) is None:
            raise Wrong(401, "unauthorized", "The bearer token is missing, unknown or expired.")
        if not self._books.enabled and name != "account":
            raise Wrong(403, "payments_disabled", "This account does not take payments of clients.")

    def _token(self, environ):
        """A new pair for the newest refresh token, or once more for the one before it, should the answer be lost."""
        form = form_of(environ)
        if form.keys() != {"grant_type", "refresh_token"} or form["grant_type"] != "refresh_token":
            raise Wrong(400, "unsupported_grant_type", "Only refresh_token is supported.", "grant_type")
        client, secret = basic_of(environ)
        if not self._tokens.knows(client, secret):
            raise Wrong(401, "invalid_client", "The client id or secret is wrong.")
        newest, before = self._books.refresh
        if not form["refresh_token"] or form["refresh_token"] not in (newest, before):
            raise Wrong(400, "invalid_grant", "The refresh token was used before, or is none.", "refresh_token")
        if form["refresh_token"] == newest:
            self._books.do("rotate", token=secrets.token_urlsafe(24))
        access = self._tokens.issue(CLIENT, client)
        pair = {"access_token": access, "refresh_token": self._books.refresh[0]}
        return pair | {"token_type": "Bearer", "expires_in": LIFETIME}

    def _account(self, environ):
        enabled = self._books.enabled
        return {"id": ACCOUNT, "name": NAME, "payments_enabled": enabled, "region": REGION, "currency": CURRENCY}

    def _list(self, environ, things):
        query = query_of(environ)
        rows, more = self._books.changed(things, *page(query))
        return paged(query, rows, more)

    def _one(self, environ, things, id):
        row = self._books.row(things, id)
        if row is None:
            raise Wrong(404, "not_found", f"There is no {things[:-1]} {id}.")
        return row

    def _status(self, environ, things, id):
        self._one(environ, things, id)
        known = self._books.status(things, id)
        told = accounting.status(json_body(environ), known, "it", accounting.PLAIN)
        if told != known:
            self._books.do("status", things=things, id=id, status=told)
        return told
