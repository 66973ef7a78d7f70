"""Mutants of the ION rows about settings, orders and parts."""

from tests.proofs.mutants.mutant import Mutant

PLUGIN = "plugins/ion/hub_ion"

ION_DOCUMENTS: tuple[Mutant, ...] = (
    Mutant(
        row="ION-1",
        place="hub/installations/enable.py",
        old="    tenant = sources.check(row, settings, draft.secrets) if is_tested else None\n",
        new="    tenant = None\n",
        bug="Settings are kept before ION has answered.",
    ),
    Mutant(
        row="ION-1",
        place=f"{PLUGIN}/settings.py",
        old='setting.record("income_account", "Income account", PARTS, required=True)',
        new='setting.record("income_account", "Income account", PARTS)',
        bug="The income account is not asked for.",
    ),
    Mutant(
        row="ION-1",
        place="hub/contract/settings_schema.py",
        old="    if isinstance(field, fields.Url | fields.Email):\n        return False\n",
        new="",
        bug="An environment without an address of its own cannot be chosen.",
    ),
    Mutant(
        row="ION-2",
        place=f"{PLUGIN}/client.py",
        old="        if reply.status in (400, 401):\n",
        new="        if reply.status == 400:\n",
        bug="A key of another environment is any refused call.",
    ),
    Mutant(
        row="ION-2",
        place=f"{PLUGIN}/client.py",
        old=(
            '"A key belongs to the one environment that it was made in: choose that one in '
            'place of"\n'
        ),
        new='"Choose another key in place of"\n',
        bug="A refused key is not said to belong to another environment.",
    ),
    Mutant(
        row="ION-3",
        place="hub/sources/calls.py",
        old="    if installation.tenant not in (None, tenant.id):\n",
        new="    if False:\n",
        bug="Settings that lead to another organization are taken.",
    ),
    Mutant(
        row="ION-3",
        place=f"{PLUGIN}/client.py",
        old='return str(found["id"]), found["domain"] or f"organization {found[\'id\']}"',
        new='return found["domain"], found["domain"]',
        bug="An installation is bound to the organization's domain, not its id.",
    ),
    Mutant(
        row="ION-4",
        place=f"{PLUGIN}/settings.py",
        old='name ends with it.",\n        required=True,\n        typed=True,',
        new='name ends with it.",\n        required=True,',
        bug="The payable account cannot be typed.",
    ),
    Mutant(
        row="ION-4",
        place=f"{PLUGIN}/settings.py",
        old='        "payable_account",\n        "Accounts payable",',
        new='        "account",\n        "Accounts payable",',
        bug="An account that is no payable account is taken.",
    ),
    Mutant(
        row="ION-4",
        place="hub/contract/settings_schema.py",
        old="        id = self._ids_by_name.get(text.strip().casefold())\n",
        new="        id = self._ids_by_name.get(text.strip().casefold(), text)\n",
        bug="An account that does not exist is taken.",
    ),
    Mutant(
        row="ION-5",
        place=f"{PLUGIN}/orders.py",
        old='SENT = ("ORDERED", "PARTIALLY_RECEIVED", "RECEIVED")',
        new='SENT = ("APPROVED", "ORDERED", "PARTIALLY_RECEIVED", "RECEIVED")',
        bug="An approved order is sent before it is ordered.",
    ),
    Mutant(
        row="ION-5",
        place=f"{PLUGIN}/__init__.py",
        old='    posts=("purchase_order", "item", "vendor"),\n    settings=Settings,',
        new=(
            '    posts=("purchase_order", "item", "vendor"),\n    '
            'changed="hold",\n    settings=Settings,'
        ),
        bug="An order that is ordered again waits for a person.",
    ),
    Mutant(
        row="ION-6",
        place=f"{PLUGIN}/orders.py",
        old='        number=number or str(row["id"]),\n',
        new="        number=number,\n",
        bug="The purchase order does not carry ION's number.",
    ),
    Mutant(
        row="ION-6",
        place="hub/posting/preflight/duplicate_checks.py",
        old="    if same_number:\n        yield",
        new="    if False:\n        yield",
        bug="A number that another order has is sent to QuickBooks all the same.",
    ),
    Mutant(
        row="ION-7",
        place=f"{PLUGIN}/orders.py",
        old='        ship_to=_address(row["location"]),\n',
        new="",
        bug="The shipping address does not arrive.",
    ),
    Mutant(
        row="ION-7",
        place=f"{PLUGIN}/orders.py",
        old='            "class": attribute(line, site.settings["class_attribute"]),\n',
        new="",
        bug="Classes do not arrive.",
    ),
    Mutant(
        row="ION-7",
        place=f"{PLUGIN}/orders.py",
        old='        *(_fee(fee, currency) for fee in row["fees"]),\n',
        new="",
        bug="Fees do not arrive.",
    ),
    Mutant(
        row="ION-7",
        place=f"{PLUGIN}/orders.py",
        old="        quantity=quantity,\n        unit_price=cost,\n",
        new="        quantity=quantity,\n",
        bug="Unit costs do not arrive.",
    ),
    Mutant(
        row="ION-8",
        place=f"{PLUGIN}/orders.py",
        old='    if account:\n        return {"expense_code"',
        new='    if account and not part:\n        return {"expense_code"',
        bug="A line with a part and an account is an item line.",
    ),
    Mutant(
        row="ION-8",
        place=f"{PLUGIN}/orders.py",
        old="        parts.name(part) if part and is_account else None,\n",
        new="        None,\n",
        bug="A category line does not name the part.",
    ),
    Mutant(
        row="ION-9",
        place=f"{PLUGIN}/orders.py",
        old='    return {"account": site.settings["line_account"]}\n',
        new="    return {}\n",
        bug="The account for lines without part and account is ignored.",
    ),
    Mutant(
        row="ION-9",
        place=f"{PLUGIN}/orders.py",
        old=(
            '        if not (line["part"] or _account(site, line) or '
            'site.settings["line_account"])\n'
        ),
        new="        if False\n",
        bug="A line with neither part nor account is not named.",
    ),
    Mutant(
        row="ION-10",
        place=f"{PLUGIN}/__init__.py",
        old='_code("class", "Class", "class", match=("name",)),',
        new='_code("class", "Class", "class", match=("name",), missing="warn"),',
        bug="An order whose class is missing is posted without it.",
    ),
    Mutant(
        row="ION-10",
        place="hub/collect/setup.py",
        old='optional_fields.append(replace(declared, missing="warn"))',
        new="optional_fields.append(declared)",
        bug="Where classes are off an order with a class is held.",
    ),
    Mutant(
        row="ION-11",
        place=f"{PLUGIN}/orders.py",
        old='    amount = to_cents(money(fee["value"]), currency)\n',
        new='    amount = abs(to_cents(money(fee["value"]), currency))\n',
        bug="A negative fee is added.",
    ),
    Mutant(
        row="ION-11",
        place=f"{PLUGIN}/__init__.py",
        old='_code("fee", "Fee", "account", match=("name",), default=FromSetting("fee_account")),',
        new='_code("fee", "Fee", "account", match=(), default=FromSetting("fee_account")),',
        bug="A fee that is named like an account takes the settings' account.",
    ),
    Mutant(
        row="ION-11",
        place=f"{PLUGIN}/__init__.py",
        old='_code("fee", "Fee", "account", match=("name",), default=FromSetting("fee_account")),',
        new='_code("fee", "Fee", "account", match=("name",)),',
        bug="The account for fees in the settings is ignored.",
    ),
    Mutant(
        row="ION-12",
        place=f"{PLUGIN}/orders.py",
        old="    home = currency == site.company.currency\n",
        new="    home = True\n",
        bug="An order in another currency takes the payable account of the company's own.",
    ),
    Mutant(
        row="ION-12",
        place=f"{PLUGIN}/orders.py",
        old='    return (row["currency"] or {}).get("code") or site.company.currency\n',
        new="    return site.company.currency\n",
        bug="Every order is in the company's own currency.",
    ),
    Mutant(
        row="ION-13",
        place=f"{PLUGIN}/orders.py",
        old="    if not location or not address:\n        return None\n",
        new=(
            "    if not location or not address:\n"
            "        return Address(name=(location or {}).get('name'))\n"
        ),
        bug="An address is sent for a place that has none.",
    ),
    Mutant(
        row="ION-13",
        place=f"{PLUGIN}/orders.py",
        old='        postal_code=address["postal"],\n',
        new="        postal_code=None,\n",
        bug="The postal code is missing.",
    ),
    Mutant(
        row="ION-14",
        place=f"{PLUGIN}/__init__.py",
        old=(
            '_code("supplier", "Supplier", "vendor", match=("name",), '
            'missing=FromSetting("suppliers")),'
        ),
        new='_code("supplier", "Supplier", "vendor", match=("name",), missing="create"),',
        bug="A missing supplier is made although the settings hold the order.",
    ),
    Mutant(
        row="ION-14",
        place="hub/mapping/rules.py",
        old="near_names = index.records(field.role).find_near_names(name)",
        new="near_names = []",
        bug="A supplier with a near name is made anew.",
    ),
    Mutant(
        row="ION-14",
        place="hub/mapping/index.py",
        old='    plain = unicodedata.normalize("NFKC", text).casefold()\n',
        new='    plain = unicodedata.normalize("NFKC", text)\n',
        bug="Suppliers are found only if their case is the same.",
    ),
    Mutant(
        row="ION-15",
        place=f"{PLUGIN}/parts.py",
        old='        description=row["description"] or None,\n',
        new="",
        bug="The item has no description.",
    ),
    Mutant(
        row="ION-15",
        place=f"{PLUGIN}/parts.py",
        old="    return min(made, site.start) if site.start else made\n",
        new="    return None\n",
        bug="The item has no start day.",
    ),
    Mutant(
        row="ION-15",
        place=f"{PLUGIN}/parts.py",
        old='    stock = {"asset_account"} if _type(site, row) == "inventory" else set()\n',
        new="    stock = set()\n",
        bug="An inventory item has no asset account.",
    ),
    Mutant(
        row="ION-16",
        place="hub/mapping/index.py",
        old="if words in text and pattern.search(text):",
        new="if words in text:",
        bug="An item whose name holds the part as a part of a word is taken.",
    ),
    Mutant(
        row="ION-16",
        place=f"{PLUGIN}/__init__.py",
        old='match=("name", "words")',
        new='match=("name",)',
        bug="An item whose name holds the part is not taken.",
    ),
    Mutant(
        row="ION-17",
        place=f"{PLUGIN}/parts.py",
        old='    wanted = None if site.settings["parts"] == "none" else made\n',
        new="    wanted = None\n",
        bug="An order that needs a part does not have its item made.",
    ),
    Mutant(
        row="ION-17",
        place=f"{PLUGIN}/parts.py",
        old=(
            "return Code(id=f\"{PREFIX}{row['id']}\", name=called, "
            'number=row["number"], create=wanted)'
        ),
        new=(
            "return Code(id=f\"item:{row['id']}\", name=called, "
            'number=row["number"], create=wanted)'
        ),
        bug="Order and part make an item each.",
    ),
    Mutant(
        row="ION-18",
        place=f"{PLUGIN}/settings.py",
        old=('setting.record("asset_account", "Inventory'),
        new='setting.record("account", "Inventory',
        bug="An account of another type is taken for the inventory asset.",
    ),
    Mutant(
        row="ION-18",
        place=f"{PLUGIN}/settings.py",
        old='setting.record("expense_account", "Expense account"',
        new='setting.record("account", "Expense account"',
        bug="An account of another type is taken for expenses.",
    ),
    Mutant(
        row="ION-19",
        place="hub/collect/existing.py",
        old="        if record and record.name:\n",
        new="        if False:\n",
        bug="A changed part renames the item that somebody renamed in QuickBooks.",
    ),
    Mutant(
        row="ION-19",
        place=f"{PLUGIN}/parts.py",
        old='        cost=money(row["cost"]) if row["cost"] is not None else None,\n',
        new="",
        bug="A changed cost does not arrive.",
    ),
    Mutant(
        row="ION-19",
        place=f"{PLUGIN}/parts.py",
        old="    return f\"{row['number']} Rev {row['revision'] or 'A'}\"\n",
        new="    return f\"{row['number']} Rev A\"\n",
        bug="A new revision is the item of the old one.",
    ),
    Mutant(
        row="ION-20",
        place=f"{PLUGIN}/parts.py",
        old='    if wanted == "purchase_type":\n',
        new="    if False:\n",
        bug="The purchase type is ignored.",
    ),
    Mutant(
        row="ION-20",
        place=f"{PLUGIN}/parts.py",
        old='= {"all": "ready", "ordered": "update_only", "none": "closed"}',
        new='= {"all": "ready", "ordered": "ready", "none": "closed"}',
        bug="Items are made for parts that nobody ordered.",
    ),
    Mutant(
        row="ION-20",
        place=f"{PLUGIN}/__init__.py",
        old='        missing="create",\n        default=FromSetting("generic_item"),',
        new='        missing="create",',
        bug="The generic item is ignored.",
    ),
)
