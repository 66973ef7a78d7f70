"""The API: token, account, invoices with their files, pushed lists, supplier edits."""

from hub_costtracker import names
from hub_costtracker.sandbox import checks, encoding, files, views
from hub_costtracker.sandbox.company import ACCOUNT_ID, CLIENT_ID, NAME, USERS
from qbo_sandbox import kit
from qbo_sandbox.kit import (
    accounting,
    decode_row,
    query_of,
    site_of,
)
from qbo_sandbox.kit.strict import CallRefused, json_body, paginate

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
PAGE_PARAMETERS = (names.Page.CURSOR, names.Page.LIMIT)
PARAMETERS = {"invoices": (*PAGE_PARAMETERS, names.Page.STATUS), "suppliers": PAGE_PARAMETERS}


class Api(kit.Api):
    """A WSGI application over the books."""

    routes = ROUTES
    parameters = PARAMETERS

    def __init__(self, books, tokens, limits):
        super().__init__(tokens, limits)
        self._books = books

    def admit(self, name):
        """Refuse every call but that for the account while it has no integrations."""
        if not self._books.integrations and name != "account":
            raise CallRefused(
                403, "integrations_disabled", "This account does not have integrations."
            )

    def _token(self, environ):
        """Answer a new token for the client id and secret."""
        return self.grant_token(environ, CLIENT_ID)

    def _account(self, environ):
        """Answer the account with its users."""
        return encoding.account(
            {
                "id": ACCOUNT_ID,
                "name": NAME,
                "plan": "complete",
                "integrations_enabled": self._books.integrations,
                "users": USERS,
            }
        )

    def _invoices(self, environ):
        """Answer a page of the invoices, the oldest change first."""
        query = query_of(environ)
        after, limit = checks.read_page(query)
        status = query.get(names.Page.STATUS)
        rows, has_more = self._books.changed_invoices(after, limit, status)
        site = site_of(environ)
        items = [encoding.invoice(row, site) for row in rows]
        return paginate(query, items, has_more, names.Page, names.Invoice)

    def _suppliers(self, environ):
        """Answer a page of the suppliers' edits, the oldest change first."""
        query = query_of(environ)
        rows, has_more = self._books.changed_suppliers(*checks.read_page(query))
        items = [encoding.supplier_edit(row) for row in rows]
        return paginate(query, items, has_more, names.Page, names.SupplierEdit)

    def _invoice(self, environ, id):
        """Answer one invoice."""
        return encoding.invoice(self._require_invoice(id), site_of(environ))

    def _require_invoice(self, id):
        """Return an invoice, or answer that there is none with this id."""
        invoice = self._books.invoice(id)
        if invoice is None:
            raise CallRefused(404, "not_found", f"There is no invoice {id}.")
        return invoice

    def _attachment(self, environ, id, file):
        """Answer the bytes of a file."""
        self._require_invoice(id)
        attachments = views.attachments(self._books.invoices[id])
        file_content = files.find_file(attachments, file)
        if not file_content:
            raise CallRefused(404, "not_found", f"Invoice {id} has no file {file}.")
        return file_content

    def _status(self, environ, id):
        """Store the status of an invoice in accounting."""
        self._require_invoice(id)
        return accounting.store_status(
            environ,
            self._books.status(id),
            "this invoice",
            names.Status,
            lambda status: self._books.do("status", invoice=id, status=status),
        )

    def _push(self, environ, kind):
        """Store a batch of a list of QuickBooks."""
        rows = checks.read_push(kind, json_body(environ))
        items = [decode_row(item, encoding.RECORD) for item in rows]
        ids = self._books.do("push", kind=kind, items=items)
        return encoding.import_answer(ids)
