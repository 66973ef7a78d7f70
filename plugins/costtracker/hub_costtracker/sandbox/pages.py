"""The pages: invoices with forms to decide, change and delete them; suppliers; pushed lists."""

from decimal import Decimal

from hub_costtracker.sandbox import checks, company, views
from qbo_sandbox import kit
from qbo_sandbox.kit import PageRefused, query_of


class Pages(kit.Pages):
    """The pages of CostTracker."""

    name = "CostTracker"
    package = "hub_costtracker.sandbox"
    menu = (("/", "Invoices"), ("/suppliers", "Suppliers"), ("/lists", "Lists from QuickBooks"))
    routes = (
        ("GET", r"/", "home"),
        ("GET", r"/invoices/([^/]+)", "invoice"),
        ("POST", r"/invoices", "receive"),
        ("POST", r"/invoices/([^/]+)/(approve|reject|send|transfer)", "decide"),
        ("POST", r"/invoices/([^/]+)/edit", "edit"),
        ("POST", r"/invoices/([^/]+)/delete", "delete"),
        ("GET", r"/lists", "lists"),
        ("GET", r"/suppliers", "suppliers"),
        ("POST", r"/suppliers/([^/]+)", "supplier"),
        ("POST", r"/integrations", "integrations"),
        ("POST", r"/hub", "hub"),
        ("POST", r"/refresh", "refresh"),
    )

    def __init__(self, books, calls):
        super().__init__()
        self._books = books
        self._calls = calls
        self.templates.globals["account"] = company.NAME
        self.templates.globals["users"] = company.USERS
        self.templates.filters["kroner"] = lambda amount: f"{amount:,.2f}".replace(",", " ")

    def is_known(self, environ, *parts):
        """Return whether there is an invoice or supplier with the id of a path."""
        if not parts:
            return True
        id = parts[0]
        return id in self._books.invoices or id in views.SLOTS_BY_ID["suppliers"]

    # -- looking --------------------------------------------------------------------------------

    def home(self, environ):
        """Show the invoices, all or those of a status."""
        status = query_of(environ).get("status", "")
        rows = []
        for raw in self._books.invoices.values():
            if status in ("", raw["status"]):
                rows.append(self._row(raw))
        lists = {
            "statuses": checks.STATUSES,
            "integrations": self._books.integrations,
            "suppliers": self._books.suppliers(),
        }
        return self.render_list(environ, "home", rows, status=status, **lists)

    def _row(self, raw):
        """Return an invoice as its list shows it."""
        row = views.invoice(self._books.lists, raw)
        status = self._books.status(row["id"])
        search_text = f"{row['invoice_number']} {row['supplier']['name']} {raw['case']}"
        return {**row, "case": raw["case"], "last_status": status, "searched": search_text}

    def invoice(self, environ, id):
        """Show one invoice with the forms that change it."""
        raw = self._books.invoices[id]
        actions = []
        for item in self._books.lists.pushed.get("accounts", {}).values():
            if item["active"] and not item["hidden"]:
                actions.append(item)
        return self.render(
            environ,
            "invoice",
            invoice=self._row(raw),
            statuses=self._books.statuses.get(id, []),
            offered=actions,
            names=self._names(),
        )

    def _names(self):
        """Return the name of each code, for people."""
        names = {}
        for kind, items in self._books.lists.pushed.items():
            names[kind] = {item["external_id"]: item["name"] for item in items.values()}
        return names

    def lists(self, environ):
        """Show the pushed lists, and the last calls of the hub."""
        lists = {"kinds": checks.KINDS, "pushed": self._books.lists.pushed}
        return self.render(
            environ,
            "lists",
            **lists,
            hub=self._books.hub,
            last=self._calls.last,
        )

    def suppliers(self, environ):
        """Show the suppliers with their edits."""
        rows = []
        for row in self._books.suppliers():
            edit = self._books.edits.get(row["id"])
            rows.append({**row, "edit": edit})
        return self.render(environ, "suppliers", rows=rows, hub=self._books.hub)

    # -- acting ---------------------------------------------------------------------------------

    def receive(self, form):
        """Add an invoice of one line that is not approved yet, as by upload or mail."""
        net = form.get("net", "")
        date = form.get("invoice_date", "")
        if not checks.is_amount(net) or not checks.is_date(date):
            raise PageRefused("A date, and an amount with at most two decimals, are needed.")
        supplier = form.get("supplier", "")
        if supplier not in views.SLOTS_BY_ID["suppliers"]:
            raise PageRefused("One of the account's suppliers is needed.")
        id = self._books.next_id()
        line = {
            "id": f"{id}-1",
            "description": form.get("description") or "Varer",
            "net": net,
            "account": "a4000",
            "tax_code": "standard",
            **dict.fromkeys(("location", "class", "customer", "po")),
        }
        fields = {
            "status": "validated",
            "kind": "invoice",
            "case": "received by hand",
            "supplier": supplier,
            "invoice_number": form.get("invoice_number") or None,
            "reference": form.get("reference") or None,
            "invoice_date": date,
            "due_date": None,
            "po_numbers": [],
            "approvals": [],
            "lines": [line],
            "files": ["pdf"],
        }
        self._books.do("receive", invoice=id, fields=fields)
        self._calls.notify("invoice.changed", id)
        return f"/invoices/{id}"

    def decide(self, form, id, act):
        """Move an invoice to another status."""
        user = form.get("user", company.ACCOUNTANT)
        self._books.do("decide", invoice=id, act=act, user=user)
        self._calls.notify("invoice.changed", id)
        return f"/invoices/{id}"

    def edit(self, form, id):
        """Change the header of an invoice, its first line, and its totals."""
        header = _list_filled_values(form, ("reference", "invoice_number"))
        line = _list_filled_values(form, ("description",))
        amounts = _list_amounts(form, ("net", "tax_total", "gross_total"))
        if "net" in amounts:
            line["net"] = amounts["net"]
        if form.get("account") in self._books.lists.pushed.get("accounts", {}):
            line["account"] = f"={form['account']}"
        totals = self._corrected_totals(amounts, id)
        self._books.do("edit", invoice=id, header=header, line=line, totals=totals)
        self._calls.notify("invoice.changed", id)
        return f"/invoices/{id}"

    def _corrected_totals(self, amounts, id):
        """Return the totals that the person changed; the others follow the lines."""
        invoice = self._books.invoice(id)
        totals = {}
        for name in ("tax_total", "gross_total"):
            if name in amounts and Decimal(amounts[name]) != invoice[name]:
                totals[name] = amounts[name]
        return totals

    def delete(self, form, id):
        """Delete an invoice."""
        self._books.do("delete", invoice=id)
        self._calls.notify("invoice.changed", id)
        return f"/invoices/{id}"

    def supplier(self, form, id):
        """Change a supplier as one of the users does."""
        fields = {name: form.get(name) or None for name in ("name", "email", "phone")}
        fields["user"] = form.get("user", company.ACCOUNTANT)
        self._books.do("supplier", supplier=id, fields=fields)
        self._calls.notify("supplier.changed", id)
        return "/suppliers"

    def integrations(self, form):
        """Switch the account's integrations on or off."""
        self._books.do("integrate", on=form.get("on") == "yes")
        return "/"

    def hub(self, form):
        """Store the address to call."""
        address = form.get("address", "").strip()
        if not address or address.startswith(("http://", "https://")):
            self._books.do("call", address=address)
        return "/lists"

    def refresh(self, form):
        """Ask the hub to push its lists."""
        self._calls.notify("master-data.wanted")
        return "/lists"


def _list_filled_values(form, names):
    """Return the named values of a form that are not empty."""
    return {name: form[name] for name in names if form.get(name)}


def _list_amounts(form, names):
    """Return the named amounts of a form that are not empty; refuse what is no amount."""
    amounts = _list_filled_values(form, names)
    for text in amounts.values():
        if not checks.is_amount(text):
            message = f"“{text}” is no amount. Write digits and a point, such as 1234.50."
            raise PageRefused(message)
    return amounts
