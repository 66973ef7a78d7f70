"""Actions of people in Autotask: post work, void invoices, approve reports, receive orders."""

from decimal import Decimal, InvalidOperation

from hub_autotask.sandbox import msp
from hub_autotask.sandbox.picklists import EXPENSE_STATUS, ITEM_TYPES, ORDER_STATUS, get_number
from hub_autotask.sandbox.schema import ENTITIES
from qbo_sandbox.kit import PageRefused


def _set_fields(entity, **fields):
    """Return an act that sets fields; a callable value gets the books and the form."""

    def act(books, id, form):
        values = {}
        for name, value in fields.items():
            values[name] = value(books, form) if callable(value) else value
        books.do("put", entity=entity, id=id, fields=values)

    return act


def _get_now(books, form):
    """Return the moment of an act."""
    return books.now()


def _create_form_reader(name):
    """Return a function that returns a field of the form."""
    return lambda books, form: form.get(name) or None


def _receive(books, id, form):
    """Receive everything that is outstanding on one invoice of the vendor."""
    items = list(books.rows("PurchaseOrderItems").values())
    for item in items:
        if item["orderID"] != id:
            continue
        fields = {
            "purchaseOrderItemID": item["id"],
            "quantityNowReceiving": item["quantity"],
            "receiveDate": books.now(),
            "vendorInvoiceNumber": form.get("number") or None,
        }
        books.do(
            "put",
            entity="PurchaseOrderItemReceiving",
            id=books.next_id("PurchaseOrderItemReceiving"),
            fields=fields,
        )
    books.do(
        "put",
        entity="PurchaseOrders",
        id=id,
        fields={"status": get_number(ORDER_STATUS, "Received Full")},
    )


def _create_expense_act(label, **more):
    """Return an act that moves a report to another status."""
    return _set_fields("ExpenseReports", status=get_number(EXPENSE_STATUS, label), **more)


def _create_order_act(label, **more):
    """Return an act that moves an order to another status."""
    return _set_fields("PurchaseOrders", status=get_number(ORDER_STATUS, label), **more)


ACTS = {
    "Invoices": {
        "void": _set_fields("Invoices", isVoided=True, voidedDate=_get_now, voidedByResourceID=41),
        "number": _set_fields("Invoices", invoiceNumber=_create_form_reader("number")),
        "clear-number": _set_fields("Invoices", invoiceNumber=""),
        "clear-web-service-date": _set_fields("Invoices", webServiceDate=None),
        "pay": _set_fields("Invoices", paidDate=_get_now),
    },
    "ExpenseReports": {
        "approve": _create_expense_act(
            "Approved for Payment", approvedDate=_get_now, approverID=43
        ),
        "reject": _create_expense_act("Rejected", rejectionReason=_create_form_reader("reason")),
        "pay": _create_expense_act("Paid"),
        "clear-reference": _set_fields("ExpenseReports", quickBooksReferenceNumber=None),
    },
    "PurchaseOrders": {
        "submit": _create_order_act("Submitted", submitDateTime=_get_now),
        "cancel": _create_order_act("Canceled", cancelDateTime=_get_now),
        "receive": _receive,
        "clear-number": _set_fields("PurchaseOrders", externalPONumber=None),
    },
    "BillingCodes": {
        "external-number": _set_fields(
            "BillingCodes", externalNumber=_create_form_reader("number")
        ),
    },
}


def post_work(books, form):
    """Invoice the approved work of one line; number it if numbering is automatic."""
    try:
        quantity = Decimal(form.get("quantity") or "1")
        rate = Decimal(form.get("rate") or "100")
    except InvalidOperation:
        raise PageRefused("Quantity and rate are numbers, such as 2 and 99.5.") from None
    company = int(form.get("company") or 177)
    code = int(form.get("code") or 801)
    if company not in books.rows("Companies") or code not in books.rows("BillingCodes"):
        return None
    id = books.next_id("Invoices")
    at = books.now()
    amount = quantity * rate
    line = {
        "invoiceID": id,
        "companyID": company,
        "billingCodeID": code,
        "quantity": quantity,
        "rate": rate,
        "billingItemType": get_number(ITEM_TYPES, "Labor"),
        "extendedPrice": amount,
        "taxDollars": Decimal(0),
        "totalAmount": amount,
        "itemName": form.get("text") or "Support",
        "nonBillable": 0,
    }
    books.do(
        "put",
        entity="BillingItems",
        id=books.next_id("BillingItems"),
        fields=line,
    )
    invoice_number = str(id) if books.automatic else None
    invoice = {
        "companyID": company,
        "createDateTime": at,
        "invoiceDateTime": at,
        "dueDate": at,
        "invoiceNumber": invoice_number,
        "invoiceTotal": amount,
        "totalTaxValue": Decimal(0),
        "isVoided": False,
        "paymentTerm": msp.NET30,
        "invoiceStatus": 1,
    }
    return books.do("put", entity="Invoices", id=id, fields=invoice)


def set_doors(books, form):
    """Set the security level, the secret, the zone, and the automatic numbering of invoices."""
    if form.get("lacking") in ("", *ENTITIES):
        lacking = filter(None, [form["lacking"]])
        books.do("level", lacking=list(lacking))
    if form.get("secret"):
        code, user, _ = books.credentials
        books.do("credentials", values=[code, user, form["secret"]])
    if form.get("zone") in ("", "/zone2"):
        books.do("move", zone=form["zone"])
    if form.get("automatic") in ("yes", "no"):
        books.do("automate", on=form["automatic"] == "yes")
