"""Reports of items sold and in stock, the list of accounts, and sales tax."""

from dataclasses import dataclass
from decimal import Decimal

from qbo_sandbox.accounting.values import ZERO, drop_trailing_zeros
from qbo_sandbox.reports.report_base import ReportRequest
from qbo_sandbox.reports.report_parts import (
    Column,
    Report,
    Row,
    build_cell,
    build_cells,
    build_grand_total,
    build_section,
    build_summary_row,
    format_amount,
    format_amounts,
)

SALE_KINDS, RETURN_KINDS = ("Invoice", "SalesReceipt"), ("CreditMemo", "RefundReceipt")

TAXED_KINDS = (
    "Invoice",
    "SalesReceipt",
    "CreditMemo",
    "RefundReceipt",
    "Bill",
    "VendorCredit",
    "Purchase",
)


@dataclass
class ItemSales:
    """What was sold of an item: the quantity, and the amount in home currency."""

    name: str
    quantity: Decimal = ZERO
    value: Decimal = ZERO


def report_item_sales(request: ReportRequest) -> Report:
    """Report for each item the quantity and amount sold, and its share of all sales."""
    items = _sum_items_sold(request)
    total = sum((item.value for item in items.values()), ZERO)
    rows: list[Row] = []
    for id, item in sorted(items.items(), key=lambda pair: pair[1].name.casefold()):
        share = item.value / total * 100 if total else ZERO
        price = format_amount(item.value / item.quantity) if item.quantity else ""
        texts = [
            str(drop_trailing_zeros(item.quantity)),
            format_amount(item.value),
            f"{share:.2f} %",
            price,
        ]
        rows.append(build_cells(item.name, texts, id))
    if rows:
        quantity = sum((item.quantity for item in items.values()), ZERO)
        texts = [str(drop_trailing_zeros(quantity)), format_amount(total), "100.00 %", ""]
        rows.append(build_summary_row("TOTAL", texts, "GrandTotal"))
    columns = [Column("", "ProductsAndService"), Column("Quantity", "Quantity"), Column("Amount")]
    return Report(
        [*columns, Column("% of Sales", "Percent"), Column("Avg Price")], rows, {}, not rows
    )


def _sum_items_sold(request: ReportRequest) -> dict[str, ItemSales]:
    """Add up the lines of sales forms in the period by item; returns count as negative."""
    items: dict[str, ItemSales] = {}
    for kind in (*SALE_KINDS, *RETURN_KINDS):
        sign = 1 if kind in SALE_KINDS else -1
        for row in request.company.table(kind).rows.values():
            data = row.read()
            if not str(request.period.start) <= data["TxnDate"] <= str(request.period.end):
                continue
            rate = Decimal(data.get("ExchangeRate") or 1)
            for line in data["Line"]:
                detail = line.get("SalesItemLineDetail") or {}
                reference = detail.get("ItemRef")
                if not reference:
                    continue
                item = items.setdefault(reference["value"], ItemSales(reference.get("name", "")))
                item.quantity += sign * Decimal(str(detail.get("Qty") or 0))
                item.value += sign * rate * line["Amount"]
    return items


def report_stock_summary(request: ReportRequest) -> Report:
    """Report quantity, value and average cost of stock."""
    totals = _sum_stock(request)
    rows: list[Row] = []
    for id, (count, value) in sorted(totals.items()):
        row = request.company.row("Item", id)
        item = row.read() if row else {}
        average = format_amount(value / count) if count else ""
        texts = [
            str(item.get("Sku", "")),
            str(drop_trailing_zeros(count)),
            format_amount(value),
            average,
        ]
        rows.append(build_cells(item["Name"], texts, id))
    if rows:
        total = format_amount(sum((value for _, value in totals.values()), ZERO))
        rows.append(build_summary_row("TOTAL", ["", "", total, ""], "GrandTotal"))
    columns = [Column("", "ProductsAndService"), Column("SKU", "String"), Column("Qty", "Quantity")]
    return Report([*columns, Column("Asset Value"), Column("Calc. Avg")], rows, {}, not rows)


def _sum_stock(request: ReportRequest) -> dict[str, tuple[Decimal, Decimal]]:
    """Return the quantity and value of each item in stock at the end of the period."""
    totals: dict[str, tuple[Decimal, Decimal]] = {}
    for posting in request.all_postings:
        item = posting.references.get("item", ("", ""))[0]
        row = request.company.row("Item", item)
        if not row or row.read().get("Type") != "Inventory" or posting.date > request.period.end:
            continue
        count, value = totals.get(item, (ZERO, ZERO))
        if posting.account == row.read()["AssetAccountRef"]["value"]:
            value += posting.amount
        totals[item] = count + posting.quantity, value
    return totals


def report_stock_detail(request: ReportRequest) -> Report:
    """List every movement of every item in stock."""
    by_item: dict[str, list[Row]] = {}
    names: dict[str, str] = {}
    for posting in request.postings:
        if posting.quantity:
            id, names[id] = posting.references["item"][0], posting.references["item"][1]
            plain = [
                build_cell(posting.date),
                build_cell(posting.label, posting.id),
                build_cell(posting.number),
                build_cell(drop_trailing_zeros(posting.quantity)),
            ]
            by_item.setdefault(id, []).append(
                {"ColData": [*plain, build_cell(format_amount(posting.amount))], "type": "Data"}
            )
    columns = [
        Column("Date", "Date", "tx_date"),
        Column("Transaction Type", "String", "txn_type"),
        Column("Num", "String", "doc_num"),
        Column("Qty", "Quantity", "quantity"),
        Column("Asset Value", "Money", "subt_nat_amount"),
    ]
    rows = [
        build_section(names[id], own, None, width=len(columns), id=id)
        for id, own in by_item.items()
    ]
    return Report(columns, rows, {}, not rows)


def report_account_list(request: ReportRequest) -> Report:
    """List every active account with its type and balance."""
    table = request.company.table("Account")
    rows = []
    for row in sorted(
        table.rows.values(), key=lambda row: str(row.read()["FullyQualifiedName"]).casefold()
    ):
        data = row.read()
        if row.active:
            balance = format_amount(request.company.account_balance(row))
            values = [
                data["AccountType"],
                data.get("AccountSubType", ""),
                data.get("Description", ""),
                balance,
            ]
            rows.append(build_cells(data["FullyQualifiedName"], values, row.id) | {"type": "Data"})
    columns = [
        Column("Account", "String", "account_name"),
        Column("Type", "String", "account_type"),
        Column("Detail type", "String", "detail_acc_type"),
        Column("Description", "String", "account_desc"),
        Column("Balance", "Money", "account_bal"),
    ]
    return Report(columns, rows, {}, not rows)


def _sum_by_rate(request: ReportRequest) -> dict[str, tuple[Decimal, Decimal]]:
    """Return the taxed amounts and the tax of each rate in the period."""
    first_day = str(request.period.start)
    last_day = str(request.period.end)
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for kind in TAXED_KINDS:
        sign = -1 if kind in (*RETURN_KINDS, "Bill", "Purchase") else 1
        for row in request.company.table(kind).rows.values():
            data = row.read()
            if not first_day <= data["TxnDate"] <= last_day:
                continue
            for line in (data.get("TxnTaxDetail") or {}).get("TaxLine", ()):
                detail = line["TaxLineDetail"]
                rate = detail["TaxRateRef"]["value"]
                base, tax = sums.get(rate, (ZERO, ZERO))
                base += sign * Decimal(detail["NetAmountTaxable"])
                tax += sign * Decimal(line["Amount"])
                sums[rate] = base, tax
    return sums


def report_tax_summary(request: ReportRequest) -> Report:
    """Report the taxed amounts and the tax of each rate on sales and purchases."""
    sums = _sum_by_rate(request)
    rows: list[Row] = []
    for id, (base, tax) in sums.items():
        rate = request.company.row("TaxRate", id)
        name = str(rate.read()["Name"]) if rate else id
        rows.append(build_cells(name, format_amounts([base, tax]), id))
    if rows:
        total_base = sum((base for base, _ in sums.values()), ZERO)
        total_tax = sum((tax for _, tax in sums.values()), ZERO)
        rows.append(build_grand_total([total_base, total_tax]))
    columns = [
        Column("", "TaxRate"),
        Column("Taxable Amount"),
        Column("Tax Amount"),
    ]
    header_fields = {"Agency": request.params.get("agency_id", "")}
    return Report(columns, rows, header_fields, not rows)
