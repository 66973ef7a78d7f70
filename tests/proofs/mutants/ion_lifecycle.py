"""Mutants of the ION rows about lists, later changes of orders, and faults."""

from tests.proofs.mutants.mutant import Mutant

PLUGIN = "plugins/ion/hub_ion"

ION_LIFECYCLE: tuple[Mutant, ...] = (
    Mutant(
        row="ION-24",
        place=f"{PLUGIN}/reading.py",
        old='{"status": {"notIn": ["RECEIVED", "CANCELED"]}}',
        new='{"status": {"eq": "ORDERED"}}',
        bug="Orders that are not ordered yet are left out of the matching page.",
    ),
    Mutant(
        row="ION-24",
        place="hub/contract/documents.py",
        old="parts: tuple[Document | Line, ...] = (document, *document.lines)",
        new="parts: tuple[Document | Line, ...] = (document,)",
        bug="Accounts and classes of lines are left out of the matching page.",
    ),
    Mutant(
        row="ION-25",
        place="hub/payloads/updates.py",
        old='    update["Line"] = keep_line_ids(lines, stored_lines, last, unlinked_orders)\n',
        new="",
        bug="The lines of a revised order get new ids.",
    ),
    Mutant(
        row="ION-25",
        place="hub/collect/existing.py",
        old=(
            '    if document.kind == "purchase_order":\n'
            "        date = _get_order_date(batch, quickbooks_id, current)\n"
        ),
        new="    if False:\n        date = _get_order_date(batch, quickbooks_id, current)\n",
        bug="A revised order gets another day.",
    ),
    Mutant(
        row="ION-25",
        place=f"{PLUGIN}/orders.py",
        old='        memo += f", version {version}"\n',
        new="        pass\n",
        bug="The memo does not name the version.",
    ),
    Mutant(
        row="ION-26",
        place=f"{PLUGIN}/orders.py",
        old='    return "ready" if status in SENT_STATUSES else "pending"\n',
        new='    return "ready" if status in SENT_STATUSES else "closed"\n',
        bug="An order that is taken back to draft is closed in QuickBooks.",
    ),
    Mutant(
        row="ION-26",
        place=f"{PLUGIN}/orders.py",
        old=(
            ' What QuickBooks has of it stays as it was last"\n'
            '        " ordered until it is ordered again."'
        ),
        new='"',
        bug="An order under revision is not shown as such.",
    ),
    Mutant(
        row="ION-27",
        place="hub/qbo/dependents.py",
        old='    if head.kind == "purchase_order" and "Bill" in linked_types:\n',
        new="    if False:\n",
        bug="A purchase order that was billed is rewritten.",
    ),
    Mutant(
        row="ION-28",
        place=f"{PLUGIN}/orders.py",
        old='for line in row["lines"] or () if str(line["status"]).upper() != "CANCELED"]',
        new='for line in row["lines"] or ()]',
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
        old='    gone=FromSetting("gone"),\n',
        new='    gone="close",\n',
        bug="A deleted order is closed whatever the settings say.",
    ),
    Mutant(
        row="ION-29",
        place="hub/contract/deletions.py",
        old="        missing = sorted(known_ids - present, key=_sort_key)\n",
        new="        missing = []\n",
        bug="A deleted order is not noticed.",
    ),
    Mutant(
        row="ION-30",
        place=f"{PLUGIN}/orders.py",
        old="        closed=_is_closed(site, status) or None,\n",
        new='        closed=(status == "RECEIVED") or None,\n',
        bug="A received order is closed although the settings leave it open.",
    ),
    Mutant(
        row="ION-30",
        place=f"{PLUGIN}/orders.py",
        old="        closed=_is_closed(site, status) or None,\n",
        new="        closed=None,\n",
        bug="A received order stays open although the settings close it.",
    ),
    Mutant(
        row="ION-31",
        place=f"{PLUGIN}/reading.py",
        old="        yield from _iter_orders_of_changed_lines(site, source, cursor, lines_read)\n",
        new="        yield from ()\n",
        bug="A change of a line alone is not noticed.",
    ),
    Mutant(
        row="ION-31",
        place=f"{PLUGIN}/orders.py",
        old='        day = parse_day(line["eta"] or line["needed"], site.zone)\n',
        new='        day = parse_day(line["needed"], site.zone)\n',
        bug="The expected day is ignored.",
    ),
    Mutant(
        row="ION-32",
        place=f"{PLUGIN}/orders.py",
        old='    if site.settings["units"] != "stock" or not factor:\n',
        new="    if True:\n",
        bug="Quantities are in the supplier's unit although the stock's was chosen.",
    ),
    Mutant(
        row="ION-32",
        place=f"{PLUGIN}/orders.py",
        old="    if not unit:\n        return description or None\n",
        new="    return description or None\n",
        bug="The supplier's unit is not named.",
    ),
    Mutant(
        row="ION-33",
        place=f"{PLUGIN}/orders.py",
        old='    total = money(line["total"] or 0)\n',
        new="    total = money(0)\n",
        bug="ION's total of a line is ignored.",
    ),
    Mutant(
        row="ION-33",
        place=f"{PLUGIN}/orders.py",
        old='    cost = money(line["cost"])',
        new='    cost = round(money(line["cost"]), 2)',
        bug="Unit costs are rounded to cents.",
    ),
    Mutant(
        row="ION-34",
        place="hub/collect/planning.py",
        old="    too_early = _find_reason_too_early(batch, row, document)\n",
        new="    too_early = None\n",
        bug="Orders from before the first day are sent.",
    ),
    Mutant(
        row="ION-34",
        place=f"{PLUGIN}/orders.py",
        old='    if site.settings["send_at"] != "ordered" and status == "APPROVED":\n',
        new="    if False:\n",
        bug="Approved orders wait although the settings send them.",
    ),
    Mutant(
        row="ION-35",
        place="hub/contract/webhooks.py",
        old="    if not secret or not any(",
        new="    if secret and not any(",
        bug="A call is believed before ION was asked for calls.",
    ),
    Mutant(
        row="ION-35",
        place="hub/contract/webhooks.py",
        old='        raise Refused("This call is not signed',
        new='        Refused("This call is not signed',
        bug="A call that is not signed is believed.",
    ),
    Mutant(
        row="ION-35",
        place=f"{PLUGIN}/__init__.py",
        old='site.secrets["webhook_secret"] = webhooks.subscribe(source, site.webhook_url or "")',
        new='site.secrets["webhook_secret"] = ""',
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
        old="            cursor.page = page.start\n",
        new="            cursor.page = cursor.page\n",
        bug="A reading that broke off begins at the first page again.",
    ),
    Mutant(
        row="ION-37",
        place="hub/posting/protocol/candidates.py",
        old=(
            "    marked_objects = [candidate for candidate in candidates if _has_own_marker("
            "history, candidate)]\n"
        ),
        new="    marked_objects = []\n",
        bug="What was sent with a lost answer is not recognised by its mark.",
    ),
    Mutant(
        row="ION-38",
        place=f"{PLUGIN}/receipts.py",
        old='    if location == "no" or document',
        new="    if document",
        bug="The number is written to ION although that is not wanted.",
    ),
    Mutant(
        row="ION-38",
        place=f"{PLUGIN}/client.py",
        old=(
            "            if order is None or _get_current_text(order, key) == text:\n"
            "                return\n"
        ),
        new="            if order is None:\n                return\n",
        bug="The number is written again with each receipt.",
    ),
    Mutant(
        row="ION-38",
        place=f"{PLUGIN}/client.py",
        old=(
            '        return MutationForbidden(reason) if query.startswith("mutation") else '
            "NeedsAttention(reason)\n"
        ),
        new="        return NeedsAttention(reason)\n",
        bug="A missing right to write the number stops the app.",
    ),
    Mutant(
        row="ION-39",
        place="hub/contract/tokens.py",
        old=(
            "        if reply.status == UNAUTHORIZED:\n"
            "            token = self._renew(rejected_token=token)\n"
            "            reply = send(token)\n"
        ),
        new="",
        bug="An expired token is not renewed.",
    ),
    Mutant(
        row="ION-39",
        place=f"{PLUGIN}/client.py",
        old="            self._mark_unreadable(rows, error)\n",
        new='            raise Retry("ION could not answer.")\n',
        bug="One row that cannot be told stops all others.",
    ),
    Mutant(
        row="ION-39",
        place=f"{PLUGIN}/schema.py",
        old="    return not field.without and _is_type_required(type)\n",
        new="    return True\n",
        bug="A field that posting does not need stops the app.",
    ),
    Mutant(
        row="ION-40",
        place=f"{PLUGIN}/imports.py",
        old="        if record.code or not record.order:\n            continue\n",
        new="        if not record.order:\n            continue\n",
        bug="An order is taken over again and again.",
    ),
    Mutant(
        row="ION-40",
        place=f"{PLUGIN}/__init__.py",
        old='        pushed=FromSetting("import_orders"),\n',
        new="        pushed=True,\n",
        bug="Orders are taken over although that is not wanted.",
    ),
    Mutant(
        row="ION-40",
        place=f"{PLUGIN}/imports.py",
        old="needed=order.due.isoformat() if order.due else None,",
        new="needed=None,",
        bug="An order that is taken over loses its day.",
    ),
    Mutant(
        row="ION-41",
        place="hub/posting/reconcile/drift.py",
        old="        Discrepancy.DIFFERS if edits else Discrepancy.NONE,\n",
        new="        Discrepancy.NONE,\n",
        bug="An order that was edited in QuickBooks is not listed.",
    ),
    Mutant(
        row="ION-41",
        place="hub/posting/reconcile/drift.py",
        old="        return DocumentNews(document, document.discrepancy)\n",
        new="        return DocumentNews(document)\n",
        bug="An order that was deleted in QuickBooks is not listed.",
    ),
    Mutant(
        row="ION-42",
        place=f"{PLUGIN}/parts.py",
        old='    words = FORBIDDEN_CHARACTERS.sub("-", text).split()\n',
        new="    words = text.split()\n",
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
        place="hub/installations/source_access.py",
        old="    if row is None or row.granted_at is None:\n",
        new="    if row is None:\n",
        bug="An app whose access was only requested can be enabled.",
    ),
)
