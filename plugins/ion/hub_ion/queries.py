"""What ION is asked, in GraphQL: every assumption about the names of its API."""

from dataclasses import dataclass

from hub import Row
from hub_ion import schema

LIST = """query {operation}($filters: {filters}, $first: Int, $after: String) {{
  rows: {things}(filters: $filters, sort: [ID_ASC], first: $first, after: $after) {{
    edges {{ node {{ {node} }} }} pageInfo {{ endCursor hasNextPage totalCount }} }} }}"""


@dataclass(frozen=True)
class Listing:
    """A list of ION: the type of its rows, and the fields to request unless `node` has them."""

    operation: str
    things: str
    filters: str
    type: str
    node: str = ""

    def text(self, lacks: frozenset[str]) -> str:
        """Return the query, without the fields that ION lacks."""
        node = self.node or schema.select(self.type, lacks)
        return LIST.format(
            operation=self.operation,
            things=self.things,
            filters=self.filters,
            node=node,
        )

    def complete(self, row: Row, lacks: frozenset[str]) -> Row:
        """Give a row the fields that ION lacks, empty."""
        if not lacks or self.node:
            return row
        return schema.fill_missing_fields(self.type, row, lacks)


ORDERS = Listing("Orders", "purchaseOrders", "PurchaseOrdersInputFilters", "PurchaseOrder")
ORDER_IDS = Listing(
    "OrderIds", "purchaseOrders", "PurchaseOrdersInputFilters", "PurchaseOrder", "id"
)
LINE_CHANGES = Listing(
    "LineChanges",
    "purchaseOrderLines",
    "PurchaseOrderLinesInputFilters",
    "PurchaseOrderLine",
    "id etag: _etag order: purchaseOrderId updated",
)
PARTS = Listing("Parts", "parts", "PartsInputFilters", "Part")
PART_NAMES = Listing(
    "PartNames", "parts", "PartsInputFilters", "Part", "id number: partNumber revision"
)
SUPPLIERS = Listing("Suppliers", "suppliers", "SuppliersInputFilters", "Supplier")
REFERENCES = Listing(
    "References",
    "purchaseOrders",
    "PurchaseOrdersInputFilters",
    "PurchaseOrder",
    "id reference: externalReference",
)
CURRENCIES = "query Currencies { rows: currencies { id code } }"
UNFINISHED = """query Unfinished($id: ID!) { row: purchaseOrder(id: $id) { id status
  lines: purchaseOrderLines { id etag: _etag number: lineNumber attributes { key value } } } }"""
ADD_ORDER = """mutation AddOrder(
  $supplier: ID!, $currency: ID, $reference: String!, $notes: String) {
  made: createPurchaseOrder(input: { supplierId: $supplier, currencyId: $currency,
    externalReference: $reference, notes: $notes }) { row: purchaseOrder { id } } }"""
ADD_LINE = """mutation AddLine(
  $order: ID!, $part: ID, $text: String, $quantity: Decimal!, $cost: Decimal!, $needed: Date) {
  made: createPurchaseOrderLine(input: { purchaseOrderId: $order, partId: $part, description: $text,
    quantity: $quantity, cost: $cost, needDate: $needed }) {
    row: purchaseOrderLine { id etag: _etag attributes { key value } } } }"""
SET_LINE_ATTRIBUTE = """mutation SetLineAttribute(
  $id: ID!, $etag: String!, $key: String!, $text: String!) {
  made: updatePurchaseOrderLineAttribute(input: { purchaseOrderLineId: $id, etag: $etag,
    key: $key, value: $text }) {
    row: purchaseOrderLine { etag: _etag } } }"""
MOVE = """mutation Move($id: ID!, $etag: String!, $status: PurchaseOrderStatus!) {
  updatePurchaseOrder(input: { id: $id, etag: $etag, status: $status }) {
    purchaseOrder { id } } }"""
ME = "query Me { me { organization { id domain } } }"
SCHEMA = "query Schema { __schema { types { name fields { name } inputFields { name } } } }"
ETAG = "query Etag($id: ID!) { order: purchaseOrder(id: $id) { etag: _etag } }"
REFERENCE = """query Reference($id: ID!) {
  order: purchaseOrder(id: $id) { etag: _etag reference: externalReference } }"""
ATTRIBUTES = """query Attributes($id: ID!) {
  order: purchaseOrder(id: $id) { etag: _etag attributes { key value } } }"""
SET_REFERENCE = """mutation SetReference($id: ID!, $etag: String!, $text: String!) {
  updatePurchaseOrder(input: { id: $id, etag: $etag, externalReference: $text }) {
    purchaseOrder { id } } }"""
SET_ATTRIBUTE = """mutation SetAttribute($id: ID!, $etag: String!, $text: String!, $key: String!) {
  updatePurchaseOrderAttribute(input: { purchaseOrderId: $id, etag: $etag,
    key: $key, value: $text }) {
    purchaseOrder { id } } }"""
RECEIVERS = "query Receivers { rows: webhookReceivers { id etag: _etag address: webhookUri } }"
ADD_RECEIVER = """mutation AddReceiver($address: String!) {
  made: createWebhookReceiver(input: { name: "QuickBooks", description: "For the books",
    webhookUri: $address }) {
    row: webhookReceiver { id secret: sharedSecret } } }"""
SUBSCRIBE = """mutation Subscribe($receiver: ID!, $resource: ResourceEnum!, $action: ActionEnum!) {
  createWebhookSubscription(input: { receiverId: $receiver, resource: $resource,
    action: $action }) {
    webhookSubscription { id } } }"""
DROP_RECEIVER = """mutation DropReceiver($id: ID!, $etag: String!) {
  deleteWebhookReceiver(id: $id, etag: $etag) { id } }"""
WATCHED = ("PURCHASEORDERS", "PURCHASEORDERLINES", "PURCHASEORDERFEES", "PARTS")
ACTIONS = ("CREATE", "UPDATE", "DELETE")
