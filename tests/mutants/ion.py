"""Mutants behind the rows of ION."""

from tests.mutants.mutant import Mutant

PLUGIN = "plugins/ion/hub_ion"

ION: tuple[Mutant, ...] = (
    Mutant(
        row="ION-1",
        place="hub/enabling.py",
        old="    tenant = sources.check(row, settings, draft.secrets) if tested else None\n",
        new="    tenant = None\n",
        bug="Settings are kept before ION has answered.",
    ),
    Mutant(
        row="ION-1",
        place=f"{PLUGIN}/settings.py",
        old='income_account = _needed("Income account", PARTS, choices_from="income_account")',
        new='income_account = _text("Income account", PARTS, choices_from="income_account")',
        bug="The income account is not asked for.",
    ),
    Mutant(
        row="ION-1",
        place="hub/questions.py",
        old=(
            "    return isinstance(field, fields.String) and not isinstance(field, "
            "fields.Url | fields.Email)\n"
        ),
        new="    return isinstance(field, fields.String)\n",
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
            'f"A key belongs to the one environment that it was made in: choose '
            'that one in place of {self.environment},"'
        ),
        new='f"Choose another key in place of {self.environment},"',
        bug="A refused key is not said to belong to another environment.",
    ),
    Mutant(
        row="ION-3",
        place="hub/sources/asking.py",
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
        old='choices_from="payable_account", typed=True,',
        new='choices_from="payable_account",',
        bug="The payable account cannot be typed.",
    ),
    Mutant(
        row="ION-4",
        place=f"{PLUGIN}/settings.py",
        old='choices_from="payable_account", typed=True,',
        new='choices_from="account", typed=True,',
        bug="An account that is no payable account is taken.",
    ),
    Mutant(
        row="ION-4",
        place="hub/questions.py",
        old="        found = self._ids.get(text) or self._names.get(text.strip().casefold())\n",
        new=(
            "        found = self._ids.get(text) or "
            "self._names.get(text.strip().casefold()) or text\n"
        ),
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
        place="hub/posting/likeness.py",
        old="    if same:\n        yield _choose",
        new="    if False:\n        yield _choose",
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
        old=(
            "        field if on.get(field.role, True) else replace(field, "
            'missing="warn") for field in fields\n'
        ),
        new="        field for field in fields\n",
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
        old='_code("fee", "Fee", "account", match=("name",), default="{fee_account}"),',
        new='_code("fee", "Fee", "account", match=(), default="{fee_account}"),',
        bug="A fee that is named like an account takes the settings' account.",
    ),
    Mutant(
        row="ION-11",
        place=f"{PLUGIN}/__init__.py",
        old='_code("fee", "Fee", "account", match=("name",), default="{fee_account}"),',
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
        old="    if not found:\n        return None\n    streets",
        new=(
            "    if not found:\n        return Address(name=(location or "
            '{}).get("name"))\n    streets'
        ),
        bug="An address is sent for a place that has none.",
    ),
    Mutant(
        row="ION-13",
        place=f"{PLUGIN}/orders.py",
        old='        postal_code=found["postal"], country=found["country"],',
        new='        postal_code=None, country=found["country"],',
        bug="The postal code is missing.",
    ),
    Mutant(
        row="ION-14",
        place=f"{PLUGIN}/__init__.py",
        old='_code("supplier", "Supplier", "vendor", match=("name",), missing="{suppliers}"),',
        new='_code("supplier", "Supplier", "vendor", match=("name",), missing="create"),',
        bug="A missing supplier is made although the settings hold the order.",
    ),
    Mutant(
        row="ION-14",
        place="hub/mapping/matching.py",
        old=(
            'near = [] if confirmed or field.role == "item" else '
            "book.records(field.role).near(name)"
        ),
        new="near = []",
        bug="A supplier with a near name is made anew.",
    ),
    Mutant(
        row="ION-14",
        place="hub/mapping/book.py",
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
        place="hub/mapping/book.py",
        old="        return [entry for id in ids if (entry := self.active(id))]\n",
        new=(
            "        return [entry for id in self.names if wanted in "
            "self.names[id] and (entry := self.active(id))]\n"
        ),
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
        old=(
            'asset_account = _needed("Inventory asset account", PARTS, '
            'choices_from="asset_account")'
        ),
        new='asset_account = _needed("Inventory asset account", PARTS, choices_from="account")',
        bug="An account of another type is taken for the inventory asset.",
    ),
    Mutant(
        row="ION-18",
        place=f"{PLUGIN}/settings.py",
        old='expense_account = _needed("Expense account", PARTS, choices_from="expense_account")',
        new='expense_account = _needed("Expense account", PARTS, choices_from="account")',
        bug="An account of another type is taken for expenses.",
    ),
    Mutant(
        row="ION-19",
        place="hub/collect/standing.py",
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
        old='        if wanted == "purchase_type"\n',
        new="        if False\n",
        bug="The purchase type is ignored.",
    ),
    Mutant(
        row="ION-20",
        place=f"{PLUGIN}/parts.py",
        old='STAGES = {"all": "ready", "ordered": "update_only", "none": "closed"}',
        new='STAGES = {"all": "ready", "ordered": "ready", "none": "closed"}',
        bug="Items are made for parts that nobody ordered.",
    ),
    Mutant(
        row="ION-20",
        place=f"{PLUGIN}/__init__.py",
        old='match=("name", "words"), missing="create", default="{generic_item}"',
        new='match=("name", "words"), missing="create"',
        bug="The generic item is ignored.",
    ),
    Mutant(
        row="ION-21",
        place="hub/collect/holds.py",
        old="cause_of(installation, missing.field, missing.code)",
        new='cause_of(installation, missing.field, f"{missing.code} {called}")',
        bug="Each order opens a case of its own for one cause.",
    ),
    Mutant(
        row="ION-21",
        place="hub/collect/holds.py",
        old='    title = f"{missing.label} {_named(missing)} cannot be posted yet"\n',
        new='    title = "A code cannot be posted yet"\n',
        bug="A case does not name what is out of step.",
    ),
    Mutant(
        row="ION-22",
        place="hub/notify.py",
        old="session.execute(told.values(mailed_at=current().clock.now()))",
        new="session.execute(told.values(mailed_at=None))",
        bug="The same cause is mailed again and again.",
    ),
    Mutant(
        row="ION-22",
        place="hub/notify.py",
        old='able = ("operator", "app-owner", "owner")',
        new='able = ("viewer", "app-owner", "owner")',
        bug="Those who look only are mailed, operators are not.",
    ),
    Mutant(
        row="ION-22",
        place="hub/notify.py",
        old=(
            "            send([address], _subject(theirs, names), _text(theirs, "
            "names))\n            sent += 1\n    for address"
        ),
        new=(
            "            for one in theirs:\n                send([address], "
            "_subject([one], names), _text([one], names))\n            sent += "
            "1\n    for address"
        ),
        bug="Each cause is a message of its own.",
    ),
    Mutant(
        row="ION-23",
        place="hub/web/inbox.py",
        old="        told = list(by_hand.retry_each(ids, who()).values())\n",
        new="        told = list(by_hand.retry_each(ids[:1], who()).values())\n",
        bug="The button of a cause sends one order only.",
    ),
    Mutant(
        row="ION-23",
        place="hub/web/inbox.py",
        old="        by_hand.retry(posting_id, who())\n",
        new="",
        bug="The button of one order does nothing.",
    ),
    Mutant(
        row="ION-23",
        place="hub/collect/reread.py",
        old='RELEASED_BY_READING = ("source", "mapping", "preflight")',
        new='RELEASED_BY_READING = ("source", "preflight")',
        bug="What a missing code stopped is not sent once the code is there.",
    ),
    Mutant(
        row="ION-24",
        place=f"{PLUGIN}/__init__.py",
        old='{"status": {"notIn": ["RECEIVED", "CANCELED"]}}',
        new='{"status": {"eq": "ORDERED"}}',
        bug="Orders that are not ordered yet are left out of the matching page.",
    ),
    Mutant(
        row="ION-24",
        place=f"{PLUGIN}/__init__.py",
        old='            for owner in (item, *getattr(item, "lines", ())):\n',
        new="            for owner in (item,):\n",
        bug="Accounts and classes of lines are left out of the matching page.",
    ),
    Mutant(
        row="ION-25",
        place="hub/qbo/payloads/updating.py",
        old='    changed["Line"] = kept(changed.get("Line") or [], current.get("Line") or [])\n',
        new="",
        bug="The lines of a revised order get new ids.",
    ),
    Mutant(
        row="ION-25",
        place="hub/collect/standing.py",
        old=(
            '    if document.kind == "purchase_order" and (day := _first_day(group, id, landed)):\n'
        ),
        new="    if False and (day := _first_day(group, id, landed)):\n",
        bug="A revised order gets another day.",
    ),
    Mutant(
        row="ION-25",
        place=f"{PLUGIN}/orders.py",
        old='f", version {version}" if version else ""',
        new='""',
        bug="The memo does not name the version.",
    ),
    Mutant(
        row="ION-26",
        place=f"{PLUGIN}/orders.py",
        old='    return "ready" if status in wanted else "pending"\n',
        new='    return "ready" if status in wanted else "closed"\n',
        bug="An order that is taken back to draft is closed in QuickBooks.",
    ),
    Mutant(
        row="ION-26",
        place=f"{PLUGIN}/orders.py",
        old=" What QuickBooks has of it stays as it was last ordered until it is ordered again.",
        new="",
        bug="An order under revision is not shown as such.",
    ),
    Mutant(
        row="ION-27",
        place="hub/outbox/settled.py",
        old='    if head.kind == "purchase_order" and "Bill" in types:\n',
        new="    if False:\n",
        bug="A purchase order that was billed is rewritten.",
    ),
    Mutant(
        row="ION-28",
        place=f"{PLUGIN}/orders.py",
        old='live = [line for line in row["lines"] if str(line["status"]).upper() != "CANCELED"]',
        new='live = row["lines"]',
        bug="Canceled lines are posted.",
    ),
    Mutant(
        row="ION-28",
        place=f"{PLUGIN}/orders.py",
        old='    if status == "CANCELED":\n        return "closed"\n',
        new='    if status == "CANCELED":\n        return "pending"\n',
        bug="An order with all lines canceled stays open.",
    ),
    Mutant(
        row="ION-29",
        place=f"{PLUGIN}/__init__.py",
        old='    gone="{gone}",\n',
        new='    gone="close",\n',
        bug="A deleted order is closed whatever the settings say.",
    ),
    Mutant(
        row="ION-29",
        place=f"{PLUGIN}/reading.py",
        old="    missing = sorted(_ids(kept) - there)\n",
        new="    missing = []\n",
        bug="A deleted order is not noticed.",
    ),
    Mutant(
        row="ION-30",
        place=f"{PLUGIN}/orders.py",
        old='closed=(status == "RECEIVED" and site.settings["received"] == "close") or None,',
        new='closed=(status == "RECEIVED") or None,',
        bug="A received order is closed although the settings leave it open.",
    ),
    Mutant(
        row="ION-30",
        place=f"{PLUGIN}/orders.py",
        old='closed=(status == "RECEIVED" and site.settings["received"] == "close") or None,',
        new="closed=None,",
        bug="A received order stays open although the settings close it.",
    ),
    Mutant(
        row="ION-31",
        place=f"{PLUGIN}/reading.py",
        old="        yield from _by_lines(site, ion, place, seen)\n",
        new="        yield from ()\n",
        bug="A change of a line alone is not noticed.",
    ),
    Mutant(
        row="ION-31",
        place=f"{PLUGIN}/orders.py",
        old=(
            'filter(None, (_day(line["eta"]) or _day(line["needed"]) for line in '
            "live)), default=None"
        ),
        new='filter(None, (_day(line["needed"]) for line in live)), default=None',
        bug="The expected day is ignored.",
    ),
    Mutant(
        row="ION-32",
        place=f"{PLUGIN}/orders.py",
        old='    if site.settings["units"] == "stock" and factor:\n',
        new="    if False:\n",
        bug="Quantities are in the supplier's unit although the stock's was chosen.",
    ),
    Mutant(
        row="ION-32",
        place=f"{PLUGIN}/orders.py",
        old='    noted = f"(in units of {unit})" if unit else None\n',
        new="    noted = None\n",
        bug="The supplier's unit is not named.",
    ),
    Mutant(
        row="ION-33",
        place=f"{PLUGIN}/orders.py",
        old='        if line["total"] is None\n        else money(line["total"])\n',
        new='        if True\n        else money(line["total"])\n',
        bug="ION's total of a line is ignored.",
    ),
    Mutant(
        row="ION-33",
        place=f"{PLUGIN}/orders.py",
        old='quantity, cost, unit = money(line["quantity"]), money(line["cost"]), line["unit"]',
        new=(
            'quantity, cost, unit = money(line["quantity"]), '
            'round(money(line["cost"]), 2), line["unit"]'
        ),
        bug="Unit costs are rounded to cents.",
    ),
    Mutant(
        row="ION-34",
        place="hub/collect/deciding.py",
        old="    if not landed and (said := _too_early(group, row, document)):\n",
        new="    if False and (said := _too_early(group, row, document)):\n",
        bug="Orders from before the first day are sent.",
    ),
    Mutant(
        row="ION-34",
        place=f"{PLUGIN}/orders.py",
        old='wanted = SENT if site.settings["send_at"] == "ordered" else ("APPROVED", *SENT)',
        new="wanted = SENT",
        bug="Approved orders wait although the settings send them.",
    ),
    Mutant(
        row="ION-35",
        place=f"{PLUGIN}/__init__.py",
        old="    if not secret or not hmac.compare_digest(",
        new="    if secret and not hmac.compare_digest(",
        bug="A call is believed before ION was asked for calls.",
    ),
    Mutant(
        row="ION-35",
        place=f"{PLUGIN}/__init__.py",
        old='        raise Refused(\n            "This call is not signed',
        new='        Refused(\n            "This call is not signed',
        bug="A call that is not signed is believed.",
    ),
    Mutant(
        row="ION-35",
        place=f"{PLUGIN}/__init__.py",
        old='            site.secrets["webhook_secret"] = ion.subscribe(site.webhook_url)\n',
        new='            site.secrets["webhook_secret"] = ""\n',
        bug="Webhooks are not set up.",
    ),
    Mutant(
        row="ION-36",
        place=f"{PLUGIN}/client.py",
        old='            if not info["hasNextPage"]:\n                return\n',
        new="            return\n",
        bug="Only the first page is read.",
    ),
    Mutant(
        row="ION-36",
        place=f"{PLUGIN}/reading.py",
        old="            place.after = page.start\n",
        new="            place.after = place.after\n",
        bug="A reading that broke off begins at the first page again.",
    ),
    Mutant(
        row="ION-37",
        place="hub/posting/protocol.py",
        old="    marked = [one for one in found if one.marker and one.marker == history.marker]\n",
        new="    marked = []\n",
        bug="What was sent with a lost answer is not recognised by its mark.",
    ),
    Mutant(
        row="ION-38",
        place=f"{PLUGIN}/__init__.py",
        old='        where == "no"\n        or ',
        new="        ",
        bug="The number is written to ION although that is not wanted.",
    ),
    Mutant(
        row="ION-38",
        place=f"{PLUGIN}/client.py",
        old="            if order is None or _said(order, key) == text:\n                return\n",
        new="            if order is None:\n                return\n",
        bug="The number is written again with each receipt.",
    ),
    Mutant(
        row="ION-38",
        place=f"{PLUGIN}/client.py",
        old=(
            '        return Denied(said) if query.startswith("mutation") else '
            "NeedsAttention(said)\n"
        ),
        new="        return NeedsAttention(said)\n",
        bug="A missing right to write the number stops the app.",
    ),
    Mutant(
        row="ION-39",
        place=f"{PLUGIN}/client.py",
        old=(
            "        if reply.status == 401:\n            reply = self._send(query, "
            "variables, self._new_token())\n"
        ),
        new="",
        bug="An expired token is not renewed.",
    ),
    Mutant(
        row="ION-39",
        place=f"{PLUGIN}/client.py",
        old="            self._spoil(rows, error)\n",
        new='            raise Retry("ION could not answer.")\n',
        bug="One row that cannot be told stops all others.",
    ),
    Mutant(
        row="ION-39",
        place=f"{PLUGIN}/schema.py",
        old="    return not asked.without and _is_reached(type)\n",
        new="    return True\n",
        bug="A field that posting does not need stops the app.",
    ),
    Mutant(
        row="ION-40",
        place=f"{PLUGIN}/imports.py",
        old="        if record.code:\n            continue\n",
        new="",
        bug="An order is taken over again and again.",
    ),
    Mutant(
        row="ION-40",
        place=f"{PLUGIN}/__init__.py",
        old='        pushed="{import_orders}",\n',
        new="        pushed=True,\n",
        bug="Orders are taken over although that is not wanted.",
    ),
    Mutant(
        row="ION-40",
        place=f"{PLUGIN}/imports.py",
        old='"needed": _text(order.due),',
        new='"needed": None,',
        bug="An order that is taken over loses its day.",
    ),
    Mutant(
        row="ION-41",
        place="hub/posting/drift.py",
        old=(
            '    return News(one, "differs" if told else "", reason, _paid(one), '
            "_paid_on(one, shown))\n"
        ),
        new='    return News(one, "", reason, _paid(one), _paid_on(one, shown))\n',
        bug="An order that was edited in QuickBooks is not listed.",
    ),
    Mutant(
        row="ION-41",
        place="hub/posting/drift.py",
        old="        return News(one, one.trouble, standing.reason(one))\n",
        new="        return News(one)\n",
        bug="An order that was deleted in QuickBooks is not listed.",
    ),
    Mutant(
        row="ION-42",
        place=f"{PLUGIN}/parts.py",
        old='    plain = " ".join(ODD.sub("-", text).split())\n',
        new='    plain = " ".join(text.split())\n',
        bug="A part name with a colon is sent as it is.",
    ),
    Mutant(
        row="ION-42",
        place=f"{PLUGIN}/parts.py",
        old='    tail = f" ({id})"\n',
        new='    tail = ""\n',
        bug="Two long part names become the same name.",
    ),
    Mutant(
        row="ION-43",
        place=f"{PLUGIN}/__init__.py",
        old='    access="your First Resonance representative",\n',
        new="    access=None,\n",
        bug="The app is open before First Resonance has activated it.",
    ),
    Mutant(
        row="ION-43",
        place="hub/enabling.py",
        old="    if row is None or row.granted_at is None:\n",
        new="    if row is None:\n",
        bug="An app whose access was only requested can be enabled.",
    ),
)
