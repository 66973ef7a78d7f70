"""Mutants of the CostCertified rows."""

from tests.proofs.mutants.mutant import Mutant

PLUGIN = "plugins/costcertified/hub_costcertified"

COSTCERTIFIED: tuple[Mutant, ...] = (
    Mutant(
        row="CC-S1",
        place=f"{PLUGIN}/__init__.py",
        old="    if not account[names.Account.PAYMENTS_ENABLED]:",
        new="    if account[names.Account.PAYMENTS_ENABLED]:",
        bug="The app can be enabled only while the account takes no payments.",
    ),
    Mutant(
        row="CC-S2",
        place=f"{PLUGIN}/reading.py",
        old='MODULES_BY_STREAM = {"": invoices, "payments": payments,',
        new='MODULES_BY_STREAM = {"payments": payments,',
        bug="The list of invoices is not read.",
    ),
    Mutant(
        row="CC-S3",
        place=f"{PLUGIN}/client.py",
        old='PAYMENTS_DISABLED_CODE = b"payments_disabled"',
        new='PAYMENTS_DISABLED_CODE = b"payments_closed"',
        bug="An account whose payments were switched off is reported as any refused call.",
    ),
    Mutant(
        row="CC-S4",
        place=f"{PLUGIN}/__init__.py",
        old="For QuickBooks Online; QuickBooks Desktop is not supported. In CostCertified",
        new="For QuickBooks Online. In CostCertified",
        bug="The tile does not say that QuickBooks Desktop is not supported.",
    ),
    Mutant(
        row="CC-S5",
        place=f"{PLUGIN}/__init__.py",
        old="then its menu shows “Accounting export settings”, the entry",
        new="then its menu shows “Settings”, the entry",
        bug="The tile names a menu entry that CostCertified does not have.",
    ),
    Mutant(
        row="CC-S6",
        place=f"{PLUGIN}/client.py",
        old='SUPPORT_CONTACT = "CostCertified support, in its chat or by a ticket"',
        new='SUPPORT_CONTACT = "the administrator"',
        bug="A refused admin is sent to nobody at CostCertified.",
    ),
    Mutant(
        row="CC-S7",
        place=f"{PLUGIN}/__init__.py",
        old="        id=require_id(account, names.Account.ID),\n        name=name,\n",
        new="        id=name,\n        name=str(account[names.Account.ID]),\n",
        bug="The account that was linked is shown by its id.",
    ),
    Mutant(
        row="CC-S8",
        place=f"{PLUGIN}/codes.py",
        old='    Field(name="service", label="Service", role="item", missing="create"),',
        new='    Field(name="service", label="Service", role="item"),',
        bug="The service of an invoice has to be matched by hand first.",
    ),
    Mutant(
        row="CC-S9",
        place=f"{PLUGIN}/reading.py",
        old="            for row in rows:\n",
        new="            for row in rows[1:]:\n",
        bug="The first invoice of each page is lost.",
    ),
    Mutant(
        row="CC-S10",
        place=f"{PLUGIN}/invoices.py",
        old="    if not _was_sent_by_source(row):",
        new="    if row[names.Invoice.SENT_VIA] is None:",
        bug="An invoice that was handed over by another way is posted.",
    ),
    Mutant(
        row="CC-S11",
        place=f"{PLUGIN}/invoices.py",
        old=(
            "        return stage, "
            'Sentence("%(title)s was generated and not sent yet.", title=title)'
        ),
        new='        return "ready", None',
        bug="An invoice that was generated and not sent is posted.",
    ),
    Mutant(
        row="CC-S12",
        place=f"{PLUGIN}/invoices.py",
        old="        number=number,\n",
        new="        number=str(row[names.Invoice.ID]),\n",
        bug="The invoice has its internal id as its number in QuickBooks.",
    ),
    Mutant(
        row="CC-S13",
        place=f"{PLUGIN}/codes.py",
        old="        phone=row.get(names.Client.PHONE),\n",
        new="",
        bug="A customer is created without the client's phone number.",
    ),
    Mutant(
        row="CC-S13",
        place="hub/posting/preflight/record_checks.py",
        old="    if party is None or not party.currency or party.currency == currency:\n",
        new="    if True:\n",
        bug="An invoice is sent in a currency that its customer is not kept in.",
    ),
    Mutant(
        row="CC-S14",
        place=f"{PLUGIN}/invoices.py",
        old="        amount=codes.sum_amounts(line[names.Line.AMOUNT] for line in lines),",
        new="        amount=money(lines[0][names.Line.AMOUNT]),",
        bug="Of several lines with one tax rate only the first is charged.",
    ),
    Mutant(
        row="CC-S14",
        place=f"{PLUGIN}/codes.py",
        old='id=f"client:{require_id(row, names.Client.ID)}"',
        new='id="client"',
        bug="All invoices go to the first client.",
    ),
    Mutant(
        row="CC-S14",
        place=f"{PLUGIN}/codes.py",
        old="    name = company or person or",
        new="    name = person or company or",
        bug="An invoice to a company names a person.",
    ),
    Mutant(
        row="CC-S15",
        place=f"{PLUGIN}/codes.py",
        old="    item = _build_new_item(site, number)\n",
        new='    item = _build_new_item(site, "Services")\n',
        bug="Product/Service does not show the number of the invoice.",
    ),
    Mutant(
        row="CC-S15",
        place=f"{PLUGIN}/codes.py",
        old='Item(name=name, codes={"income',
        new='Item(name=name, type="non_inventory", codes={"income',
        bug="The number is the name of a product, and not of a service.",
    ),
    Mutant(
        row="CC-S15",
        place=f"{PLUGIN}/invoices.py",
        old="            **codes.build_service_code(site, number),",
        new=(
            "            **codes.build_service_code(\n"
            "                site, str(first[names.Line.ID]) if first is not "
            "row[names.Invoice.LINES][0] else number\n"
            "            ),"
        ),
        bug="Each further line has a service of its own.",
    ),
    Mutant(
        row="CC-S15",
        place="hub/posting/preflight/duplicate_checks.py",
        old="    if same_number:\n        is_of_own_kind",
        new="    if False:\n        is_of_own_kind",
        bug="A number that another invoice has is sent all the same.",
    ),
    Mutant(
        row="CC-S16",
        place=f"{PLUGIN}/payments.py",
        old='        applied=Applied(document=f"invoice:{invoice}"),',
        new="        applied=None,",
        bug="A payment is not applied to its invoice.",
    ),
    Mutant(
        row="CC-S16",
        place=f"{PLUGIN}/payments.py",
        old="for invoice, parts in allocations.items()]",
        new="for invoice, parts in [*allocations.items()][:1]]",
        bug="A payment of several invoices pays the first one only.",
    ),
    Mutant(
        row="CC-S17",
        place=f"{PLUGIN}/__init__.py",
        old='wants=("posted", "held", "failed"),',
        new='wants=("posted", "held", "failed", "missing", "changed"),',
        bug="CostCertified asks to be told what happened in QuickBooks.",
    ),
    Mutant(
        row="CC-S17",
        place=f"{PLUGIN}/__init__.py",
        old='wants=("posted", "held", "failed"),',
        new='wants=("posted", "held", "failed", "part_paid", "paid"),',
        bug="CostCertified is told about payments.",
    ),
    Mutant(
        row="CC-S18",
        place=f"{PLUGIN}/invoices.py",
        old="        message=MANAGED_NOTE,\n",
        new="",
        bug="The invoice does not say that it is managed in CostCertified.",
    ),
    Mutant(
        row="CC-S18",
        place=f"{PLUGIN}/invoices.py",
        old="        message=MANAGED_NOTE,\n",
        new=(
            "        message=MANAGED_NOTE,\n"
            "        email_to=row[names.Invoice.CLIENT].get(names.Client.EMAIL),\n"
        ),
        bug="QuickBooks mails each invoice to its client.",
    ),
    Mutant(
        row="CC-B1",
        place=f"{PLUGIN}/invoices.py",
        old="if total is None or invoiced_total is None or invoiced_total <= total:",
        new="if total is None or invoiced_total is None or invoiced_total >= total:",
        bug="A project that is invoiced for more than its total is not warned of.",
    ),
    Mutant(
        row="CC-B1",
        place=f"{PLUGIN}/invoices.py",
        old="invoiced_total <= total:",
        new="invoiced_total < total:",
        bug="A project that is invoiced for exactly its total is warned of.",
    ),
    Mutant(
        row="CC-B1",
        place=f"{PLUGIN}/invoices.py",
        old='f"{basis_value.normalize():f} % {basis}"',
        new='f"{basis_value:.0f} % {basis}"',
        bug="A percentage is rounded.",
    ),
    Mutant(
        row="CC-B1",
        place=f"{PLUGIN}/invoices.py",
        old="BASIS_TEXTS = {\n",
        new='BASIS_TEXTS = {\n    "amount": "of the project total",\n',
        bug="An invoice of an amount has a percentage.",
    ),
    Mutant(
        row="CC-B1",
        place="hub/collect/content.py",
        old="warnings=(*mapped_document.warnings, *payload.warnings),",
        new="warnings=(*payload.warnings,),",
        bug="The warning is not shown with what was posted.",
    ),
    Mutant(
        row="CC-B2",
        place=f"{PLUGIN}/invoices.py",
        old="for fee in row.get(names.Invoice.FEES) or () if _is_borne_by_client(fee)]",
        new="for fee in row[names.Invoice.FEES]]",
        bug="The client is charged for fees that the contractor bears.",
    ),
    Mutant(
        row="CC-B2",
        place=f"{PLUGIN}/payouts.py",
        old=(
            '            description="Fees of CostCertified",\n'
            '            codes={"account": site.settings["fee_account"]},'
        ),
        new=(
            '            description="Fees of CostCertified",\n'
            '            codes={"account": site.settings["income_account"]},'
        ),
        bug="What CostCertified keeps is taken off the income.",
    ),
    Mutant(
        row="CC-B3",
        place=f"{PLUGIN}/invoices.py",
        old='site.settings["post_when"] == "paid" and not',
        new='site.settings["post_when"] == "never" and not',
        bug="An unpaid invoice is posted although only paid ones are wanted.",
    ),
    Mutant(
        row="CC-B4",
        place=f"{PLUGIN}/payments.py",
        old='    if stage == "pending":\n',
        new='    if stage == "pending":\n        return "ready", None\n    if not stage:\n',
        bug="A payment that is still processing is posted.",
    ),
    Mutant(
        row="CC-B5",
        place=f"{PLUGIN}/invoices.py",
        old="        groups.setdefault(line.get(names.Line.TAX_NAME) or None, []).append(line)",
        new="        groups.setdefault(lines[0][names.Line.TAX_NAME], []).append(line)",
        bug="An item with a tax of its own gets the tax of the first one.",
    ),
    Mutant(
        row="CC-B5",
        place=f"{PLUGIN}/invoices.py",
        old="groups.setdefault(line.get(names.Line.TAX_NAME) or None, [])",
        new="groups.setdefault(str(bool(line.get(names.Line.TAX_NAME))), [])",
        bug="Items with two taxes are one line, with the first of them.",
    ),
    Mutant(
        row="CC-B6",
        place=f"{PLUGIN}/payments.py",
        old="        outcomes.append(readable(refund_id, _build_refund, site, row, refund))\n",
        new="        pass\n",
        bug="A refund is not posted.",
    ),
    Mutant(
        row="CC-B7",
        place=f"{PLUGIN}/payouts.py",
        old="money(line[names.Movement.AMOUNT]) * sign,",
        new="money(line[names.Movement.AMOUNT]),",
        bug="What was given back is added to the deposit.",
    ),
    Mutant(
        row="CC-B8",
        place=f"{PLUGIN}/__init__.py",
        old='    gone=FromSetting("voided"),',
        new='    gone="void",',
        bug="An invoice that is voided is voided in QuickBooks whatever the settings say.",
    ),
    Mutant(
        row="CC-B9",
        place=f"{PLUGIN}/payments.py",
        old="        total=money(row[names.Payment.AMOUNT]),",
        new="        total=sum("
        "(money(used[names.Allocation.AMOUNT]) for used in "
        "row[names.Payment.ALLOCATIONS]), money(0)),",
        bug="What a client paid in advance is not in the payment.",
    ),
    Mutant(
        row="CC-B10",
        place="hub/qbo/dependents.py",
        old="    return balance != total",
        new="    return balance > total",
        bug="An invoice is changed although a payment was applied to it.",
    ),
    Mutant(
        row="CC-B11",
        place=f"{PLUGIN}/codes.py",
        old='        role="customer",\n        match=("email", "name"),',
        new='        role="customer",\n        match=("name",),',
        bug="A client is not found by the e-mail address.",
    ),
    Mutant(
        row="CC-B11",
        place=f"{PLUGIN}/codes.py",
        old='        role="customer",\n        match=("email", "name"),',
        new='        role="customer",\n        match=("name", "email"),',
        bug="The name of a client counts before the e-mail address.",
    ),
    Mutant(
        row="CC-B12",
        place=f"{PLUGIN}/expenses.py",
        old='    is_pushed = is_marked and site.settings["expenses"]',
        new='    is_pushed = is_marked and not site.settings["expenses"]',
        bug="Expenses are posted only while that is switched off.",
    ),
)
