"""Build the item of a part in ION."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, Literal

from hub import Code, Document, Item, ItemType, Row, Site, StageName, money, parse_date, require_id
from hub_ion import queries
from hub_ion.client import Ion
from hub_ion.schema import build_id_key

Twins = set[tuple[str, str | None]]  # numbers and revisions of parts
PREFIX = "part:"
MAX_NAME_LENGTH = 100
FIRST_REVISION = "A"
FORBIDDEN_CHARACTERS = re.compile(r"[:\\\t\r\n\"]+")
ITEM_TYPES: dict[str, ItemType] = {
    "INVENTORY": "inventory",
    "NON_INVENTORY": "non_inventory",
    "DIGITAL": "service",
}
STAGES_BY_SETTING: dict[str, StageName] = {
    "all": "ready",
    "ordered": "update_only",
    "none": "closed",
}


def build_document(site: Site, row: Row, twins: Twins) -> Document:
    """Return the item of a part; it has no date, because ION lists a part whenever it changes."""
    return Document(
        kind="item",
        source_id=f"{PREFIX}{require_id(row, 'id')}",
        version=row["etag"],
        stage=_decide_stage(site),
        codes=_get_item_accounts(site, row),
        details=build_item(site, row, twins),
        facts={"Part": format_part_name(row), "Purchase type": str(row["purchased"] or "")},
    )


def build_part_code(site: Site, row: Row, twins: Twins) -> Code:
    """Return the code of a part: it matches an item whose name has its words, or creates one."""
    new_item = build_item(site, row, twins)
    is_ambiguous = build_comparison_key(row) in twins
    is_created = site.settings["parts"] != "none"
    return Code(
        id=f"{PREFIX}{require_id(row, 'id')}",
        name=new_item.name if is_ambiguous else format_part_name(row),
        number=row["number"],
        create=new_item if is_created else None,
    )


def format_part_name(row: Row) -> str:
    """Return the number and revision of a part, as the names of items contain them."""
    revision = row["revision"] or FIRST_REVISION
    return f"{row['number']} Rev {revision}"


def build_item(site: Site, row: Row, twins: Twins) -> Item:
    """Return the item to create for a part, with the accounts of the settings."""
    is_ambiguous = build_comparison_key(row) in twins
    words = row["number"].split()
    return Item(
        name=build_safe_name(format_part_name(row), row["id"], is_taken=is_ambiguous),
        type=_get_item_type(site, row),
        sku=" ".join(words),
        description=row["description"] or None,
        cost=None if row["cost"] is None else money(row["cost"]),
        start=_get_stock_start(site, row),
        codes=_get_item_accounts(site, row),
    )


def build_safe_name(text: str, id: int, *, is_taken: bool = False) -> str:
    """Return a name that QuickBooks accepts and no other part has.

    A name that had to be changed ends with ION's id.
    """
    words = FORBIDDEN_CHARACTERS.sub("-", text).split()
    plain = " ".join(words)
    if plain == text and len(plain) <= MAX_NAME_LENGTH and not is_taken:
        return plain
    tail = f" ({id})"
    length = MAX_NAME_LENGTH - len(tail)
    return plain[:length].rstrip() + tail


def build_comparison_key(row: Row) -> tuple[str, str | None]:
    """Return the number and revision of a part, which identify it."""
    return row["number"], row["revision"]


def find_twins(source: Ion, rows: Sequence[Row]) -> Twins:
    """Return the parts whose name equals that of an earlier part except for case.

    QuickBooks ignores case, so both would be one item there. The earlier part may be in upper or
    lower case, among these rows, or among those that were read before. A part without a number or
    an id cannot be posted; it is reported by itself.
    """
    variants: set[str] = set()
    for row in rows:
        number = row["number"] or ""
        if number.upper() != number.lower():
            variants |= {number.upper(), number.lower()}
    if not variants:
        return set()
    first_ids: dict[tuple[str, str], Any] = {}
    for row in (*rows, *source.rows(queries.PART_NAMES, {"partNumber": {"in": sorted(variants)}})):
        if _is_identified(row):
            key = _fold_key(row)
            first_ids[key] = min(first_ids.get(key, row["id"]), row["id"], key=build_id_key)
    twins = set()
    for row in rows:
        if not _is_identified(row):
            continue
        key = _fold_key(row)
        if source.first_part_ids.setdefault(key, first_ids[key]) != row["id"]:
            twins.add(build_comparison_key(row))
    return twins


def _is_identified(row: Row) -> bool:
    """Return whether a part has a number and an id."""
    return bool(row["number"]) and row["id"] is not None


def _fold_key(row: Row) -> tuple[str, str]:
    """Return the number and revision of a part without case."""
    number, revision = build_comparison_key(row)
    return number.casefold(), (revision or FIRST_REVISION).casefold()


def _decide_stage(site: Site) -> StageName:
    """Return the stage of parts by the settings; closed if one item is used for all parts."""
    if site.settings["generic_item"]:
        return "closed"
    return STAGES_BY_SETTING[site.settings["parts"]]


def _get_item_type(site: Site, row: Row) -> ItemType:
    """Return the type of the item, which may follow from how the part is purchased."""
    type: ItemType | Literal["purchase_type"] = site.settings["part_type"]
    if type == "purchase_type":
        return ITEM_TYPES.get(str(row["purchased"]).upper(), "inventory")
    return type


def _get_item_accounts(site: Site, row: Row) -> dict[str, str]:
    """Return the accounts that an item of its type needs."""
    roles = ["expense_account", "income_account"]
    if _get_item_type(site, row) == "inventory":
        roles.insert(0, "asset_account")
    return {role: site.settings[role] for role in roles}


def _get_stock_start(site: Site, row: Row) -> dt.date:
    """Return the first day of the stock, which no order that names the part may precede."""
    created_on = parse_date(row["created"], site.zone)
    if not created_on:
        return site.start or site.today
    if site.start:
        return min(created_on, site.start)
    return created_on
