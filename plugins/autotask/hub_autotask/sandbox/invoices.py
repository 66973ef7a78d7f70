"""The invoices of the stand-in: cases, and plain ones up to a number."""

import datetime as dt
from decimal import Decimal

from hub_autotask.sandbox import msp
from hub_autotask.sandbox.msp import CALIFORNIA, GOODS, SERVICES, TUCSON
from hub_autotask.sandbox.picklists import ITEM_TYPES, number
from hub_autotask.sandbox.schema import ENTITIES
from hub_autotask.sandbox.selection import select_cases

FIRST_ID = 4001
RATES = {
    (CALIFORNIA, GOODS): Decimal("0.08"),
    (TUCSON, SERVICES): Decimal("0.02"),
    (TUCSON, GOODS): Decimal("0.03"),
}


def item(code, quantity, rate, category=None, kind="Labor", text=None, group=None, **more):
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


def case(name, company, age, *lines, region=None, **more):
    """Return an invoice: days ago, lines, and unusual fields of its row."""
    return {
        "name": name,
        "company": company,
        "age": age,
        "lines": lines,
        "region": region,
        "more": more,
    }


LABOR = item(801, "2.5", "120", text="Remote support, mail server")
CASES = (
    case(
        "labour and a licence",
        177,
        2,
        LABOR,
        item(808, "10", "12.5", kind="Project Cost", text="Licences, October"),
    ),
    case(
        "taxed in California",
        177,
        3,
        item(804, "1", "300", SERVICES, text="Set-up"),
        item(807, "2", "150", GOODS, kind="Project Cost", text="Docking stations"),
        region=CALIFORNIA,
    ),
    case(
        "two rates in one region",
        188,
        3,
        item(801, "1", "100", SERVICES, text="Support"),
        item(807, "1", "100", GOODS, kind="Ticket Cost", text="Cable"),
        region=TUCSON,
    ),
    case(
        "four decimals",
        176,
        4,
        item(
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
    case("a number that is empty text", 176, 5, LABOR, invoiceNumber=""),
    case("numbered already", 177, 6, LABOR, invoiceNumber="1041"),
    case("marked with ERROR", 177, 6, LABOR, invoiceNumber="ERROR"),
    case(
        "voided before it was sent",
        177,
        6,
        LABOR,
        isVoided=True,
        voidedDate="2026-01-05T00:00:00.000Z",
    ),
    case("negative total", 176, 5, item(801, "-1", "100", text="Credit for last month")),
    case(
        "zero total",
        176,
        5,
        item(809, "4", "0", kind="Recurring Services", text="Included workstations"),
    ),
    case(
        "a deduction",
        185,
        5,
        item(802, "4", "110", text="Onsite hours"),
        item(814, "-4", "110", kind="Contract Block", text="Taken from the block of hours"),
    ),
    case(
        "a line without billing code",
        185,
        5,
        item(None, "1", "900", kind="Milestone", text="Milestone: cut-over"),
        LABOR,
    ),
    case("foreign currency", 183, 4, item(804, "3", "95", text="Beratung"), billed="EUR"),
    case(
        "paid in Autotask", 177, 8, LABOR, invoiceNumber="1038", paidDate="2026-01-04T00:00:00.000Z"
    ),
    case("customer with the name of a vendor", 180, 4, LABOR),
    case("tilde in the customer's name", 181, 4, LABOR),
    case(
        "tilde in the billing code",
        176,
        4,
        item(811, "1", "59", kind="Recurring Services", text="Backup"),
    ),
    case(
        "billing code without external number", 176, 4, item(805, "1", "80", text="Travel to site")
    ),
    case(
        "three codes with one external number",
        187,
        3,
        item(801, "1", "120"),
        item(802, "1", "140"),
        item(803, "1", "180"),
    ),
    case("a customer with nearly the name", 186, 3, LABOR),
    case(
        "lines in groups",
        187,
        3,
        item(809, "12", "35", kind="Recurring Services", group="Managed services"),
        item(810, "2", "140", kind="Recurring Services", group="Managed services"),
        item(801, "1", "120", group="Support"),
    ),
    case("a line of zero", 187, 2, item(801, "0.75", "0", text="Warranty"), LABOR),
    case("fourteen days old", 177, 14, LABOR),
    case("fifteen days old", 177, 15, LABOR),
    case("forty days old", 177, 40, LABOR),
    case(
        "order number and comments",
        178,
        2,
        LABOR,
        orderNumber="PO-8812",
        comments="Second half of the project",
        region=CALIFORNIA,
    ),
    case("for a part of a customer", 184, 2, LABOR),
    case("a term that QuickBooks has not", 177, 1, LABOR, paymentTerm=msp.NET30DAYS),
    case("a term with other days", 177, 1, LABOR, paymentTerm=msp.NET45),
    case("tilde in the term", 177, 1, LABOR, paymentTerm=msp.TILDE_TERM),
    case("customer without a contact", 179, 1, LABOR),
    case("an inactive customer", 182, 20, LABOR),
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


def _plain(n):
    """Return a usual invoice."""
    line = item(801 if n % 3 else 806, str(n % 7 + 1), f"{n % 90 + 10}.50", text=f"Work order {n}")
    return case("plain", PLAIN_COMPANIES[n % len(PLAIN_COMPANIES)], n % 13, line)


def rows(documents, at, demo=False, first_item=90_001):
    """Yield (entity, row) of every invoice and line; `case` has the case's name."""
    line_id = first_item
    cases = select_cases(CASES, LEFT_OUT_OF_DEMO, _plain, documents, demo)
    for id, seed_case in enumerate(cases, FIRST_ID):
        lines = []
        for line in seed_case["lines"]:
            lines.append(_line(line_id, id, seed_case, line))
            line_id += 1
        yield "Invoices", _invoice(id, seed_case, lines, at)
        for line in lines:
            yield "BillingItems", line


def _invoice(id, seed_case, lines, at):
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


def _line(id, invoice, seed_case, fields):
    """Return the row of a line with its tax."""
    quantity = Decimal(fields["quantity"])
    rate = Decimal(fields["rate"])
    more = {name: Decimal(value) for name, value in fields["more"].items()}
    extended = more.get("extendedPrice", quantity * rate)
    tax = extended * RATES.get((seed_case["region"], fields["category"]), Decimal(0))
    values = {
        "id": id,
        "invoiceID": invoice,
        "companyID": seed_case["company"],
        "quantity": quantity,
        "rate": rate,
        "billingItemType": number(ITEM_TYPES, fields["kind"]),
        "itemName": fields["text"] or f"Item {id}",
        "description": fields["text"],
        "lineItemFullDescription": fields["text"],
        "lineItemGroupDescription": fields["group"],
        "extendedPrice": extended,
        "taxDollars": tax,
        "taxCategoryID": fields["category"],
        "billingCodeID": fields["code"],
        "nonBillable": 0,
        "sortOrderID": id,
    }
    row = ENTITIES["BillingItems"].row(**{**values, **more})
    return {**row, "totalAmount": row["extendedPrice"] + row["taxDollars"]}
