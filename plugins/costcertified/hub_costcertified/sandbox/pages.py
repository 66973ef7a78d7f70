"""The pages: make, send, pay, settle, refund, void and pay out invoices; see the statuses."""

from decimal import Decimal

from hub_costcertified.sandbox import company, views
from qbo_sandbox import kit
from qbo_sandbox.kit import PageRefused

ROWS_PER_PAGE = 50
CENT = Decimal("0.01")


class Pages(kit.Pages):
    """The pages of CostCertified."""

    name = "CostCertified"
    package = "hub_costcertified.sandbox"
    colour = "#7a4a1d"
    menu = (
        ("/", "Invoices"),
        ("/payments", "Payments and payouts"),
        ("/expenses", "Expenses"),
        ("/export", "Export"),
    )
    routes = (
        ("GET", r"/", "home"),
        ("GET", r"/invoices/([^/]+)", "invoice"),
        ("POST", r"/invoices", "make"),
        ("POST", r"/invoices/([^/]+)/(send|hand|void|delete)", "act"),
        ("POST", r"/invoices/([^/]+)/edit", "edit"),
        ("POST", r"/invoices/([^/]+)/pay", "pay"),
        ("GET", r"/payments", "payments"),
        ("POST", r"/payments", "advance"),
        ("POST", r"/payments/([^/]+)/(settle|fail|delete)", "move"),
        ("POST", r"/payments/([^/]+)/refund", "refund"),
        ("POST", r"/payments/([^/]+)/allocate", "allocate"),
        ("POST", r"/payouts", "payout"),
        ("POST", r"/payouts/([^/]+)/arrive", "arrive"),
        ("GET", r"/expenses", "expenses"),
        ("POST", r"/expenses/([^/]+)/(push|keep|delete)", "expense"),
        ("GET", r"/export", "export"),
        ("POST", r"/enable", "enable"),
        ("POST", r"/hub", "hub"),
    )

    def __init__(self, books, calls):
        super().__init__()
        self._books = books
        self._calls = calls
        self.templates.globals |= {"account": company.NAME}
        self.templates.filters["dollars"] = lambda amount: f"{amount:,.2f}"

    def is_known(self, environ, *parts):
        """Return whether there is a row with the id of a path."""
        if not parts:
            return True
        list_name = environ.get("PATH_INFO", "").split("/")[1]
        return parts[0] in self._books.rows[list_name]

    # -- looking --------------------------------------------------------------------------------

    def _view(self, list_name, raw):
        """Return a row as the API shows it, with its case and its status in accounting."""
        view = views.VIEWS[list_name](self._books, raw)
        view["case"] = raw.get("case", "")
        view["last_status"] = self._books.status(list_name, raw["id"])
        return view

    def _views(self, list_name):
        """Return all rows of a list."""
        return [self._view(list_name, raw) for raw in self._books.rows[list_name].values()]

    def home(self, environ):
        """Show all invoices."""
        rows = []
        for raw in self._books.rows["invoices"].values():
            row = self._view("invoices", raw)
            search_text = f"{row['number']} {row['status']} {row['case']}"
            rows.append({**row, "searched": search_text})
        return self.render_list(environ, "home", rows, clients=company.CLIENTS)

    def invoice(self, environ, id):
        """Show one invoice with its payments."""
        invoice = self._view("invoices", self._books.rows["invoices"][id])
        payments = []
        for payment_id in self._books.payments_of[id]:
            payments.append(self._view("payments", self._books.rows["payments"][payment_id]))
        statuses = self._books.statuses.get(f"invoices/{id}", [])
        balance = views.compute_balance(self._books, id)
        return self.render(
            environ,
            "invoice",
            invoice=invoice,
            payments=payments,
            statuses=statuses,
            balance=balance,
        )

    def payments(self, environ):
        """Show the newest payments and all payouts, with the forms that add some."""
        rows = self._views("payments")
        payouts = self._views("payouts")
        invoices = [raw for raw in self._books.rows["invoices"].values() if raw["state"] == "sent"]
        lists = {
            "rows": rows[::-1][:ROWS_PER_PAGE],
            "payouts": payouts[::-1],
            "invoices": invoices[-ROWS_PER_PAGE:],
        }
        return self.render(environ, "payments", **lists, clients=company.CLIENTS)

    def expenses(self, environ):
        """Show all expenses."""
        return self.render(environ, "expenses", rows=self._views("expenses"))

    def export(self, environ):
        """Show whether payments are on, and the last calls of the hub."""
        connection = {
            "enabled": self._books.enabled,
            "hub": self._books.hub,
            "last": self._calls.last,
        }
        return self.render(environ, "export", **connection, client=company.CLIENT_ID)

    # -- acting ---------------------------------------------------------------------------------

    def make(self, form):
        """Make an invoice of one line for the first project."""
        name, rate = company.SALES_TAX if form.get("taxed") else (None, None)
        line = {
            "id": "1",
            "description": form.get("description") or "Work",
            "amount": _parse_amount(form.get("amount")),
            "tax_name": name,
            "tax_rate": rate,
        }
        today = self._books.now()[:10]
        project = next(iter(self._books.projects), None)
        if project is None:
            raise PageRefused("Only a booked project can be invoiced, and there is none.")
        fields = {
            "lines": [line],
            "invoice_date": today,
            "due_date": today,
            "client": _get_chosen_client(form),
            "project": project,
        }
        id = self._books.do("make", fields=fields)
        return f"/invoices/{id}"

    def act(self, form, id, act):
        """Send an invoice, hand it over by another way, void it or delete it."""
        if act == "send":
            self._books.do("send", invoice=id, via="costcertified")
        elif act == "hand":
            self._books.do("send", invoice=id, via="other")
        elif act == "void":
            self._books.do("void", invoice=id)
        else:
            self._books.do("delete", things="invoices", id=id)
        self._calls.notify("invoice.sent" if act == "send" else "invoice.changed", id)
        return f"/invoices/{id}"

    def edit(self, form, id):
        """Change the first line of an invoice."""
        first, *others = self._books.rows["invoices"][id]["lines"]
        line = {
            **first,
            "amount": _parse_amount(form.get("amount")),
            "description": form.get("description") or "Work",
        }
        self._books.do("edit", invoice=id, fields={"lines": [line, *others]})
        self._calls.notify("invoice.changed", id)
        return f"/invoices/{id}"

    def pay(self, form, id):
        """Pay an invoice as its client does."""
        raw = self._books.rows["invoices"][id]
        if raw["state"] != "sent" or self._is_above_balance(form, id):
            raise PageRefused("A client pays what was sent, and not more than is open.")
        self._pay(form, raw["client"], raw["project"], id)
        self._calls.notify("invoice.changed", id)
        return f"/invoices/{id}"

    def _is_above_balance(self, form, id):
        """Return whether the amount of a form is more than what is open of an invoice."""
        amount = Decimal(_parse_amount(form.get("amount")))
        return amount > views.compute_balance(self._books, id)

    def _pay(self, form, client, project, invoice):
        """Add a payment, of an invoice or in advance."""
        method = form.get("method", "card")
        if method not in company.FEES_BY_METHOD:
            raise PageRefused("A client pays by card or by bank transfer.")
        return self._books.do(
            "pay",
            amount=_parse_amount(form.get("amount")),
            method=method,
            client=client,
            project=project,
            invoice=invoice,
            bears="contractor",
        )

    def advance(self, form):
        """Pay in advance as a client does."""
        project = next(iter(self._books.projects), None)
        self._pay(form, _get_chosen_client(form), project, None)
        return "/payments"

    def move(self, form, id, act):
        """Settle a payment, let it fail or delete it."""
        if act == "delete":
            self._books.do("delete", things="payments", id=id)
        else:
            self._books.do(act, payment=id)
        self._calls.notify("payment.paid" if act == "settle" else "payment.changed", id)
        return "/payments"

    def refund(self, form, id):
        """Give back some of a payment."""
        amount = _parse_amount(form.get("amount"))
        payment = self._books.rows["payments"][id]
        refunded_amount = sum(Decimal(earlier["amount"]) for earlier in payment["refunds"])
        if Decimal(amount) + refunded_amount > Decimal(payment["amount"]):
            raise PageRefused("No more can be given back than was paid.")
        tax = views.compute_refunded_tax(self._books, payment, Decimal(amount))
        self._books.do(
            "refund",
            payment=id,
            amount=amount,
            tax=str(tax),
            reason=form.get("reason") or None,
        )
        self._calls.notify("payment.refunded", id)
        return "/payments"

    def allocate(self, form, id):
        """Use a payment in advance on an invoice."""
        invoice = form.get("invoice", "")
        amount = _parse_amount(form.get("amount"))
        if invoice not in self._books.rows["invoices"] or self._is_above_balance(form, invoice):
            raise PageRefused("It can be used on an invoice that was sent, for what is open of it.")
        self._books.do("allocate", payment=id, invoice=invoice, amount=amount)
        return "/payments"

    def payout(self, form):
        """Pay out what was paid since the last payout."""
        self._books.do("payout")
        return "/payments"

    def arrive(self, form, id):
        """Let a payout reach the bank."""
        self._books.do("arrive", payout=id)
        return "/payments"

    def expense(self, form, id, act):
        """Mark an expense as one for QuickBooks or not, or delete it."""
        if act == "delete":
            self._books.do("delete", things="expenses", id=id)
        else:
            self._books.do("push", expense=id, on=act == "push")
        return "/expenses"

    def enable(self, form):
        """Switch payments of clients on or off."""
        self._books.do("enable", on=form.get("on") == "yes")
        return "/export"

    def hub(self, form):
        """Store the address to call."""
        address = form.get("address", "").strip()
        if not address or address.startswith(("http://", "https://")):
            self._books.do("call", address=address)
        return "/export"


def _get_chosen_client(form):
    """Return the client of a form, by default the first one."""
    for client in company.CLIENTS:
        if client["id"] == form.get("client"):
            return client
    return company.CLIENTS[0]


def _parse_amount(text):
    """Read an amount of money as a person types it."""
    try:
        amount = Decimal(text or "")
        if 0 < amount < 10**9 and amount == amount.quantize(CENT):
            return f"{amount:.2f}"
    except ArithmeticError:
        pass
    raise PageRefused("An amount above zero with at most two decimals is needed.")
