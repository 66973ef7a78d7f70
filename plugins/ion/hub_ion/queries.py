"""The GraphQL queries and mutations for ION; names in its API are used here and in `schema`."""

from dataclasses import dataclass

from hub import Row
from hub_ion import schema

LIST_TEMPLATE = """query {operation}($filters: {filters}, $first: Int, $after: String) {{
  rows: {field}(filters: $filters, sort: [ID_ASC], first: $first, after: $after) {{
    edges {{ node {{ {node} }} }} pageInfo {{ endCursor hasNextPage totalCount }} }} }}"""


@dataclass(frozen=True)
class Listing:
    """A list of ION: the type of its rows, and the fields to request unless `node` has them.

    `field` is the field of the query type that holds the list, as in ION's GraphQL schema.
    """

    operation: str
    field: str
    filters: str
    type: str
    node: str = ""

    def text(self, absent_fields: frozenset[str]) -> str:
        """Return the query, without the fields that ION lacks."""
        node = self.node or schema.select(self.type, absent_fields)
        return LIST_TEMPLATE.format(
            operation=self.operation,
            field=self.field,
            filters=self.filters,
            node=node,
        )

    def complete(self, row: Row, absent_fields: frozenset[str]) -> Row:
        """Give a row the fields that ION lacks, empty."""
        if not absent_fields or self.node:
            return row
        return schema.fill_missing_fields(self.type, row, absent_fields)


@dataclass(frozen=True)
class ShortList:
    """A list without filters, which ION may give page by page as its long lists, or as a whole."""

    operation: str
    field: str
    node: str

    def text(self, *, is_paged: bool) -> str:
        """Return the query for the list in one of the two forms."""
        if not is_paged:
            return f"query {self.operation} {{ rows: {self.field} {{ {self.node} }} }}"
        return (
            f"query {self.operation}Pages($first: Int, $after: String) {{"
            f" rows: {self.field}(first: $first, after: $after) {{"
            f" edges {{ node {{ {self.node} }} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        )


ORDERS = Listing("Orders", "purchaseOrders", "PurchaseOrdersInputFilters", "PurchaseOrder")
ORDER_IDS = Listing(
    "OrderIds", "purchaseOrders", "PurchaseOrdersInputFilters", "PurchaseOrder", "id"
)
LINE_CHANGES = Listing(
    "LineChanges",
    "purchaseOrderLines",
    "PurchaseOrderLinesInputFilters",
    "PurchaseOrderLine",
    "id etag: _etag order: purchaseOrder { id } updated",
)
PARTS = Listing("Parts", "parts", "PartsInputFilters", "Part")
PART_NAMES = Listing(
    "PartNames", "parts", "PartsInputFilters", "Part", "id number: partNumber revision"
)
SUPPLIERS = Listing("Suppliers", "suppliers", "SuppliersInputFilters", "Supplier")
ORDER_REFERENCES = Listing(
    "References",
    "purchaseOrders",
    "PurchaseOrdersInputFilters",
    "PurchaseOrder",
    "id reference: externalReference",
)
CURRENCIES = ShortList("Currencies", "currencies", "id code")
UNFINISHED_ORDER = """query Unfinished($id: ID!) { row: purchaseOrder(id: $id) { id status
  lines: purchaseOrderLines { id etag: _etag number: lineNumber
    attributes { key value etag: Etag } } } }"""
ADD_ORDER = """mutation AddOrder(
  $supplier: ID!, $currency: ID, $reference: String!, $notes: String) {
  made: createPurchaseOrder(input: { supplierId: $supplier, currencyId: $currency,
    externalReference: $reference, notes: $notes }) { row: purchaseOrder { id } } }"""
ADD_LINE = """mutation AddLine(
  $order: ID!, $part: ID, $text: String, $quantity: Decimal!, $cost: Decimal!, $needed: Date) {
  made: createPurchaseOrderLine(input: { purchaseOrderId: $order, partId: $part, description: $text,
    quantity: $quantity, cost: $cost, needDate: $needed }) {
    row: purchaseOrderLine { id etag: _etag attributes { key value etag: Etag } } } }"""
SET_LINE_ATTRIBUTE = """mutation SetLineAttribute(
  $id: ID!, $etag: String!, $key: String!, $text: String!) {
  made: updatePurchaseOrderLineAttribute(input: { purchaseOrderLineId: $id, etag: $etag,
    key: $key, value: $text }) {
    row: purchaseOrderLine { etag: _etag attributes { key value etag: Etag } } } }"""
SET_STATUS = """mutation Move($id: ID!, $etag: String!, $status: PurchaseOrderStatus!) {
  updatePurchaseOrder(input: { id: $id, etag: $etag, status: $status }) {
    purchaseOrder { id } } }"""
CURRENT_USER = "query Me { me { organization { id domain } } }"
SCHEMA = "query Schema { __schema { types { name fields { name } inputFields { name } } } }"
ORDER_ETAG = "query Etag($id: ID!) { order: purchaseOrder(id: $id) { etag: _etag } }"
ORDER_REFERENCE = """query Reference($id: ID!) {
  order: purchaseOrder(id: $id) { etag: _etag reference: externalReference } }"""
ORDER_ATTRIBUTES = """query Attributes($id: ID!) {
  order: purchaseOrder(id: $id) { etag: _etag attributes { key value etag: Etag } } }"""
SET_REFERENCE = """mutation SetReference($id: ID!, $etag: String!, $text: String!) {
  updatePurchaseOrder(input: { id: $id, etag: $etag, externalReference: $text }) {
    purchaseOrder { id } } }"""
SET_ATTRIBUTE = """mutation SetAttribute($id: ID!, $etag: String!, $text: String!, $key: String!) {
  updatePurchaseOrderAttribute(input: { purchaseOrderId: $id, etag: $etag,
    key: $key, value: $text }) {
    purchaseOrder { id } } }"""
RECEIVERS = ShortList("Receivers", "webhookReceivers", "id etag: _etag address: webhookUri")
ADD_RECEIVER = """mutation AddReceiver($address: String!) {
  made: createWebhookReceiver(input: { name: "QuickBooks", description: "For the books",
    webhookUri: $address }) {
    row: webhookReceiver { id secret: sharedSecret } } }"""
RESOURCES = 'query Resources { kind: __type(name: "ResourceEnum") { enumValues { name } } }'
# The names of the types of the resource and the action differ between ION's pages.
SUBSCRIBE = """mutation Subscribe($event: CreateWebhookSubscriptionInput!) {
  createWebhookSubscription(input: $event) { webhookSubscription { id } } }"""
DELETE_RECEIVER = """mutation DropReceiver($id: ID!, $etag: String!) {
  deleteWebhookReceiver(id: $id, etag: $etag) { id } }"""
WATCHED_RESOURCES = ("PURCHASEORDERS", "PURCHASEORDERLINES", "PURCHASEORDERFEES", "PARTS")
WATCHED_ACTIONS = ("CREATE", "UPDATE", "DELETE")
