"""The pages for people: make, send, pay, settle, refund, void, pay out, and see the statuses."""

from decimal import Decimal

from hub_costcertified.sandbox import company, views
from qbo_sandbox import kit
from qbo_sandbox.kit import PageRefused

ROWS = 50


class Pages(kit.Pages):
    """What a person sees of CostCertified and does in it."""

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
        things = environ.get("PATH_INFO", "").split("/")[1]
        return not parts or parts[0] in self._books.rows[things]

    # -- looking --------------------------------------------------------------------------------

    def _view(self, things, raw):
        case = {"case": raw.get("case", ""), "last_status": self._books.status(things, raw["id"])}
        return views.VIEWS[things](self._books, raw) | case

    def home(self, environ):
        rows = []
        for raw in self._books.rows["invoices"].values():
            row = self._view("invoices", raw)
            searched = f"{row['number']} {row['status']} {row['case']}"
            rows.append({**row, "searched": searched})
        return self.render_list(environ, "home", rows, clients=company.CLIENTS)

    def invoice(self, environ, id):
        invoice = self._view("invoices", self._books.rows["invoices"][id])
        payments = [
            self._view("payments", self._books.rows["payments"][payment_id])
            for payment_id in self._books.payments_of[id]
        ]
        statuses = self._books.statuses.get(f"invoices/{id}", [])
        balance = views.open_of(self._books, id)
        return self.render(
            environ,
            "invoice",
            invoice=invoice,
            payments=payments,
            statuses=statuses,
            balance=balance,
        )

    def payments(self, environ):
        rows = [self._view("payments", raw) for raw in self._books.rows["payments"].values()]
        payouts = [self._view("payouts", raw) for raw in self._books.rows["payouts"].values()]
        invoices = [raw for raw in self._books.rows["invoices"].values() if raw["state"] == "sent"]
        lists = {
            "rows": rows[::-1][:ROWS],
            "payouts": payouts[::-1],
            "invoices": invoices[-ROWS:],
        }
        return self.render(environ, "payments", **lists, clients=company.CLIENTS)

    def expenses(self, environ):
        rows = [self._view("expenses", raw) for raw in self._books.rows["expenses"].values()]
        return self.render(environ, "expenses", rows=rows)

    def export(self, environ):
        connection = {
            "enabled": self._books.enabled,
            "hub": self._books.hub,
            "last": self._calls.last,
        }
        return self.render(environ, "export", **connection, client=company.CLIENT)

    # -- acting ---------------------------------------------------------------------------------

    def make(self, form):
        name, rate = company.TAX if form.get("taxed") else (None, None)
        line = {
            "id": "1",
            "description": form.get("description") or "Work",
            "amount": _amount(form.get("amount")),
        }
        client = next(
            (row for row in company.CLIENTS if row["id"] == form.get("client")), company.CLIENTS[0]
        )
        today = self._books.now()[:10]
        project = next(iter(self._books.projects), None)
        if project is None:
            raise PageRefused("Only a booked project can be invoiced, and there is none.")
        fields = {
            "lines": [line | {"tax_name": name, "tax_rate": rate}],
            "invoice_date": today,
            "due_date": today,
        }
        fields |= {"client": client, "project": project}
        return f"/invoices/{self._books.do('make', fields=fields)}"

    def act(self, form, id, act):
        if act in ("send", "hand"):
            self._books.do(
                "send",
                invoice=id,
                via="costcertified" if act == "send" else "other",
            )
        elif act == "void":
            self._books.do("void", invoice=id)
        else:
            self._books.do("delete", things="invoices", id=id)
        self._calls.tell("invoice.sent" if act == "send" else "invoice.changed", id)
        return f"/invoices/{id}"

    def edit(self, form, id):
        first, *others = self._books.rows["invoices"][id]["lines"]
        line = {
            **first,
            "amount": _amount(form.get("amount")),
            "description": form.get("description") or "Work",
        }
        self._books.do("edit", invoice=id, fields={"lines": [line, *others]})
        self._calls.tell("invoice.changed", id)
        return f"/invoices/{id}"

    def pay(self, form, id):
        raw = self._books.rows["invoices"][id]
        if raw["state"] != "sent" or Decimal(_amount(form.get("amount"))) > views.open_of(
            self._books, id
        ):
            raise PageRefused("A client pays what was sent, and not more than is open.")
        self._pay(form, raw["client"], raw["project"], id)
        self._calls.tell("invoice.changed", id)
        return f"/invoices/{id}"

    def _pay(self, form, client, project, invoice):
        method = form.get("method", "card")
        if method not in company.FEES:
            raise PageRefused("A client pays by card or by bank transfer.")
        about = {
            "client": client,
            "project": project,
            "invoice": invoice,
            "bears": "contractor",
        }
        return self._books.do(
            "pay",
            amount=_amount(form.get("amount")),
            method=method,
            **about,
        )

    def advance(self, form):
        client = next(
            (row for row in company.CLIENTS if row["id"] == form.get("client")), company.CLIENTS[0]
        )
        self._pay(form, client, next(iter(self._books.projects), None), None)
        return "/payments"

    def move(self, form, id, act):
        if act == "delete":
            self._books.do("delete", things="payments", id=id)
        else:
            self._books.do(act, payment=id)
        self._calls.tell("payment.paid" if act == "settle" else "payment.changed", id)
        return "/payments"

    def refund(self, form, id):
        amount = _amount(form.get("amount"))
        payment = self._books.rows["payments"][id]
        refunded = sum(Decimal(earlier_refund["amount"]) for earlier_refund in payment["refunds"])
        if Decimal(amount) + refunded > Decimal(payment["amount"]):
            raise PageRefused("No more can be given back than was paid.")
        tax = views.tax_within(self._books, payment, Decimal(amount))
        self._books.do(
            "refund",
            payment=id,
            amount=amount,
            tax=str(tax),
            reason=form.get("reason") or None,
        )
        self._calls.tell("payment.refunded", id)
        return "/payments"

    def allocate(self, form, id):
        invoice = form.get("invoice", "")
        amount = _amount(form.get("amount"))
        if invoice not in self._books.rows["invoices"] or Decimal(amount) > views.open_of(
            self._books, invoice
        ):
            raise PageRefused("It can be used on an invoice that was sent, for what is open of it.")
        self._books.do("allocate", payment=id, invoice=invoice, amount=amount)
        return "/payments"

    def payout(self, form):
        self._books.do("payout")
        return "/payments"

    def arrive(self, form, id):
        self._books.do("arrive", payout=id)
        return "/payments"

    def expense(self, form, id, act):
        if act == "delete":
            self._books.do("delete", things="expenses", id=id)
        else:
            self._books.do("push", expense=id, on=act == "push")
        return "/expenses"

    def enable(self, form):
        self._books.do("enable", on=form.get("on") == "yes")
        return "/export"

    def hub(self, form):
        address = form.get("address", "").strip()
        if not address or address.startswith(("http://", "https://")):
            self._books.do("call", address=address)
        return "/export"


def _amount(text):
    """Read an amount of money as a person types it."""
    try:
        worth = Decimal(text or "")
        if 0 < worth < 10**9 and worth == worth.quantize(Decimal("0.01")):
            return f"{worth:.2f}"
    except ArithmeticError:
        pass
    raise PageRefused("An amount above zero with at most two decimals is needed.")
