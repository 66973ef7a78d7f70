"""The pages for people: see what is there, act on it as in Autotask, and set the doors."""

import re

from jinja2 import Environment, PackageLoader

from hub.sandboxing import form_of, query_of, text_answer
from hub_autotask.sandbox import acts, msp, picklists
from hub_autotask.sandbox.schema import ENTITIES

ROWS = 50
SAFE = (
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"),
    ("X-Content-Type-Options", "nosniff"),
)
TABLES = {"invoices": "Invoices", "expense-reports": "ExpenseReports", "purchase-orders": "PurchaseOrders"}
LINES = {
    "Invoices": ("BillingItems", "invoiceID"),
    "ExpenseReports": ("ExpenseItems", "expenseReportID"),
    "PurchaseOrders": ("PurchaseOrderItems", "orderID"),
}
SHOWN = {
    "Invoices": (
        "invoiceNumber",
        "companyID",
        "invoiceDateTime",
        "invoiceTotal",
        "webServiceDate",
        "paidDate",
        "isVoided",
    ),
    "ExpenseReports": ("name", "submitterID", "status", "approvedDate", "amountDue", "quickBooksReferenceNumber"),
    "PurchaseOrders": ("purchaseOrderNumber", "vendorID", "status", "createDateTime", "freight", "externalPONumber"),
}
ROUTES = (
    ("GET", r"/", "home"),
    ("GET", r"/doors", "doors"),
    ("GET", r"/([a-z-]+)", "table"),
    ("GET", r"/([a-z-]+)/(\d+)", "row"),
    ("POST", r"/doors", "set"),
    ("POST", r"/login", "login"),
    ("POST", r"/invoices", "post"),
    ("POST", r"/([a-z-]+)/(\d+)/([a-z-]+)", "act"),
)


class Pages:
    """A WSGI application that needs no script in the browser and works below any path."""

    def __init__(self, books):
        self._books = books
        loader = PackageLoader("hub_autotask.sandbox")
        self._templates = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)

    def __call__(self, environ, start):
        name, arguments = self._found(environ)
        if name is None:
            return text_answer(start, 404, self._shown(environ, "nothing"), headers=SAFE)
        if environ["REQUEST_METHOD"] == "GET":
            return text_answer(start, 200, getattr(self, f"_{name}")(environ, *arguments), headers=SAFE)
        if environ.get("HTTP_SEC_FETCH_SITE", "same-origin") not in ("same-origin", "none"):
            return text_answer(start, 403, "Another site sent this form.", headers=SAFE)
        answer = getattr(self, f"_{name}")(form_of(environ), *arguments)
        if not answer.startswith("/"):
            return text_answer(start, 403, answer, headers=SAFE)
        return text_answer(start, 303, "", headers=(("Location", environ.get("SCRIPT_NAME", "") + answer), *SAFE))

    def _found(self, environ):
        for method, pattern, name in ROUTES:
            found = re.fullmatch(pattern, environ.get("PATH_INFO") or "/")
            if found and method == environ["REQUEST_METHOD"]:
                return (name, found.groups()) if self._is_there(*found.groups()) else (None, ())
        return None, ()

    def _is_there(self, table=None, id=None, act=None):
        entity = TABLES.get(table)
        if table is None:
            return True
        known = entity and (id is None or int(id) in self._books.rows(entity))
        return bool(known) and (act is None or act in acts.ACTS[entity])

    def _shown(self, environ, template, **values):
        common = {"root": environ.get("SCRIPT_NAME", ""), "account": msp.NAME, "tables": TABLES, "shown": self._cell}
        return self._templates.get_template(f"{template}.html").render(**common, **values)

    def _cell(self, entity, row, name):
        """A field as people read it."""
        value, field = row[name], ENTITIES[entity].fields[name]
        if value is None:
            return ""
        if field.reference == "Companies":
            return self._books.rows("Companies")[value]["companyName"]
        if field.reference == "Resources":
            person = self._books.rows("Resources")[value]
            return f"{person['firstName']} {person['lastName']}".strip()
        if field.picklist and (entity.lower(), name) in picklists.LISTS:
            return picklists.LISTS[entity.lower(), name].get(value, value)
        return str(value)[:10] if field.type == "datetime" else value

    # -- looking -----------------------------------------------------------------------------------------------------

    def _home(self, environ):
        return self._table(environ, "invoices")

    def _table(self, environ, table):
        entity, query = TABLES[table], query_of(environ)
        rows = sorted(self._books.rows(entity).values(), key=lambda row: -row["id"])
        words = query.get("search", "").casefold()
        rows = [row for row in rows if words in f"{self._case(entity, row)} {row['id']}".casefold()]
        number = int(query["page"]) if query.get("page", "").isdecimal() else 1
        place = max(0, min(number - 1, (len(rows) - 1) // ROWS))
        return self._shown(
            environ, "table", table=table, entity=entity, columns=SHOWN[entity], count=len(rows), case=self._case,
            rows=rows[place * ROWS : (place + 1) * ROWS], pages=(len(rows) + ROWS - 1) // ROWS, page=place + 1,
            search=query.get("search", ""), companies=self._named("Companies", "companyName"),
            codes=self._named("BillingCodes", "name"),
        )  # fmt: skip

    def _case(self, entity, row):
        return self._books.cases.get((entity, row["id"]), "")

    def _named(self, entity, name):
        return [(row["id"], row[name]) for row in self._books.rows(entity).values()]

    def _row(self, environ, table, id):
        entity = TABLES[table]
        lines, by = LINES[entity]
        return self._shown(
            environ, "row", table=table, entity=entity, row=self._books.rows(entity)[int(id)], lines_entity=lines,
            lines=[line for line in self._books.rows(lines).values() if line[by] == int(id)],
            acts=acts.ACTS[entity], case=self._books.cases.get((entity, int(id)), ""),
        )  # fmt: skip

    def _doors(self, environ):
        return self._shown(
            environ, "doors", lacking=self._books.lacking, zone=self._books.zone, user=self._books.credentials[1],
            entities=sorted(ENTITIES), automatic=self._books.automatic,
        )  # fmt: skip

    # -- acting ------------------------------------------------------------------------------------------------------

    def _login(self, form):
        """People of the database have no page here, and the API user has none anywhere."""
        if form.get("user", "").lower() == self._books.credentials[1].lower():
            return "An API-only user cannot log in to the pages of Autotask."
        return "These pages need no log-in."

    def _post(self, form):
        acts.post_work(self._books, form)
        return "/invoices"

    def _act(self, form, table, id, act):
        acts.ACTS[TABLES[table]][act](self._books, int(id), form)
        return f"/{table}/{id}"

    def _set(self, form):
        acts.set_doors(self._books, form)
        return "/doors"
