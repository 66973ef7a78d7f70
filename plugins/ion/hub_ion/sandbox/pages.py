"""The pages for people: orders and parts, their changes, receipts and deletions, webhooks."""

from graphql import GraphQLError

from hub_ion.sandbox import rules
from hub_ion.sandbox.graph import decimal
from qbo_sandbox import kit
from qbo_sandbox.kit import PageRefused

ROWS = 50


class Pages(kit.Pages):
    """What a person sees of ION and does in it."""

    name = "ION"
    package = "hub_ion.sandbox"
    colour = "#6b4a2a"
    menu = (("/", "Purchase orders"), ("/parts", "Parts"), ("/webhooks", "Webhooks"))
    routes = (
        ("GET", r"/", "home"),
        ("GET", r"/orders/(\d+)", "order"),
        ("POST", r"/orders", "new_order"),
        ("POST", r"/orders/(\d+)/(move|set|fee|add|receive|delete)", "act"),
        ("POST", r"/lines/(\d+)/(cancel|restore|change|attribute|remove)", "line_act"),
        ("GET", r"/parts", "parts"),
        ("POST", r"/parts", "new_part"),
        ("POST", r"/parts/(\d+)/(change|revise)", "part_act"),
        ("GET", r"/webhooks", "webhooks"),
        ("POST", r"/webhooks", "habits"),
    )

    def __init__(self, books, changes, calls):
        super().__init__()
        self._books = books
        self._changes = changes
        self._calls = calls
        self.templates.globals["account"] = "Orbital Works"

    def is_known(self, environ, *parts):
        if not parts:
            return True
        table = environ["PATH_INFO"].split("/")[1]
        return bool(self._books.row(table, parts[0]))

    def carry_out(self, act, form, *parts):
        try:
            return super().carry_out(act, form, *parts)
        except GraphQLError as error:
            raise PageRefused(error.message) from None

    # -- looking --------------------------------------------------------------------------------

    def home(self, environ):
        rows = [self._view(row) for row in self._books.rows("orders")]
        return self.render_list(environ, "home", rows, suppliers=self._books.rows("suppliers"))

    def _view(self, order):
        lines = self._books.of_order("lines", order)
        fees = self._books.of_order("fees", order)
        supplier = (
            self._books.row("suppliers", order["supplierId"]) if order.get("supplierId") else None
        )
        currency = (
            self._books.row("currencies", order["currencyId"]) if order.get("currencyId") else None
        )
        status = rules.order_status(order, lines)
        case = order.get("case", "made by hand")
        name = supplier["name"] if supplier else "no supplier"
        searched = f"{order['id']} {name} {status} {case}"
        return {
            **order,
            "case": case,
            "status": status,
            "supplier": name,
            "searched": searched,
            "currency": currency["code"] if currency else "",
            "total": rules.order_total(lines, fees),
            "fees": fees,
            "lines": [self._line_view(order, line) for line in lines],
            "next": rules.NEXT.get(order["phase"], ()),
        }

    def _line_view(self, order, line):
        part = self._books.row("parts", line["partId"]) if line.get("partId") else None
        name = f"{part['partNumber']} Rev {part['revision']}" if part else ""
        return {
            **line,
            "status": rules.line_status(order, line),
            "part": name,
            "total": rules.line_total(line),
        }

    def order(self, environ, id):
        order = self._view(self._books.row("orders", id))
        lists = {name: self._books.rows(name) for name in ("parts", "suppliers", "currencies")}
        return self.render(environ, "order", order=order, **lists)

    def parts(self, environ):
        return self.render(environ, "parts", rows=self._books.rows("parts"))

    def webhooks(self, environ):
        events = self._calls.events[::-1][:ROWS]
        return self.render(environ, "webhooks", events=events, habits=self._calls.habits)

    # -- acting ---------------------------------------------------------------------------------

    def new_order(self, form):
        created = self._changes.createPurchaseOrder(
            {"supplierId": form["supplier"], "shipToLocationId": 1}
        )
        return f"/orders/{created['purchaseOrder']['id']}"

    def act(self, form, id, act):
        order = self._books.row("orders", id)
        getattr(self, f"_order_{act}")(order, form)
        return "/" if act == "delete" else f"/orders/{id}"

    def _order_move(self, order, form):
        self._changes.updatePurchaseOrder(_write(order, status=form["status"]))

    def _order_set(self, order, form):
        fields = {name: form[name] for name in ("supplierId", "currencyId") if form.get(name)}
        self._changes.updatePurchaseOrder(_write(order, **fields))

    def _order_fee(self, order, form):
        value = decimal(form.get("value", ""))
        self._changes.createPurchaseOrderFee(
            {
                "purchaseOrderId": order["id"],
                "name": form["name"],
                "value": value,
            }
        )

    def _order_add(self, order, form):
        amounts = {name: decimal(form.get(name, "")) for name in ("quantity", "cost")}
        part = {"partId": form["part"]} if form.get("part") else {}
        description = {
            "purchaseOrderId": order["id"],
            "description": form.get("description") or None,
        }
        self._changes.createPurchaseOrderLine({**description, **part, **amounts})

    def _order_receive(self, order, form):
        lines = self._books.of_order("lines", order)
        chosen = [
            line
            for line in lines
            if form.get("line") in ("", None, str(line["id"])) and not line.get("canceled")
        ]
        received = [
            {
                "purchaseOrderLineId": line["id"],
                "quantity": decimal(form.get("quantity") or line["quantity"]),
            }
            for line in chosen
        ]
        self._changes.createReceipt({"lines": received})

    def _order_delete(self, order, form):
        drop = [
            ("drop", table, row["id"])
            for table in ("lines", "fees")
            for row in self._books.of_order(table, order)
        ]
        self._books.commit(*drop, ("drop", "orders", order["id"]))

    def line_act(self, form, id, act):
        line = self._books.row("lines", id)
        if act == "remove":
            self._changes.deletePurchaseOrderLine(line["id"], line["_etag"])
        elif act == "attribute":
            attribute = {"key": form["key"], "value": form.get("value") or None}
            attribute |= {"purchaseOrderLineId": line["id"], "etag": line["_etag"]}
            self._changes.updatePurchaseOrderLineAttribute(attribute)
        else:
            self._changes.updatePurchaseOrderLine(_write(line, **_line_changes(act, form)))
        return f"/orders/{line['purchaseOrderId']}"

    def new_part(self, form):
        fields = {
            name: form[name]
            for name in ("partNumber", "revision", "description", "purchaseType")
            if form.get(name)
        }
        self._changes.createPart({**fields, **_cost(form)})
        return "/parts"

    def part_act(self, form, id, act):
        part = self._books.row("parts", id)
        if act == "revise":
            self._changes.createPartRevision(_write(part))
        else:
            description = {"description": form["description"]} if form.get("description") else {}
            self._changes.updatePart(_write(part, **description, **_cost(form)))
        return "/parts"

    def habits(self, form):
        self._calls.page(
            "POST",
            {name: form.get(name) == "yes" for name in self._calls.habits} | {"release": True},
        )
        return "/webhooks"


def _write(row, **changes):
    return {"id": row["id"], "etag": row["_etag"], **changes}


def _line_changes(act, form):
    if act in ("cancel", "restore"):
        return {"status": "CANCELED" if act == "cancel" else "DRAFT"}
    texts = {name: form[name] for name in ("description", "estimatedArrivalDate") if form.get(name)}
    amounts = {name: decimal(form[name]) for name in ("quantity", "cost") if form.get(name)}
    return {**texts, **amounts}


def _cost(form):
    return {"cost": decimal(form["cost"])} if form.get("cost") else {}
