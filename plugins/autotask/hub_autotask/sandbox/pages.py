"""The pages: tables and rows with actions as in Autotask, and the settings for tests."""

from hub_autotask.sandbox import acts, msp, picklists
from hub_autotask.sandbox.schema import ENTITIES
from qbo_sandbox import kit
from qbo_sandbox.kit import PageRefused, query_of

ROWS_PER_PAGE = 50
TABLES = {
    "invoices": "Invoices",
    "expense-reports": "ExpenseReports",
    "purchase-orders": "PurchaseOrders",
    "billing-codes": "BillingCodes",
}
LINE_ENTITIES = {
    "Invoices": ("BillingItems", "invoiceID"),
    "ExpenseReports": ("ExpenseItems", "expenseReportID"),
    "PurchaseOrders": ("PurchaseOrderItems", "orderID"),
}
COLUMNS = {
    "Invoices": (
        "invoiceNumber",
        "companyID",
        "invoiceDateTime",
        "invoiceTotal",
        "webServiceDate",
        "paidDate",
        "isVoided",
    ),
    "ExpenseReports": (
        "name",
        "submitterID",
        "status",
        "approvedDate",
        "amountDue",
        "quickBooksReferenceNumber",
    ),
    "PurchaseOrders": (
        "purchaseOrderNumber",
        "vendorID",
        "status",
        "createDateTime",
        "freight",
        "externalPONumber",
    ),
    "BillingCodes": ("name", "externalNumber", "isActive"),
}


class Pages(kit.Pages):
    """The pages of Autotask, and a page with settings for tests."""

    name = "Autotask"
    package = "hub_autotask.sandbox"
    colour = "#7a4a1e"
    menu = (
        *((f"/{path}", path.replace("-", " ").capitalize()) for path in TABLES),
        ("/doors", "Doors"),
    )
    routes = (
        ("GET", r"/", "home"),
        ("GET", r"/doors", "doors"),
        ("GET", r"/login", "welcome"),
        ("GET", r"/([a-z-]+)", "table"),
        ("GET", r"/([a-z-]+)/(\d+)", "row"),
        ("POST", r"/doors", "set"),
        ("POST", r"/login", "login"),
        ("POST", r"/invoices", "post"),
        ("POST", r"/([a-z-]+)/(\d+)/([a-z-]+)", "act"),
    )

    def __init__(self, books):
        super().__init__()
        self._books = books
        self.templates.globals |= {"account": msp.NAME, "shown": self._cell}

    def is_known(self, environ, *parts):
        """Return whether there is the table, row and act of a path."""
        return self._is_there(*parts)

    def _is_there(self, table=None, id=None, act=None):
        """Return whether there is a table, a row of it, and an act on its rows."""
        if table is None:
            return True
        entity = TABLES.get(table)
        if entity is None:
            return False
        if id is not None and int(id) not in self._books.rows(entity):
            return False
        return act is None or act in acts.ACTS[entity]

    def _cell(self, entity, row, name):
        """Format a field for people."""
        value = row[name]
        field = ENTITIES[entity].fields[name]
        if value is None:
            return ""
        if field.reference == "Companies":
            return self._books.rows("Companies")[value]["companyName"]
        if field.reference == "BillingCodes":
            return self._books.rows("BillingCodes")[value]["name"]
        if field.reference == "Resources":
            person = self._books.rows("Resources")[value]
            return f"{person['firstName']} {person['lastName']}".strip()
        if field.picklist and (entity.lower(), name) in picklists.PICKLISTS:
            return picklists.PICKLISTS[entity.lower(), name].get(value, value)
        return str(value)[:10] if field.type == "datetime" else value

    # -- looking --------------------------------------------------------------------------------

    def home(self, environ):
        """Show the invoices."""
        return self.table(environ, "invoices")

    def table(self, environ, table):
        """Show a page of the rows of a table, the newest first."""
        entity = TABLES[table]
        query = query_of(environ)
        search = query.get("search", "")
        rows = self._search(entity, search)
        number = int(query["page"]) if query.get("page", "").isdecimal() else 1
        last_place = (len(rows) - 1) // ROWS_PER_PAGE
        page_index = max(0, min(number - 1, last_place))
        return self.render(
            environ,
            "table",
            table=table,
            entity=entity,
            columns=COLUMNS[entity],
            count=len(rows),
            case=self._case,
            rows=rows[page_index * ROWS_PER_PAGE : (page_index + 1) * ROWS_PER_PAGE],
            pages=(len(rows) + ROWS_PER_PAGE - 1) // ROWS_PER_PAGE,
            page=page_index + 1,
            search=search,
            companies=self._names("Companies", "companyName"),
            codes=self._names("BillingCodes", "name"),
        )

    def _search(self, entity, text):
        """Return the rows whose case or id contains a text, the newest first."""
        matching = []
        for row in self._books.rows(entity).values():
            search_text = f"{self._case(entity, row)} {row['id']}"
            if text.casefold() in search_text.casefold():
                matching.append(row)
        return sorted(matching, key=lambda row: row["id"], reverse=True)

    def _case(self, entity, row):
        """Return the name of the case that a row shows, or an empty text."""
        return self._books.cases.get((entity, row["id"]), "")

    def _names(self, entity, name):
        """Return id and name of the rows of a list."""
        return [(row["id"], row[name]) for row in self._books.rows(entity).values()]

    def row(self, environ, table, id):
        """Show one row with its lines and acts."""
        entity = TABLES[table]
        lines_entity, by = LINE_ENTITIES.get(entity, ("", ""))
        lines = self._books.rows(lines_entity).values() if lines_entity else ()
        return self.render(
            environ,
            "row",
            table=table,
            entity=entity,
            row=self._books.rows(entity)[int(id)],
            lines_entity=lines_entity,
            lines=[line for line in lines if line[by] == int(id)],
            acts=acts.ACTS[entity],
            case=self._books.cases.get((entity, int(id)), ""),
        )

    def doors(self, environ):
        """Show the settings for tests."""
        return self.render(
            environ,
            "doors",
            lacking=self._books.lacking,
            zone=self._books.zone,
            user=self._books.credentials[1],
            entities=sorted(ENTITIES),
            automatic=self._books.automatic,
        )

    # -- acting ---------------------------------------------------------------------------------

    def welcome(self, environ):
        """Render the page before and after a log-in."""
        id = query_of(environ).get("person") or 0
        person = self._books.rows("Resources").get(int(id))
        return self.render(environ, "login", person=person)

    def login(self, form):
        """Log a person in; refuse a user who may only use the API, even with the right secret."""
        user = form.get("user", "").lower()
        password = form.get("password", "")
        _, api_user, secret = self._books.credentials
        if (user, password) == (api_user.lower(), secret):
            raise PageRefused("An API-only user cannot log in to the pages of Autotask.")
        person = self._person(user)
        if person is None or not person["isActive"] or password != msp.PASSWORD:
            raise PageRefused("The user name or the password is not right.")
        return f"/login?person={person['id']}"

    def _person(self, user):
        """Return the person with a user name, or None."""
        for row in self._books.rows("Resources").values():
            if user and row["userName"] == user:
                return row
        return None

    def post(self, form):
        """Invoice work, as a person who approved it does."""
        acts.post_work(self._books, form)
        return "/invoices"

    def act(self, form, table, id, act):
        """Carry out an act on a row."""
        carry_out = acts.ACTS[TABLES[table]][act]
        carry_out(self._books, int(id), form)
        return f"/{table}/{id}"

    def set(self, form):
        """Change the settings for tests."""
        acts.set_doors(self._books, form)
        return "/doors"
