"""The API itself: token, invoices with their files, pushed lists, supplier edits, the account."""

from hub.sandboxing import accounting, form_of, json_answer, query_of, text_answer
from hub.sandboxing.strict import Wrong, json_body, paged, routed
from hub.sandboxing.tokens import basic_of
from hub_costtracker.sandbox import checks, files, views
from hub_costtracker.sandbox.company import ACCOUNT, CLIENT, NAME, USERS

LIFETIME = 86400
ROUTES = (
    ("POST", r"/oauth/token", "token"),
    ("GET", r"/v1/account", "account"),
    ("GET", r"/v1/invoices", "invoices"),
    ("GET", r"/v1/invoices/([^/]+)", "invoice"),
    ("GET", r"/v1/invoices/([^/]+)/attachments/([^/]+)", "attachment"),
    ("PUT", r"/v1/invoices/([^/]+)/accounting-status", "status"),
    ("PUT", r"/v1/master-data/([^/]+)", "push"),
    ("GET", r"/v1/suppliers", "suppliers"),
)


def route(environ):
    """(name of the call, its arguments); None for the name when there is no such call."""
    return routed(ROUTES, environ)


class Api:
    """A WSGI application over the books."""

    def __init__(self, books, tokens):
        self._books, self._tokens = books, tokens

    def __call__(self, environ, start):
        name, arguments = route(environ)
        try:
            if name is None:
                raise Wrong(404, "not_found", "There is no such call.")
            if name != "token":
                self._admit(environ, name)
            answer = getattr(self, f"_{name}")(environ, *arguments)
        except Wrong as wrong:
            return json_answer(start, wrong.status, wrong.body)
        if isinstance(answer, tuple):
            mime, content = answer
            return text_answer(start, 200, content, mime)
        return json_answer(start, 200, answer)

    def _admit(self, environ, name):
        if self._tokens.holder(environ) is None:
            raise Wrong(401, "unauthorized", "The bearer token is missing, unknown or expired.")
        if not self._books.integrations and name != "account":
            raise Wrong(403, "integrations_disabled", "This account does not have integrations.")

    def _token(self, environ):
        if form_of(environ) != {"grant_type": "client_credentials"}:
            raise Wrong(400, "unsupported_grant_type", "Only client_credentials is supported.", "grant_type")
        client, secret = basic_of(environ)
        if not self._tokens.knows(client, secret):
            raise Wrong(401, "invalid_client", "The client id or secret is wrong.")
        return {"access_token": self._tokens.issue(CLIENT, client), "token_type": "Bearer", "expires_in": LIFETIME}

    def _account(self, environ):
        opened = self._books.integrations
        return {"id": ACCOUNT, "name": NAME, "plan": "complete", "integrations_enabled": opened, "users": USERS}

    def _invoices(self, environ):
        query = query_of(environ)
        after, limit = checks.page(query, "status")
        return paged(query, *self._books.changed_invoices(after, limit, query.get("status")))

    def _suppliers(self, environ):
        query = query_of(environ)
        return paged(query, *self._books.changed_suppliers(*checks.page(query)))

    def _invoice(self, environ, id):
        return self._known(id)

    def _known(self, id):
        invoice = self._books.invoice(id)
        if invoice is None:
            raise Wrong(404, "not_found", f"There is no invoice {id}.")
        return invoice

    def _attachment(self, environ, id, file):
        invoice = self._known(id)
        for known, sort, text in views.attachments(self._books.invoices[invoice["id"]]):
            content = files.content(sort, text)
            if known == file and content is not None:
                return files.described(sort, text)["mime"], content
        raise Wrong(404, "not_found", f"Invoice {id} has no file {file}.")

    def _status(self, environ, id):
        self._known(id)
        told = accounting.status(json_body(environ), self._books.status(id), "this invoice")
        if told != self._books.status(id):
            self._books.do("status", invoice=id, status=told)
        return told

    def _push(self, environ, kind):
        items = checks.pushed(kind, json_body(environ))
        return {"imported": self._books.do("push", kind=kind, items=items)}
