"""Build the purchase order of an order in ION."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from hub import (
    Address,
    Code,
    Codes,
    Document,
    Line,
    Party,
    Row,
    Sentence,
    Site,
    StageName,
    TaxMode,
    money,
    parse_date,
    parse_day,
    require_id,
    round_amount,
    sum_amounts,
)
from hub_ion import parts, references
from hub_ion.client import ENVIRONMENTS

PREFIX = "order:"
DELETED_REASON = Sentence("It was deleted in ION.")
COST_DECIMALS = 6  # of a cost that is computed from the supplier's unit
PENDING_REASONS = {
    "DRAFT": Sentence("is a draft in ION"),
    "IN_REVIEW": Sentence("is under review in ION"),
    "APPROVED": Sentence("is approved in ION, but not ordered"),
}
SENT_STATUSES = ("ORDERED", "PARTIALLY_RECEIVED", "RECEIVED")


def build_document(site: Site, row: Row, twins: parts.Twins) -> Document:
    """Return the purchase order of a row."""
    status = str(row["status"]).upper()
    currency = _get_order_currency(site, row)
    live_lines = [line for line in row["lines"] or () if str(line["status"]).upper() != "CANCELED"]
    lines = [_build_line(site, line, currency, twins) for line in live_lines]
    lines += [_build_fee(site, fee, currency) for fee in row["fees"] or ()]
    stage = _decide_stage(site, status)
    quickbooks_id, number = references.read(site, row["reference"])
    total, tax_mode = _get_total_and_tax_mode(site, lines)
    return Document(
        kind="purchase_order",
        source_id=f"{PREFIX}{require_id(row, 'id')}",
        quickbooks_id=quickbooks_id,
        version=row["etag"],
        stage=stage,
        hold=_find_hold(site, row, live_lines, stage),
        date=_get_order_date(site, row, stage),
        due=_find_first_expected_date(site, live_lines),
        number=number or str(row["id"]),
        memo=_compose_memo(site, row),
        currency=currency,
        codes=_build_header_codes(site, row, currency),
        lines=tuple(lines),
        total=total,
        tax_mode=tax_mode,
        ship_to=_build_address(row["location"]),
        closed=_is_closed(site, status) or None,
        warnings=_collect_warnings(row, lines),
        facts=_collect_facts(row, live_lines),
    )


def _get_total_and_tax_mode(site: Site, lines: Sequence[Line]) -> tuple[Decimal | None, TaxMode]:
    """Return the total of an order and how it is taxed.

    With a tax code, QuickBooks adds a tax that ION does not know, so the total is not known either.
    """
    if site.settings["tax_code"]:
        return None, "computed"
    return sum_amounts(line.amount for line in lines), "none"


def _get_order_date(site: Site, row: Row, stage: StageName) -> dt.date | None:
    """Return the day of the order, or of its last change if it is ready and has no day."""
    date = parse_day(row["ordered"], site.zone)
    if date is None and stage == "ready":
        return parse_date(row["updated"], site.zone) or site.today
    return date


def _is_closed(site: Site, status: str) -> bool:
    """Return whether a received order is closed in QuickBooks."""
    if status != "RECEIVED":
        return False
    return bool(site.settings["received"] == "close")


def _find_first_expected_date(site: Site, lines: Sequence[Row]) -> dt.date | None:
    """Return the first day on which one of the lines is expected, or else needed."""
    days = []
    for line in lines:
        day = parse_day(line["eta"] or line["needed"], site.zone)
        if day:
            days.append(day)
    return min(days, default=None)


def _build_supplier_code(row: Row, currency: str) -> Code:
    """Return the code of a supplier; a new vendor gets the currency of its first order."""
    name = row["name"]
    words = name.split()
    party = Party(name=" ".join(words), currency=currency)
    return Code(id=require_id(row, "id"), name=name, create=party)


def get_attribute(row: Row, key: str) -> str | None:
    """Return the value of a custom attribute, or None if it is missing or blank."""
    for attribute_row in row["attributes"] or ():
        if attribute_row["key"] == key:
            value = attribute_row["value"]
            return None if value is None else str(value).strip() or None
    return None


def _decide_stage(site: Site, status: str) -> StageName:
    """Return the stage of an order; the settings say from which status on it is ready."""
    if status == "CANCELED":
        return "closed"
    if site.settings["send_at"] != "ordered" and status == "APPROVED":
        return "ready"
    return "ready" if status in SENT_STATUSES else "pending"


def _find_hold(site: Site, row: Row, live_lines: Sequence[Row], stage: StageName) -> str | None:
    """Return why an order cannot be posted, even if all its codes are matched, or None."""
    if stage == "pending":
        return _explain_waiting(row)
    if stage == "closed":
        return Sentence("Order %(id)s was canceled in ION.", id=str(row["id"]))
    return _explain_missing_data(site, row, live_lines)


def _explain_waiting(row: Row) -> str:
    """Say in which status an order waits, and that QuickBooks keeps its last version."""
    unknown = Sentence(
        "has the status %(status)s, which this app does not know", status=str(row["status"])
    )
    status = PENDING_REASONS.get(str(row["status"]).upper(), unknown)
    return Sentence(
        "Order %(id)s %(status)s. What QuickBooks has of it stays as it was last"
        " ordered until it is ordered again.",
        id=str(row["id"]),
        status=status,
    )


def _explain_missing_data(site: Site, row: Row, live_lines: Sequence[Row]) -> str | None:
    """Say what a sent order does not have, and where to add it; None if it is complete."""
    if not live_lines and not row["fees"]:
        return Sentence(
            "Order %(id)s has no lines. Add them in ION, or cancel the order there.",
            id=str(row["id"]),
        )
    if not row["supplier"]:
        return Sentence("Order %(id)s names no supplier. Choose one in ION.", id=str(row["id"]))
    without_amount = _list_titles_without_amount(row, live_lines)
    if without_amount:
        return Sentence(
            "Order %(id)s: %(lines)s has no amount. Enter quantity and cost of a line, or the value"
            " of a fee, in ION.",
            id=str(row["id"]),
            lines=", ".join(without_amount),
        )
    lines = [_format_line_title(line) for line in live_lines if not _has_code(site, line)]
    if not lines:
        return None
    return Sentence(
        "Order %(id)s: %(lines)s has neither part nor expense account. Give it one in"
        " ION (attribute “%(attribute)s”), or choose an account for such lines"
        " in the settings of ION.",
        id=str(row["id"]),
        lines=", ".join(lines),
        attribute=str(site.settings["account_attribute"]),
    )


def _list_titles_without_amount(row: Row, live_lines: Sequence[Row]) -> list[str]:
    """Return the titles of the lines and fees that have no amount."""
    titles = [_format_line_title(line) for line in live_lines if _compute_amount(line) is None]
    return titles + [fee["name"] or "Fee" for fee in row["fees"] or () if fee["value"] is None]


def _has_code(site: Site, line: Row) -> bool:
    """Return whether a line has a part or an account, its own or that of the settings."""
    if line["part"] or _get_account_code(site, line):
        return True
    return bool(site.settings["line_account"])


def _format_line_title(line: Row) -> str:
    """Return the number and description of a line, for messages."""
    description = line["description"] or "without a description"
    return Sentence(
        "line %(number)s (%(description)s)",
        number=str(line["number"] or line["id"]),
        description=description,
    )


def _get_order_currency(site: Site, row: Row) -> str:
    """Return the currency of an order, by default that of the company."""
    currency = row["currency"] or {}
    return currency.get("code") or site.company.currency


def _build_header_codes(site: Site, row: Row, currency: str) -> Codes:
    """Return the supplier, and the payable account of the currency."""
    codes: dict[str, Code | str | None] = {"supplier": None}
    if row["supplier"]:
        codes["supplier"] = _build_supplier_code(row["supplier"], currency)
    if currency == site.company.currency:
        codes["payable_account"] = site.settings["payable_account"]
    else:
        codes["payable"] = Code(id=currency, name=currency)
    return codes


def _compose_memo(site: Site, row: Row) -> str:
    """Return a memo that names the order, its environment in ION, and its version."""
    environment, _, _ = ENVIRONMENTS[site.settings["environment"]]
    version = get_attribute(row, site.settings["version_attribute"])
    memo = f"ION purchase order {row['id']} ({environment})"
    if version:
        memo += f", version {version}"
    return memo


def _get_account_code(site: Site, line: Row) -> str | None:
    """Return the account of a line, which is an attribute in ION."""
    key = site.settings["account_attribute"]
    return get_attribute(line, key)


def _build_line(site: Site, line: Row, currency: str, twins: parts.Twins) -> Line:
    """Return a line; the amount that ION states takes precedence over quantity times cost."""
    quantity, cost, unit = _get_quantity_and_cost(site, line)
    account = _get_account_code(site, line)
    amount = _compute_amount(line)
    return Line(
        id=f"line:{require_id(line, 'id')}",
        amount=None if amount is None else round_amount(amount, currency),
        quantity=quantity,
        unit_price=cost,
        description=_describe_line(line, unit, has_account=bool(account)),
        codes={
            **_build_item_or_account(site, line["part"], account, twins),
            "class": get_attribute(line, site.settings["class_attribute"]),
            "tax_code": site.settings["tax_code"],
        },
        facts=_build_line_facts(line),
    )


def _compute_amount(line: Row) -> Decimal | None:
    """Return the total of a line, or else quantity times cost; None if one of them is missing."""
    is_complete = None not in (line["quantity"], line["cost"])
    total = money(line["total"] or 0)
    if total or (is_complete and line["total"] is not None):
        return total
    return money(line["quantity"]) * money(line["cost"]) if is_complete else None


def _get_quantity_and_cost(
    site: Site, line: Row
) -> tuple[Decimal | None, Decimal | None, str | None]:
    """Return quantity, unit cost and name of the unit: the supplier's, or that of the stock."""
    unit = line["unit"]
    if None in (line["quantity"], line["cost"]):
        return None, None, unit["of"]["type"] if unit and unit["of"] else None
    quantity = money(line["quantity"])
    cost = money(line["cost"])
    if not unit or not unit["of"]:
        return quantity, cost, None
    factor = money(unit["factor"] or 1)
    if site.settings["units"] != "stock" or not factor:
        return quantity, cost, unit["of"]["type"]
    stock_cost = round(cost / factor, COST_DECIMALS)
    return quantity * factor, stock_cost.normalize(), None


def _build_item_or_account(
    site: Site, part: Row | None, account: str | None, twins: parts.Twins
) -> Codes:
    """Return the account of a line, or else its item; the account takes precedence."""
    if account:
        return {"expense_code": Code(id=account, number=account, name=account)}
    if part:
        return {"part": parts.build_part_code(site, part, twins)}
    return {"account": site.settings["line_account"]}


def _describe_line(line: Row, unit: str | None, *, has_account: bool) -> str | None:
    """Return the description of a line, with its part and unit where no field shows them."""
    description = _describe_part(line, has_account=has_account)
    if not unit:
        return description or None
    note = f"(in units of {unit})"
    return f"{description} {note}" if description else note


def _describe_part(line: Row, *, has_account: bool) -> str:
    """Return the description of a line, or of its part; with an account also the part's name."""
    part = line["part"] or {}
    texts: list[str | None] = []
    if part and has_account:
        texts.append(parts.format_part_name(part))
    texts.append(line["description"] or part.get("description"))
    return " · ".join(filter(None, texts))


def _build_fee(site: Site, fee: Row, currency: str) -> Line:
    """Return a fee of an order as a line."""
    name = (fee["name"] or "").strip() or "Fee"
    return Line(
        id=f"fee:{require_id(fee, 'id')}",
        amount=None if fee["value"] is None else round_amount(money(fee["value"]), currency),
        description=name,
        codes={
            "fee": Code(id=name[:200], name=name),
            "tax_code": site.settings["tax_code"],
        },
    )


def _build_address(location: Row | None) -> Address | None:
    """Return the postal address of a location, or None if it has none."""
    address = location.get("address") if location else None
    if not location or not address:
        return None
    return Address(
        name=address["name"] or location["name"] or None,
        lines=_list_street_lines(address["street"] or ""),
        city=address["city"],
        region=address["region"],
        postal_code=address["postal"],
        country=address["country"],
    )


def _list_street_lines(text: str) -> tuple[str, ...]:
    """Return the lines of a street address that are not blank."""
    lines = [line.strip() for line in text.splitlines()]
    return tuple(filter(None, lines))


def _collect_warnings(row: Row, lines: Sequence[Line]) -> tuple[str, ...]:
    """Return a warning if the lines and fees do not add up to ION's estimate."""
    estimate = row["estimated"]
    total = sum_amounts(line.amount for line in lines)
    if estimate is None or abs(money(estimate) - total) <= money("0.01") * len(lines):
        return ()
    return (
        Sentence(
            "ION estimates %(estimated)s for it; its lines and fees come to %(total)s.",
            estimated=f"{money(estimate):f}",
            total=f"{total:f}",
        ),
    )


def _collect_facts(row: Row, live_lines: Sequence[Row]) -> dict[str, str]:
    """Return the details of an order that QuickBooks has no field for."""
    received_count = sum(bool(money(line["received"] or 0)) for line in live_lines)
    status = str(row["status"]).replace("_", " ")
    facts = {
        "Status in ION": status.capitalize(),
        "Terms": row["terms"],
        "Notes": row["notes"],
        "Reference": row["reference"],
    }
    if received_count:
        facts["Received"] = f"{received_count} of {len(live_lines)} lines"
    return {label: text for label, text in facts.items() if text}


def _build_line_facts(line: Row) -> dict[str, str]:
    """Return the days and the received quantity of a line."""
    facts = {
        "Needed": line["needed"],
        "Expected": line["eta"],
        "Received": line["received"],
    }
    return {label: str(value) for label, value in facts.items() if value not in (None, "", "0")}
