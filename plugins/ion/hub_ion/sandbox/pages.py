"""The pages: orders and parts with forms to change, receive and delete them, and webhooks."""

from graphql import GraphQLError

from hub_ion.sandbox import rules
from hub_ion.sandbox.graph import parse_decimal
from qbo_sandbox import kit
from qbo_sandbox.kit import PageRefused

ROWS_PER_PAGE = 50


class Pages(kit.Pages):
    """The pages of ION."""

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
        """Return whether there is a row with the id of a path."""
        if not parts:
            return True
        table = environ["PATH_INFO"].split("/")[1]
        return bool(self._books.row(table, parts[0]))

    def carry_out(self, act, form, *parts):
        """Carry out an act of a person; show what the API refuses."""
        try:
            return super().carry_out(act, form, *parts)
        except GraphQLError as error:
            raise PageRefused(error.message) from None

    # -- looking --------------------------------------------------------------------------------

    def home(self, environ):
        """Show all orders."""
        rows = [self._view(row) for row in self._books.rows("orders")]
        return self.render_list(environ, "home", rows, suppliers=self._books.rows("suppliers"))

    def _view(self, order):
        """Return an order with what follows from its lines and fees."""
        lines = self._books.of_order("lines", order)
        fees = self._books.of_order("fees", order)
        supplier = self._find_related("suppliers", order.get("supplierId"))
        currency = self._find_related("currencies", order.get("currencyId"))
        status = rules.get_order_status(order, lines)
        case = order.get("case", "made by hand")
        name = supplier["name"] if supplier else "no supplier"
        search_text = f"{order['id']} {name} {status} {case}"
        return {
            **order,
            "case": case,
            "status": status,
            "supplier": name,
            "searched": search_text,
            "currency": currency["code"] if currency else "",
            "total": rules.compute_order_total(lines, fees),
            "fees": fees,
            "lines": [self._line_view(order, line) for line in lines],
            "next": rules.NEXT_STATUSES.get(order["phase"], ()),
        }

    def _find_related(self, table, id):
        """Return the row that a field names, or None if the field is empty."""
        return self._books.row(table, id) if id else None

    def _line_view(self, order, line):
        """Return a line with what follows from it."""
        part = self._find_related("parts", line.get("partId"))
        name = f"{part['partNumber']} Rev {part['revision']}" if part else ""
        return {
            **line,
            "status": rules.get_line_status(order, line),
            "part": name,
            "total": rules.compute_line_total(line),
        }

    def order(self, environ, id):
        """Show one order with the forms that change it."""
        order = self._view(self._books.row("orders", id))
        lists = {name: self._books.rows(name) for name in ("parts", "suppliers", "currencies")}
        return self.render(environ, "order", order=order, **lists)

    def parts(self, environ):
        """Show all parts."""
        return self.render(environ, "parts", rows=self._books.rows("parts"))

    def webhooks(self, environ):
        """Show the newest deliveries."""
        events = self._calls.events[::-1][:ROWS_PER_PAGE]
        return self.render(environ, "webhooks", events=events, habits=self._calls.habits)

    # -- acting ---------------------------------------------------------------------------------

    def new_order(self, form):
        """Add an order of a supplier."""
        fields = {"supplierId": form["supplier"], "shipToLocationId": 1}
        order = self._changes.createPurchaseOrder(fields)["purchaseOrder"]
        return f"/orders/{order['id']}"

    def act(self, form, id, act):
        """Carry out an act on an order."""
        order = self._books.row("orders", id)
        getattr(self, f"_order_{act}")(order, form)
        return "/" if act == "delete" else f"/orders/{id}"

    def _order_move(self, order, form):
        """Move an order to another status."""
        self._changes.updatePurchaseOrder(_write(order, status=form["status"]))

    def _order_set(self, order, form):
        """Change the supplier or the currency of an order."""
        fields = _list_filled_values(form, ("supplierId", "currencyId"))
        self._changes.updatePurchaseOrder(_write(order, **fields))

    def _order_fee(self, order, form):
        """Add a fee to an order."""
        value = parse_decimal(form.get("value", ""))
        fee = {"purchaseOrderId": order["id"], "name": form["name"], "value": value}
        self._changes.createPurchaseOrderFee(fee)

    def _order_add(self, order, form):
        """Add a line to an order."""
        amounts = {name: parse_decimal(form.get(name, "")) for name in ("quantity", "cost")}
        part = {"partId": form["part"]} if form.get("part") else {}
        description = {
            "purchaseOrderId": order["id"],
            "description": form.get("description") or None,
        }
        self._changes.createPurchaseOrderLine({**description, **part, **amounts})

    def _order_receive(self, order, form):
        """Receive one line of an order or all, in the quantity of the form or completely."""
        receipt_lines = []
        for line in self._books.of_order("lines", order):
            if line.get("canceled") or form.get("line") not in ("", None, str(line["id"])):
                continue
            quantity = parse_decimal(form.get("quantity") or line["quantity"])
            receipt_lines.append({"purchaseOrderLineId": line["id"], "quantity": quantity})
        self._changes.createReceipt({"lines": receipt_lines})

    def _order_delete(self, order, form):
        """Delete an order with its lines and fees, which the API cannot do."""
        drops = []
        for table in ("lines", "fees"):
            for row in self._books.of_order(table, order):
                drops.append(("drop", table, row["id"]))
        self._books.commit(*drops, ("drop", "orders", order["id"]))

    def line_act(self, form, id, act):
        """Carry out an act on a line."""
        line = self._books.row("lines", id)
        if act == "remove":
            self._changes.deletePurchaseOrderLine(line["id"], line["_etag"])
        elif act == "attribute":
            attribute = {"key": form["key"], "value": form.get("value") or None}
            etag = rules.get_attribute_etag(line, form["key"])
            attribute |= {"purchaseOrderLineId": line["id"], "etag": etag}
            self._changes.updatePurchaseOrderLineAttribute(attribute)
        else:
            self._changes.updatePurchaseOrderLine(_write(line, **_build_line_changes(act, form)))
        return f"/orders/{line['purchaseOrderId']}"

    def new_part(self, form):
        """Add a part."""
        fields = _list_filled_values(
            form, ("partNumber", "revision", "description", "purchaseType")
        )
        self._changes.createPart({**fields, **_get_cost(form)})
        return "/parts"

    def part_act(self, form, id, act):
        """Change a part, or add its next revision."""
        part = self._books.row("parts", id)
        if act == "revise":
            self._changes.createPartRevision(_write(part))
        else:
            description = _list_filled_values(form, ("description",))
            self._changes.updatePart(_write(part, **description, **_get_cost(form)))
        return "/parts"

    def habits(self, form):
        """Change what the calls of the hub do."""
        habits = {name: form.get(name) == "yes" for name in self._calls.habits}
        self._calls.page("POST", habits | {"release": True})
        return "/webhooks"


def _write(row, **changes):
    """Return the input of a mutation that changes a row."""
    return {"id": row["id"], "etag": row["_etag"], **changes}


def _build_line_changes(act, form):
    """Return the fields of a line that an act on its form changes."""
    if act == "cancel":
        return {"status": "CANCELED"}
    if act == "restore":
        return {"status": "DRAFT"}
    changes = _list_filled_values(form, ("description", "estimatedArrivalDate"))
    for name, text in _list_filled_values(form, ("quantity", "cost")).items():
        changes[name] = parse_decimal(text)
    return changes


def _list_filled_values(form, names):
    """Return the named values of a form that are not empty."""
    return {name: form[name] for name in names if form.get(name)}


def _get_cost(form):
    """Return the cost of a form, if it has one."""
    return {"cost": parse_decimal(form["cost"])} if form.get("cost") else {}
