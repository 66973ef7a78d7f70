"""Mutants of the CostTracker rows about posted invoices."""

from tests.proofs.mutants.mutant import Mutant

PLUGIN = "plugins/costtracker/hub_costtracker"

COSTTRACKER_POSTING: tuple[Mutant, ...] = (
    Mutant(
        row="CT-B1",
        place=f"{PLUGIN}/invoices.py",
        old='    "rejected": "closed",',
        new='    "rejected": "ready",',
        bug="A rejected invoice is posted.",
    ),
    Mutant(
        row="CT-B2",
        place=f"{PLUGIN}/invoices.py",
        old="        total=_parse_amount(row.get(names.Invoice.GROSS_TOTAL), sign),\n",
        new="",
        bug="The lines are not compared with the total of the invoice.",
    ),
    Mutant(
        row="CT-B3",
        place=f"{PLUGIN}/invoices.py",
        old='    if number:\n        parts.append(f"PO {number}")\n',
        new="",
        bug="The order number is missing from the line's text.",
    ),
    Mutant(
        row="CT-B4",
        place=f"{PLUGIN}/invoices.py",
        old='        "Received": order.get(names.OrderLine.RECEIVED),',
        new='        "Received": order.get(names.OrderLine.ORDERED),',
        bug="The ordered quantity is shown as the received one.",
    ),
    Mutant(
        row="CT-B4",
        place=f"{PLUGIN}/invoices.py",
        old='        "Ordered": order.get(names.OrderLine.ORDERED),\n',
        new="",
        bug="The ordered quantity of a line is not shown.",
    ),
    Mutant(
        row="CT-B5",
        place=f"{PLUGIN}/invoices.py",
        old='"; ".join(map(_describe_approval, approvals))',
        new='"; ".join(map(_describe_approval, approvals[:1]))',
        bug="Only the first approver is kept.",
    ),
    Mutant(
        row="CT-B6",
        place="hub/scheduling/dry_run.py",
        old="    hold = None if document.stage == Stage.PENDING else document.hold",
        new="    hold = document.hold",
        bug="The dry check says only that the invoice is not approved yet.",
    ),
    Mutant(
        row="CT-B7",
        place="hub/collect/look_alikes.py",
        old="    return start is not None and day is not None and day < start",
        new="    return start is not None and day is not None and day >= start",
        bug="Invoices from before the start date are posted.",
    ),
    Mutant(
        row="CT-B7",
        place=f"{PLUGIN}/invoices.py",
        old="        date=parse_date(row.get(names.Invoice.DATE)),\n",
        new="        date=parse_date(row.get(names.Invoice.DATE)),\n"
        "        received=parse_date(row[names.Invoice.UPDATED_AT][:10]),\n",
        bug="An old invoice counts by the day on which CostTracker last changed it.",
    ),
    Mutant(
        row="CT-B8",
        place=f"{PLUGIN}/invoices.py",
        old="        attachments=_build_attachments(site, row),\n",
        new="",
        bug="The file is not attached.",
    ),
    Mutant(
        row="CT-B9",
        place="hub/posting/preflight/duplicate_checks.py",
        old="    return head.date == date and head.party == posting.summary.party",
        new="    return False",
        bug="A bill of the same supplier, day and total is not noticed.",
    ),
    Mutant(
        row="CT-B9",
        place="hub/posting/preflight/duplicate_checks.py",
        old=(
            "    if posting.kind not in KINDS_WITH_UNIQUE_NUMBERS "
            "and party != posting.summary.party:\n"
        ),
        new="    if posting.kind not in KINDS_WITH_UNIQUE_NUMBERS:\n",
        bug="A bill of the same supplier and number is not noticed.",
    ),
    Mutant(
        row="CT-B9",
        place="hub/collect/prepare.py",
        old="    kinds = add_twins(posts)\n",
        new="    kinds = posts\n",
        bug="An invoice that was entered as an expense is not noticed.",
    ),
    Mutant(
        row="CT-B10",
        place=f"{PLUGIN}/receipts.py",
        old="        names.Status.AMOUNT_PAID: receipt.paid,\n",
        new="",
        bug="CostTracker is not told how much was paid.",
    ),
    Mutant(
        row="CT-B10",
        place=f"{PLUGIN}/__init__.py",
        old='    wants=("queued", "posted", "part_paid", "paid",',
        new='    wants=("queued", "posted", "paid",',
        bug="A payment in part is not told.",
    ),
    Mutant(
        row="CT-B11",
        place=f"{PLUGIN}/invoices.py",
        old='"credit_note": "vendor_credit"}',
        new='"credit_note": "bill"}',
        bug="A credit note becomes a bill.",
    ),
    Mutant(
        row="CT-B11",
        place=f"{PLUGIN}/invoices.py",
        old='sign = -1 if kind == "vendor_credit" and _is_negative(row) else 1',
        new="sign = 1",
        bug="A credit note with negative amounts is held.",
    ),
    Mutant(
        row="CT-B12",
        place="hub/posting/preflight/record_checks.py",
        old="    if party is None or not party.currency or party.currency == currency:",
        new="    if party is None or party.currency != currency:",
        bug="An invoice in another currency than its supplier's is sent.",
    ),
    Mutant(
        row="CT-B13",
        place="hub/scheduling/list_run.py",
        old='    steps.step("check what waits", lambda: _check_held_again(steps, company))\n',
        new="",
        bug="What waits is not checked when a supplier has changed.",
    ),
    Mutant(
        row="CT-B14",
        place="hub/posting/preflight/record_checks.py",
        old="        if name not in context.lists or (record and record.active):",
        new="        if name not in context.lists or record or name == 'tax_code':",
        bug="An account or tax code that disappeared is not noticed.",
    ),
)
