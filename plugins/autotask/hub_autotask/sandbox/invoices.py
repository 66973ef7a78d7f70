"""The invoices of the stand-in: cases, and plain ones up to a number."""

import datetime as dt
from decimal import Decimal

from hub_autotask.sandbox import msp
from hub_autotask.sandbox.msp import CALIFORNIA, GOODS, SERVICES, TUCSON
from hub_autotask.sandbox.picklists import ITEM_TYPES, get_number
from hub_autotask.sandbox.schema import ENTITIES
from hub_autotask.sandbox.selection import select_cases

FIRST_ID = 4001
RATES = {
    (CALIFORNIA, GOODS): Decimal("0.08"),
    (TUCSON, SERVICES): Decimal("0.02"),
    (TUCSON, GOODS): Decimal("0.03"),
}


def build_item(code, quantity, rate, category=None, kind="Labor", text=None, group=None, **more):
    """Return a line of a case; `more` overrides fields of its row."""
    return {
        "code": code,
        "quantity": quantity,
        "rate": rate,
        "category": category,
        "kind": kind,
        "text": text,
        "group": group,
        "more": more,
    }


def build_case(name, company, age, *lines, region=None, **more):
    """Return an invoice: days ago, lines, and unusual fields of its row."""
    return {
        "name": name,
        "company": company,
        "age": age,
        "lines": lines,
        "region": region,
        "more": more,
    }


LABOR = build_item(801, "2.5", "120", text="Remote support, mail server")
CASES = (
    build_case(
        "labour and a licence",
        177,
        2,
        LABOR,
        build_item(808, "10", "12.5", kind="Project Cost", text="Licences, October"),
    ),
    build_case(
        "taxed in California",
        177,
        3,
        build_item(804, "1", "300", SERVICES, text="Set-up"),
        build_item(807, "2", "150", GOODS, kind="Project Cost", text="Docking stations"),
        region=CALIFORNIA,
    ),
    build_case(
        "two rates in one region",
        188,
        3,
        build_item(801, "1", "100", SERVICES, text="Support"),
        build_item(807, "1", "100", GOODS, kind="Ticket Cost", text="Cable"),
        region=TUCSON,
    ),
    build_case(
        "four decimals",
        176,
        4,
        build_item(
            804,
            "0.3475",
            "119.9833",
            text="Network survey",
            extendedPrice="41.6942",
            taxDollars="11.0833",
        ),
        invoiceTotal="52.7775",
        totalTaxValue="11.0833",
    ),
    build_case("a number that is empty text", 176, 5, LABOR, invoiceNumber=""),
    build_case("numbered already", 177, 6, LABOR, invoiceNumber="1041"),
    build_case("marked with ERROR", 177, 6, LABOR, invoiceNumber="ERROR"),
    build_case(
        "voided before it was sent",
        177,
        6,
        LABOR,
        isVoided=True,
        voidedDate="2026-01-05T00:00:00.000Z",
    ),
    build_case(
        "negative total", 176, 5, build_item(801, "-1", "100", text="Credit for last month")
    ),
    build_case(
        "zero total",
        176,
        5,
        build_item(809, "4", "0", kind="Recurring Services", text="Included workstations"),
    ),
    build_case(
        "a deduction",
        185,
        5,
        build_item(802, "4", "110", text="Onsite hours"),
        build_item(814, "-4", "110", kind="Contract Block", text="Taken from the block of hours"),
    ),
    build_case(
        "a line without billing code",
        185,
        5,
        build_item(None, "1", "900", kind="Milestone", text="Milestone: cut-over"),
        LABOR,
    ),
    build_case(
        "foreign currency", 183, 4, build_item(804, "3", "95", text="Beratung"), billed="EUR"
    ),
    build_case(
        "paid in Autotask", 177, 8, LABOR, invoiceNumber="1038", paidDate="2026-01-04T00:00:00.000Z"
    ),
    build_case("customer with the name of a vendor", 180, 4, LABOR),
    build_case("tilde in the customer's name", 181, 4, LABOR),
    build_case(
        "tilde in the billing code",
        176,
        4,
        build_item(811, "1", "59", kind="Recurring Services", text="Backup"),
    ),
    build_case(
        "billing code without external number",
        176,
        4,
        build_item(805, "1", "80", text="Travel to site"),
    ),
    build_case(
        "three codes with one external number",
        187,
        3,
        build_item(801, "1", "120"),
        build_item(802, "1", "140"),
        build_item(803, "1", "180"),
    ),
    build_case("a customer with nearly the name", 186, 3, LABOR),
    build_case(
        "lines in groups",
        187,
        3,
        build_item(809, "12", "35", kind="Recurring Services", group="Managed services"),
        build_item(810, "2", "140", kind="Recurring Services", group="Managed services"),
        build_item(801, "1", "120", group="Support"),
    ),
    build_case("a line of zero", 187, 2, build_item(801, "0.75", "0", text="Warranty"), LABOR),
    build_case("fourteen days old", 177, 14, LABOR),
    build_case("fifteen days old", 177, 15, LABOR),
    build_case("forty days old", 177, 40, LABOR),
    build_case(
        "order number and comments",
        178,
        2,
        LABOR,
        orderNumber="PO-8812",
        comments="Second half of the project",
        region=CALIFORNIA,
    ),
    build_case("for a part of a customer", 184, 2, LABOR),
    build_case("a term that QuickBooks has not", 177, 1, LABOR, paymentTerm=msp.NET30DAYS),
    build_case("a term with other days", 177, 1, LABOR, paymentTerm=msp.NET45),
    build_case("tilde in the term", 177, 1, LABOR, paymentTerm=msp.TILDE_TERM),
    build_case("customer without a contact", 179, 1, LABOR),
    build_case("an inactive customer", 182, 20, LABOR),
)
# These need a person; of such invoices the demo has only the one whose billing code lacks a number.
LEFT_OUT_OF_DEMO = frozenset(
    {
        "negative total",
        "a line without billing code",
        "foreign currency",
        "customer with the name of a vendor",
        "tilde in the customer's name",
        "tilde in the billing code",
        "tilde in the term",
    }
)
PLAIN_COMPANIES = (177, 185, 188, 177)


def _build_plain_invoice(n):
    """Return a usual invoice."""
    line = build_item(
        801 if n % 3 else 806, str(n % 7 + 1), f"{n % 90 + 10}.50", text=f"Work order {n}"
    )
    return build_case("plain", PLAIN_COMPANIES[n % len(PLAIN_COMPANIES)], n % 13, line)


def iter_rows(documents, at, demo=False, first_item=90_001):
    """Yield (entity, row) of every invoice and line; `case` has the case's name."""
    line_id = first_item
    cases = select_cases(CASES, LEFT_OUT_OF_DEMO, _build_plain_invoice, documents, demo)
    for id, seed_case in enumerate(cases, FIRST_ID):
        lines = []
        for line in seed_case["lines"]:
            lines.append(_build_line_row(line_id, id, seed_case, line))
            line_id += 1
        yield "Invoices", _build_invoice_row(id, seed_case, lines, at)
        for line in lines:
            yield "BillingItems", line


def _build_invoice_row(id, seed_case, lines, at):
    """Return the row of an invoice."""
    day = at.date() - dt.timedelta(days=seed_case["age"])
    region = msp.REGIONS.get(seed_case["region"])
    more = {name: value for name, value in seed_case["more"].items() if name != "billed"}
    tax = sum((line["taxDollars"] for line in lines), Decimal(0))
    values = {
        "id": id,
        "batchID": id // 10,
        "companyID": seed_case["company"],
        "createDateTime": f"{day}T14:05:00.123Z",
        "creatorResourceID": 41,
        "dueDate": f"{day + dt.timedelta(days=30)}T00:00:00.000Z",
        "fromDate": f"{day.replace(day=1)}T00:00:00.000Z",
        "toDate": f"{day}T00:00:00.000Z",
        "invoiceDateTime": f"{day}T00:00:00.000Z",
        "invoiceEditorTemplateID": 102,
        "invoiceStatus": 1,
        "isVoided": False,
        "paymentTerm": msp.NET30,
        "taxRegionName": region,
        "totalTaxValue": tax,
        "invoiceTotal": sum((line["extendedPrice"] for line in lines), Decimal(0)) + tax,
    }
    for name in ("invoiceTotal", "totalTaxValue"):
        if name in more:
            more[name] = Decimal(more[name])
    return {**ENTITIES["Invoices"].row(**{**values, **more}), "case": seed_case["name"]}


def _build_line_row(id, invoice, seed_case, fields):
    """Return the row of a line with its tax."""
    quantity = Decimal(fields["quantity"])
    rate = Decimal(fields["rate"])
    more = {name: Decimal(value) for name, value in fields["more"].items()}
    extended_price = more.get("extendedPrice", quantity * rate)
    tax = extended_price * RATES.get((seed_case["region"], fields["category"]), Decimal(0))
    values = {
        "id": id,
        "invoiceID": invoice,
        "companyID": seed_case["company"],
        "quantity": quantity,
        "rate": rate,
        "billingItemType": get_number(ITEM_TYPES, fields["kind"]),
        "itemName": fields["text"] or f"Item {id}",
        "description": fields["text"],
        "lineItemFullDescription": fields["text"],
        "lineItemGroupDescription": fields["group"],
        "extendedPrice": extended_price,
        "taxDollars": tax,
        "taxCategoryID": fields["category"],
        "billingCodeID": fields["code"],
        "nonBillable": 0,
        "sortOrderID": id,
    }
    row = ENTITIES["BillingItems"].row(**{**values, **more})
    return {**row, "totalAmount": row["extendedPrice"] + row["taxDollars"]}
