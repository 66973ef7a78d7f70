"""What ION is asked, in GraphQL: every assumption about the names of its API."""

# What is asked of each type: a word is a field, `ours: theirs` gives it the name that the app knows it by.
USED = {
    "PurchaseOrder": "id etag: _etag status updated ordered: orderedDate estimated: estimatedTotalCost terms notes"
    " reference: externalReference",
    "PurchaseOrderLine": "id etag: _etag status number: lineNumber description quantity cost total: totalCost"
    " received: receivedQuantity needed: needDate eta: estimatedArrivalDate updated",
    "PurchaseOrderFee": "id name value",
    "Part": "id etag: _etag number: partNumber revision description purchased: purchaseType cost created updated",
    "Supplier": "id name",
    "SupplierPart": "number factor: stockUnitsPerUnit",
    "UnitOfMeasurement": "type",
    "Currency": "code",
    "Location": "name",
    "Address": "name street city region postal: postalCode country",
    "Attribute": "key value",
}
NESTED = {
    "PurchaseOrder": "currency supplier shipToLocation attributes fees purchaseOrderLines",
    "PurchaseOrderLine": "attributes part supplierPart purchaseOrderId",
}
ORDER = f"""{USED["PurchaseOrder"]} currency {{ {USED["Currency"]} }} supplier {{ {USED["Supplier"]} }}
  location: shipToLocation {{ {USED["Location"]} address {{ {USED["Address"]} }} }}
  attributes {{ {USED["Attribute"]} }} fees {{ {USED["PurchaseOrderFee"]} }}
  lines: purchaseOrderLines {{ {USED["PurchaseOrderLine"]} attributes {{ {USED["Attribute"]} }}
    unit: supplierPart {{ {USED["SupplierPart"]} of: unitOfMeasure {{ {USED["UnitOfMeasurement"]} }} }}
    part {{ {USED["Part"]} }} }}"""


def _list(operation, things, filters, node):
    return f"""query {operation}($filters: {filters}, $first: Int, $after: String) {{
  rows: {things}(filters: $filters, sort: [ID_ASC], first: $first, after: $after) {{
    edges {{ node {{ {node} }} }} pageInfo {{ endCursor hasNextPage totalCount }} }} }}"""


ORDERS = _list("Orders", "purchaseOrders", "PurchaseOrdersInputFilters", ORDER)
ORDER_IDS = _list("OrderIds", "purchaseOrders", "PurchaseOrdersInputFilters", "id")
LINE_CHANGES = _list(
    "LineChanges",
    "purchaseOrderLines",
    "PurchaseOrderLinesInputFilters",
    "id etag: _etag order: purchaseOrderId updated",
)
PARTS = _list("Parts", "parts", "PartsInputFilters", USED["Part"])
PART_NAMES = _list("PartNames", "parts", "PartsInputFilters", "id number: partNumber revision")
SUPPLIERS = _list("Suppliers", "suppliers", "SuppliersInputFilters", USED["Supplier"])
REFERENCES = _list(
    "References", "purchaseOrders", "PurchaseOrdersInputFilters", "id reference: externalReference"
)
CURRENCIES = "query Currencies { rows: currencies { id code } }"
UNFINISHED = """query Unfinished($id: ID!) { row: purchaseOrder(id: $id) { id status
  lines: purchaseOrderLines { id etag: _etag number: lineNumber attributes { key value } } } }"""
ADD_ORDER = """mutation AddOrder($supplier: ID!, $currency: ID, $reference: String!, $notes: String) {
  made: createPurchaseOrder(input: { supplierId: $supplier, currencyId: $currency, externalReference: $reference,
    notes: $notes }) { row: purchaseOrder { id } } }"""
ADD_LINE = """mutation AddLine(
  $order: ID!, $part: ID, $text: String, $quantity: Decimal!, $cost: Decimal!, $needed: Date) {
  made: createPurchaseOrderLine(input: { purchaseOrderId: $order, partId: $part, description: $text,
    quantity: $quantity, cost: $cost, needDate: $needed }) {
    row: purchaseOrderLine { id etag: _etag attributes { key value } } } }"""
SET_LINE_ATTRIBUTE = """mutation SetLineAttribute($id: ID!, $etag: String!, $key: String!, $text: String!) {
  made: updatePurchaseOrderLineAttribute(input: { purchaseOrderLineId: $id, etag: $etag, key: $key, value: $text }) {
    row: purchaseOrderLine { etag: _etag } } }"""
MOVE = """mutation Move($id: ID!, $etag: String!, $status: PurchaseOrderStatus!) {
  updatePurchaseOrder(input: { id: $id, etag: $etag, status: $status }) { purchaseOrder { id } } }"""
ME = "query Me { me { organization { id domain } } }"
SCHEMA = "query Schema { __schema { types { name fields { name } } } }"
ETAG = """query Etag($id: ID!) {
  order: purchaseOrder(id: $id) { etag: _etag reference: externalReference attributes { key value } } }"""
SET_REFERENCE = """mutation SetReference($id: ID!, $etag: String!, $text: String!) {
  updatePurchaseOrder(input: { id: $id, etag: $etag, externalReference: $text }) { purchaseOrder { id } } }"""
SET_ATTRIBUTE = """mutation SetAttribute($id: ID!, $etag: String!, $text: String!, $key: String!) {
  updatePurchaseOrderAttribute(input: { purchaseOrderId: $id, etag: $etag, key: $key, value: $text }) {
    purchaseOrder { id } } }"""
RECEIVERS = "query Receivers { rows: webhookReceivers { id etag: _etag address: webhookUri } }"
ADD_RECEIVER = """mutation AddReceiver($address: String!) {
  made: createWebhookReceiver(input: { name: "QuickBooks", description: "For the books", webhookUri: $address }) {
    row: webhookReceiver { id secret: sharedSecret } } }"""
SUBSCRIBE = """mutation Subscribe($receiver: ID!, $resource: ResourceEnum!, $action: ActionEnum!) {
  createWebhookSubscription(input: { receiverId: $receiver, resource: $resource, action: $action }) {
    webhookSubscription { id } } }"""
DROP_RECEIVER = "mutation DropReceiver($id: ID!, $etag: String!) { deleteWebhookReceiver(id: $id, etag: $etag) { id } }"
WATCHED = ("PURCHASEORDERS", "PURCHASEORDERLINES", "PURCHASEORDERFEES", "PARTS")
ACTIONS = ("CREATE", "UPDATE", "DELETE")
