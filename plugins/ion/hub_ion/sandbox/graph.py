"""The schema with its resolvers, which compute the fields of the API from the rows."""

import datetime as dt
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files

from graphql import GraphQLError, build_schema

from hub_ion.sandbox import lists, rules
from qbo_sandbox.kit.journaled_books import stamp

LIST_TABLES = {
    "purchaseOrders": "orders",
    "purchaseOrderLines": "lines",
    "parts": "parts",
    "suppliers": "suppliers",
    "receipts": "receipts",
    "currencies": "currencies",
    "webhookReceivers": "receivers",
}
ROW_TABLES = {
    "purchaseOrder": "orders",
    "purchaseOrderLine": "lines",
    "part": "parts",
    "supplier": "suppliers",
}
LOST_LINE = "a whole line"  # in place of the type of a row that a fault breaks
MAX_ROWS_WITHOUT_PAGES = 250  # the real ION times out on a longer list without pages


@cache
def schema(absent_fields=frozenset()):
    """Read the schema once, without the fields in `lacks`; a resolver's context is its call."""
    text = files(__package__).joinpath("schema.graphql").read_text(encoding="utf-8")
    schema_document = build_schema(text)
    for name, read in (
        ("Decimal", parse_decimal),
        ("DateTime", _parse_moment),
        ("Date", _parse_day),
    ):
        scalar = schema_document.type_map[name]
        scalar.coerce_output_value = str
        scalar.coerce_input_value = read
        scalar.coerce_input_literal = lambda node, read=read: read(getattr(node, "value", None))
    query = schema_document.query_type.fields
    mutation = schema_document.mutation_type.fields
    for name, table in LIST_TABLES.items():
        query[name].resolve = _list(table)
    for name, table in ROW_TABLES.items():
        query[name].resolve = _create_row_resolver(table)
    for name, field in mutation.items():
        field.resolve = _create_mutation_resolver(name)
    for owner, resolvers in RESOLVERS.items():
        for name, resolve in resolvers.items():
            schema_document.type_map[owner].fields[name].resolve = resolve
    for lacking in absent_fields:
        owner, _, name = lacking.partition(".")
        del schema_document.type_map[owner].fields[name]
    return schema_document


def has_field(field):
    """Return whether `Type.field` is in the schema."""
    owner, _, name = field.partition(".")
    return name in getattr(schema().type_map.get(owner), "fields", ())


def _list(table):
    """Return the resolver of a list; a long list that is requested without pages times out."""

    def resolve(_, info, **arguments):
        """Return a page of the list."""
        page = lists.read_connection(info.context.books, table, **arguments)
        is_whole = arguments.get("first") is None and arguments.get("last") is None
        if is_whole and len(page["edges"]) > MAX_ROWS_WITHOUT_PAGES:
            info.context.is_timed_out = True
        return page

    return resolve


def _create_row_resolver(table):
    """Return the resolver of one row by its id."""
    return lambda _, info, id: info.context.books.row(table, id)


def _create_mutation_resolver(name):
    """Return the resolver of a mutation, which checks the rights of the key."""

    def resolve(_, info, **arguments):
        """Carry out the mutation."""
        call = info.context
        if name not in call.permissions:
            raise GraphQLError(f"You do not have permission to perform {name}.")
        return getattr(call.changes, name)(**arguments)

    return resolve


# -- fields that are worked out -----------------------------------------------------------------


def _create_related_row_resolver(table, key):
    """Return the resolver of the row that a field of another row names."""

    def resolve(row, info):
        """Return the row that the field names, or None."""
        if row.get(key) is None:
            return None
        return info.context.books.row(table, row[key])

    return resolve


def _resolve_attributes(row, info):
    """Return the attributes of a row; one that a fault breaks affects its own row only."""
    if info.context.broken_row == (info.parent_type.name, row["id"]):
        raise GraphQLError("Attribute service did not answer.")
    attributes = []
    for key, value in row.get("attributes", {}).items():
        etag = rules.get_attribute_etag(row, key)
        attributes.append({"key": key, "value": value, "type": "STRING", "Etag": etag})
    return attributes


def _resolve_lines(order, info):
    """Return the lines of an order."""
    return info.context.books.of_order("lines", order)


def _resolve_lines_or_error(order, info):
    """Return the lines of an order, with an error in place of one that a fault breaks."""
    lines = []
    for line in _resolve_lines(order, info):
        is_lost = info.context.broken_row == (LOST_LINE, line["id"])
        lines.append(GraphQLError("Line service did not answer.") if is_lost else line)
    return lines


def _resolve_estimated_total(order, info):
    """Return the cost of an order without its canceled lines."""
    fees = info.context.books.of_order("fees", order)
    return rules.compute_order_total(_resolve_lines(order, info), fees)


def _resolve_user(_, info):
    """Return the user that a key belongs to."""
    call = info.context
    return {
        "id": 7,
        "name": "Integration",
        "email": "integration@example.com",
        "organization": call.organization,
    }


def _resolve_order(line, info):
    """Return the order of a line."""
    return info.context.books.row("orders", line["purchaseOrderId"])


RESOLVERS = {
    "Query": {
        "me": _resolve_user,
        "currentUser": _resolve_user,
    },
    "PurchaseOrder": {
        "status": lambda order, info: rules.get_order_status(order, _resolve_lines(order, info)),
        "currency": _create_related_row_resolver("currencies", "currencyId"),
        "supplier": _create_related_row_resolver("suppliers", "supplierId"),
        "shipToLocation": _create_related_row_resolver("locations", "shipToLocationId"),
        "estimatedTotalCost": _resolve_estimated_total,
        "purchaseOrderLines": _resolve_lines_or_error,
        "fees": lambda order, info: info.context.books.of_order("fees", order),
        "attributes": _resolve_attributes,
    },
    "PurchaseOrderLine": {
        "status": lambda line, info: rules.get_line_status(_resolve_order(line, info), line),
        "purchaseOrder": _resolve_order,
        "part": _create_related_row_resolver("parts", "partId"),
        "totalCost": lambda line, info: rules.compute_line_total(line),
        "receivedQuantity": lambda line, info: line.get("receivedQuantity", "0"),
        "paid": lambda line, info: bool(line.get("paid")),
        "attributes": _resolve_attributes,
    },
    "Part": {"attributes": _resolve_attributes},
    "Supplier": {"attributes": _resolve_attributes, "Attributes": _resolve_attributes},
    "Receipt": {
        "purchaseOrderLines": lambda row, info: [
            info.context.books.row("lines", id) for id in row["lines"]
        ],
    },
    "WebhookReceiver": {
        "subscriptions": lambda row, info: [
            subscription
            for subscription in info.context.books.rows("subscriptions")
            if subscription["receiverId"] == row["id"]
        ],
    },
}


# -- scalars ------------------------------------------------------------------------------------


def parse_decimal(value):
    """Parse a number with any number of decimals, from text or number."""
    try:
        number = Decimal("NaN") if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise GraphQLError(f"Decimal cannot represent {value!r}.")
    return number


def _parse_moment(value):
    """Parse a moment; one without an offset is in UTC."""
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError:
        raise GraphQLError(f"DateTime cannot represent {value!r}.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return stamp(moment)


def _parse_day(value):
    """Parse a day."""
    try:
        return dt.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise GraphQLError(f"Date cannot represent {value!r}.") from None
