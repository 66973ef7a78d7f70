"""The schema with its resolvers: what each field of the API is worked out from."""

import datetime as dt
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files

from graphql import GraphQLError, build_schema

from hub_ion.sandbox import lists, rules

LISTS = {
    "purchaseOrders": "orders",
    "purchaseOrderLines": "lines",
    "parts": "parts",
    "suppliers": "suppliers",
    "receipts": "receipts",
}
SINGLES = {
    "purchaseOrder": "orders",
    "purchaseOrderLine": "lines",
    "part": "parts",
    "supplier": "suppliers",
}
MOST_UNPAGED = 250  # a longer list that is asked for whole takes the real one too long


@cache
def schema(lacks=frozenset()):
    """Read the schema once, without the fields in `lacks`; a resolver's context is its call."""
    schema_document = build_schema(
        files(__package__).joinpath("schema.graphql").read_text(encoding="utf-8")
    )
    for name, read in (("Decimal", decimal), ("DateTime", _moment), ("Date", _day)):
        scalar = schema_document.type_map[name]
        scalar.coerce_output_value = str
        scalar.coerce_input_value = read
        scalar.coerce_input_literal = lambda node, read=read: read(getattr(node, "value", None))
    query = schema_document.query_type.fields
    mutation = schema_document.mutation_type.fields
    for name, table in LISTS.items():
        query[name].resolve = _list(table)
    for name, table in SINGLES.items():
        query[name].resolve = _single(table)
    for name, field in mutation.items():
        field.resolve = _mutation(name)
    for owner, resolvers in RESOLVERS.items():
        for name, resolve in resolvers.items():
            schema_document.type_map[owner].fields[name].resolve = resolve
    for lacking in lacks:
        owner, _, name = lacking.partition(".")
        del schema_document.type_map[owner].fields[name]
    return schema_document


def has(field):
    """Return whether `Type.field` is in the schema."""
    owner, _, name = field.partition(".")
    return name in getattr(schema().type_map.get(owner), "fields", ())


def _list(table):
    def resolve(_, info, **arguments):
        page = lists.connection(info.context.books, table, **arguments)
        if (
            arguments.get("first") is None
            and arguments.get("last") is None
            and len(page["edges"]) > MOST_UNPAGED
        ):
            info.context.too_long = True
        return page

    return resolve


def _single(table):
    return lambda _, info, id: info.context.books.row(table, id)


def _mutation(name):
    def resolve(_, info, **arguments):
        call = info.context
        if name not in call.permissions:
            raise GraphQLError(f"You do not have permission to perform {name}.")
        return getattr(call.changes, name)(**arguments)

    return resolve


# -- fields that are worked out -----------------------------------------------------------------


def _row(table, key):
    return lambda row, info: (
        info.context.books.row(table, row[key]) if row.get(key) is not None else None
    )


def _attributes(row, info):
    """Return the attributes of a row; one that a fault breaks affects its own row only."""
    if info.context.broken == (info.parent_type.name, row["id"]):
        raise GraphQLError("Attribute service did not answer.")
    return [
        {"key": key, "value": value, "type": "STRING", "Etag": row["_etag"]}
        for key, value in row.get("attributes", {}).items()
    ]


def _lines(order, info):
    return info.context.books.of_order("lines", order)


def _live_total(order, info):
    return rules.order_total(_lines(order, info), info.context.books.of_order("fees", order))


def _user(_, info):
    call = info.context
    return {
        "id": 7,
        "name": "Integration",
        "email": "integration@example.com",
        "organization": call.organization,
    }


def _order_of(line, info):
    return info.context.books.row("orders", line["purchaseOrderId"])


RESOLVERS = {
    "Query": {
        "me": _user,
        "currentUser": _user,
        "currencies": lambda _, info: info.context.books.rows("currencies"),
        "webhookReceivers": lambda _, info: info.context.books.rows("receivers"),
    },
    "PurchaseOrder": {
        "status": lambda order, info: rules.order_status(order, _lines(order, info)),
        "currency": _row("currencies", "currencyId"),
        "supplier": _row("suppliers", "supplierId"),
        "shipToLocation": _row("locations", "shipToLocationId"),
        "estimatedTotalCost": _live_total,
        "purchaseOrderLines": _lines,
        "fees": lambda order, info: info.context.books.of_order("fees", order),
        "attributes": _attributes,
    },
    "PurchaseOrderLine": {
        "status": lambda line, info: rules.line_status(_order_of(line, info), line),
        "purchaseOrder": _order_of,
        "part": _row("parts", "partId"),
        "totalCost": lambda line, info: rules.line_total(line),
        "receivedQuantity": lambda line, info: line.get("receivedQuantity", "0"),
        "paid": lambda line, info: bool(line.get("paid")),
        "attributes": _attributes,
    },
    "Part": {"attributes": _attributes},
    "Supplier": {"attributes": _attributes, "Attributes": _attributes},
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


def decimal(value):
    """Parse a number with any number of decimals, from text or number."""
    try:
        read = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        read = Decimal("NaN")
    if not read.is_finite():
        raise GraphQLError(f"Decimal cannot represent {value!r}.")
    return read


def _moment(value):
    try:
        read = dt.datetime.fromisoformat(str(value))
    except ValueError:
        raise GraphQLError(f"DateTime cannot represent {value!r}.") from None
    read = read if read.tzinfo else read.replace(tzinfo=dt.UTC)
    return read.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _day(value):
    try:
        return dt.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise GraphQLError(f"Date cannot represent {value!r}.") from None
