"""Build the codes of documents and lines, with defaults from the settings."""

from collections.abc import Iterable

from hub import Code, Codes, Line, Party, Sentence, Site
from hub_files.columns import BILLS

# A line needs at least one of these codes.
ITEM_AND_ACCOUNT_CODES = ("product", "item", "account_code", "accounting_cost", "account")
UNITED_STATES = "US"  # lines have no tax codes there


def build_party_code(direction: str, id: str, party: Party) -> Codes:
    """Return the supplier of a bill or the customer of an invoice, by name in QuickBooks."""
    field = "supplier" if direction == BILLS else "customer"
    return {field: Code(id=f"{field}:{id}", name=party.name, create=party)}


def build_line_codes(
    site: Site,
    direction: str,
    *,
    account: str = "",
    accounting_cost: str = "",
    item: str = "",
    tax: str = "",
    class_: str = "",
) -> Codes:
    """Return the codes of a line.

    An absent account, item or tax comes from the settings, as the QuickBooks id of a record.
    `accounting_cost` is a text that the buyer asked the sender to repeat. It may be an account;
    if it matches none, its field falls back to the account of the settings.
    """
    codes: dict[str, Code | str | None] = {}
    if item:
        codes["product"] = Code(id=f"item:{item}", name=item)
    elif direction != BILLS:
        codes["item"] = site.settings["item"] or None
    elif account:
        codes["account_code"] = Code(id=f"account:{account}", name=account, number=account)
    elif accounting_cost:
        codes["accounting_cost"] = Code(
            id=f"account:{accounting_cost}", name=accounting_cost, number=accounting_cost
        )
    else:
        codes["account"] = site.settings["account"] or None
    codes.update(_build_tax_code(site, tax))
    if class_:
        codes["class"] = Code(id=f"class:{class_}", name=class_)
    return codes


def _build_tax_code(site: Site, name: str) -> Codes:
    """Return the tax code of a line; in the United States a line has none."""
    if site.company.country == UNITED_STATES:
        return {}
    if name:
        return {"tax": Code(id=f"tax:{name}", name=name)}
    return {"tax_code": site.settings["tax_code"] or None}


def find_missing_default(direction: str, lines: Iterable[Line]) -> str | None:
    """Return why a line without an account or item must wait; None if all lines have one."""
    for line in lines:
        if any(line.codes.get(name) for name in ITEM_AND_ACCOUNT_CODES):
            continue
        if direction == BILLS:
            return Sentence(
                "Line %(id)s names no account. Choose the account of bills in the"
                " settings of Files, or map a column to it.",
                id=line.id,
            )
        return Sentence(
            "Line %(id)s names no product or service. Choose one in the settings of"
            " Files, or map a column to it.",
            id=line.id,
        )
    return None
