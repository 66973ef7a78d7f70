"""Mutants of the Autotask rows about invoices."""

from tests.proofs.mutants.mutant import Mutant

PLUGIN = "plugins/autotask/hub_autotask"

AUTOTASK_INVOICES: tuple[Mutant, ...] = (
    Mutant(
        row="AT-I1",
        place=f"{PLUGIN}/polling.py",
        old="        return not row[self.field]\n",
        new="        return row[self.field] is None\n",
        bug="An invoice with an empty number is not ready.",
    ),
    Mutant(
        row="AT-I1",
        place=f"{PLUGIN}/invoices.py",
        old="    source.update(ENTITY, id, invoiceNumber=receipt.number)\n",
        new="    source.update(ENTITY, id, invoiceNumber=receipt.id)\n",
        bug="QuickBooks' id is written back instead of its number.",
    ),
    Mutant(
        row="AT-I1",
        place=f"{PLUGIN}/invoices.py",
        old="    source.update(ENTITY, id, invoiceNumber=receipt.number)\n",
        new=(
            "    source.update(ENTITY, id, invoiceNumber=receipt.number, "
            'webServiceDate=f"{receipt.at.date()}T00:00:00Z")\n'
        ),
        bug="The Web Service Date is written beside the number.",
    ),
    Mutant(
        row="AT-I2",
        place=f"{PLUGIN}/invoice_translation.py",
        old='            return number\n        return str(self.row["id"])\n',
        new='            return str(self.row["id"])\n        return str(self.row["id"])\n',
        bug="Autotask's id is used where its number was chosen.",
    ),
    Mutant(
        row="AT-I2",
        place=f"{PLUGIN}/checks.py",
        old="    if by_quickbooks != site.company.custom_numbers:\n        return\n",
        new="    return\n",
        bug="Numbers from both sides stop nothing.",
    ),
    Mutant(
        row="AT-I2",
        place=f"{PLUGIN}/invoices.py",
        old=('source.update(ENTITY, id, webServiceDate=f"{day}T00:00:00Z")'),
        new="source.update(ENTITY, id, invoiceNumber=receipt.number)",
        bug="An invoice with Autotask's number is not marked by the Web Service Date.",
    ),
    Mutant(
        row="AT-I3",
        place=f"{PLUGIN}/checks.py",
        old="    if len(recent) < MIN_RECENT_INVOICES or not are_numbered:",
        new="    if len(recent) < MIN_RECENT_INVOICES or are_numbered:",
        bug="Automatic numbering in Autotask is not noticed.",
    ),
    Mutant(
        row="AT-I3",
        place="hub/web/apps/settings.py",
        old="    for text in tenant.warnings:\n",
        new="    for text in ():\n",
        bug="The connection test does not report automatic numbering.",
    ),
    Mutant(
        row="AT-I3",
        place="hub/sources/calls.py",
        old="        if cause not in texts:\n            inbox.close(session, cause)\n",
        new="        pass\n",
        bug="Automatic numbering is reported although it was switched off.",
    ),
    Mutant(
        row="AT-I4",
        place=f"{PLUGIN}/polling.py",
        old='    return bool(receipt.state == "failed" or document.hold',
        new="    return bool(document.hold",
        bug="A refused invoice is not marked.",
    ),
    Mutant(
        row="AT-I4",
        place=f"{PLUGIN}/polling.py",
        old=('            return ("ready", f"{hold} {advice}") if hold else ("pending", advice)\n'),
        new=('            return ("ready", f"{hold} {advice}") if hold else ("ready", None)\n'),
        bug="An invoice that is marked ERROR is sent again.",
    ),
    Mutant(
        row="AT-I4",
        place=f"{PLUGIN}/report_history.py",
        old="        return before != state\n",
        new="        return before is None\n",
        bug="A mark that is cleared is not noticed.",
    ),
    Mutant(
        row="AT-I5",
        place=f"{PLUGIN}/lists.py",
        old='        id=f"external_number:{number.casefold()}",',
        new="        id=f\"billing_code:{row['id']}\",",
        bug="Billing codes with one External Number are matched one by one.",
    ),
    Mutant(
        row="AT-I5",
        place=f"{PLUGIN}/lists.py",
        old='        hold = Sentence(\n            "it has no External Number.',
        new=(
            "        return Code(id=f\"billing_code:{row['id']}\", "
            'name=name)\n        hold = Sentence(\n            "it has no External Number.'
        ),
        bug="A billing code without an External Number is found by its name.",
    ),
    Mutant(
        row="AT-I5",
        place=f"{PLUGIN}/invoice_translation.py",
        old=(
            '            by_number = self.settings["item_match"] == "external_number"\n'
            "            item"
        ),
        new="            by_number = True\n            item",
        bug="Items cannot be found by name.",
    ),
    Mutant(
        row="AT-I6",
        place=f"{PLUGIN}/invoices.py",
        old='missing=FromSetting("item_missing")',
        new='missing="create"',
        bug="A missing item is made although the settings hold the invoice.",
    ),
    Mutant(
        row="AT-I6",
        place=f"{PLUGIN}/lists.py",
        old='create = Item(name=number, sku=number, codes={"income_account": income})',
        new="create = Item(name=number, sku=number)",
        bug="A missing item is made without the income account chosen.",
    ),
    Mutant(
        row="AT-I7",
        place=f"{PLUGIN}/invoices.py",
        old=(
            "        lists.use_type(site, source, name)\n"
            "        for name in (lists.EXPENSE_SETTING, lists.INTERNAL_SETTING)\n"
        ),
        new=(
            '        source.picklist_number("BillingCodes", "useType", name)\n'
            '        for name in ("Internal", "Expense")\n'
        ),
        bug="The comparison needs labels that Autotask does not have.",
    ),
    Mutant(
        row="AT-I7",
        place="hub/installations/compare.py",
        old="    record_download.refresh(installation.company_id, lists, optional=())\n",
        new="",
        bug="The comparison shows QuickBooks as it was when its lists were last read.",
    ),
    Mutant(
        row="AT-I7",
        place="hub/installations/compare.py",
        old="    intake.create_records(installation.id, new_records, who)\n",
        new="",
        bug="What is missing is not copied.",
    ),
    Mutant(
        row="AT-I8",
        place=f"{PLUGIN}/code_fields.py",
        old='missing=FromSetting("term_missing")',
        new='missing="warn"',
        bug="An invoice whose term is missing is posted although the settings hold it.",
    ),
    Mutant(
        row="AT-I8",
        place=f"{PLUGIN}/invoice_translation.py",
        old='            term = self.lists.term(self.row["paymentTerm"])',
        new="            term = None",
        bug="Payment terms are not sent.",
    ),
    Mutant(
        row="AT-I8",
        place=f"{PLUGIN}/lists.py",
        old="    number = None if days is None else str(days)",
        new="    number = None",
        bug="Terms with other days look the same in the comparison.",
    ),
    Mutant(
        row="AT-I9",
        place=f"{PLUGIN}/lists.py",
        old="        return currency or self.home_currency\n",
        new="        return self.home_currency\n",
        bug="Every invoice is in Autotask's own currency.",
    ),
    Mutant(
        row="AT-I9",
        place=f"{PLUGIN}/polling.py",
        old=' or receipt.cause == "currency"',
        new="",
        bug="A currency that QuickBooks does not have is not marked as an error.",
    ),
    Mutant(
        row="AT-I10",
        place=f"{PLUGIN}/invoice_translation.py",
        old='        if not tax or (source_of_tax == "region" and not region):\n',
        new='        if source_of_tax == "region" and not region:\n',
        bug="A line without tax gets the tax region's code.",
    ),
    Mutant(
        row="AT-I10",
        place=f"{PLUGIN}/invoice_translation.py",
        old='= {"quickbooks": "computed", "none": "none"}\n',
        new='= {"quickbooks": "exclusive", "none": "none"}\n',
        bug="Tax is passed although QuickBooks is to work it out.",
    ),
    Mutant(
        row="AT-I10",
        place=f"{PLUGIN}/invoice_translation.py",
        old='        if source_of_tax in ("none", "quickbooks"):\n',
        new='        if source_of_tax == "quickbooks":\n',
        bug="Lines have tax codes although no tax is to be passed.",
    ),
    Mutant(
        row="AT-I10",
        place=f"{PLUGIN}/invoice_translation.py",
        old=(
            '        category = categories.get(line["taxCategoryID"]) or {"id": 0, "name":'
            ' "no category"}\n'
        ),
        new="        category = categories[min(categories)]\n",
        bug="Every line has the tax code of the same category.",
    ),
    Mutant(
        row="AT-I11",
        place=f"{PLUGIN}/invoice_translation.py",
        old='abs(gap) > self.settings["tolerance"]',
        new="abs(gap) > 10",
        bug="A difference above the limit is evened out.",
    ),
    Mutant(
        row="AT-I11",
        place=f"{PLUGIN}/invoice_translation.py",
        old='        if self.settings["difference"] == "note":\n',
        new='        if self.settings["difference"] == "line":\n',
        bug="A rounding difference is noted where a line was chosen.",
    ),
    Mutant(
        row="AT-I11",
        place=f"{PLUGIN}/invoice_translation.py",
        old="self.total = round_amount(self._compute_total_with_tax(), self.currency)",
        new="self.total = self._compute_total_with_tax()",
        bug="Four decimals are sent to QuickBooks.",
    ),
    Mutant(
        row="AT-I12",
        place=f"{PLUGIN}/invoice_translation.py",
        old='        is_credit = self.total < 0 and self.settings["negative"] == "credit_memo"',
        new="        is_credit = self.total < 0",
        bug="A negative invoice is posted as credit memo although the settings refuse it.",
    ),
    Mutant(
        row="AT-I12",
        place=f"{PLUGIN}/invoice_translation.py",
        old='amount=round_amount(money(line["extendedPrice"] or 0), self.currency) * self.sign,',
        new='amount=round_amount(money(line["extendedPrice"] or 0), self.currency),',
        bug="The lines of a credit memo are negative.",
    ),
    Mutant(
        row="AT-I13",
        place=f"{PLUGIN}/invoices.py",
        old='    if row and not row["paidDate"]:\n',
        new="    if row:\n",
        bug="A paid date of Autotask is overwritten.",
    ),
    Mutant(
        row="AT-I13",
        place=f"{PLUGIN}/invoices.py",
        old='if not site.settings["payment_sync"] or not receipt.paid_on:',
        new="if not receipt.paid_on:",
        bug="Payments are told although that is switched off.",
    ),
    Mutant(
        row="AT-I13",
        place=f"{PLUGIN}/invoices.py",
        old='wants=("posted", "paid", "held", "failed"),',
        new='wants=("posted", "held", "failed"),',
        bug="Payments are not told at all.",
    ),
    Mutant(
        row="AT-I14",
        place=f"{PLUGIN}/invoices.py",
        old='    gone=FromSetting("voided"),\n',
        new='    gone="case",\n',
        bug="A voided invoice is asked about whatever the settings say.",
    ),
    Mutant(
        row="AT-I14",
        place=f"{PLUGIN}/invoice_translation.py",
        old='        if self.row["isVoided"]:\n',
        new="        if False:\n",
        bug="A voided invoice is posted.",
    ),
    Mutant(
        row="AT-I15",
        place=f"{PLUGIN}/invoice_translation.py",
        old='        if not self.settings["email_invoices"]:\n            return None\n',
        new="",
        bug="Invoices are mailed although that is switched off.",
    ),
    Mutant(
        row="AT-I15",
        place="hub/payloads/shared_fields.py",
        old="addresses = [party.email, requested_address.strip()] if party",
        new="addresses = [requested_address.strip(), party.email] if party",
        bug="An invoice is mailed to the contact instead of the customer's address in QuickBooks.",
    ),
    Mutant(
        row="AT-I16",
        place=f"{PLUGIN}/invoice_translation.py",
        old='            "Comments": row["comments"],\n',
        new="",
        bug="Comments are not in the memo.",
    ),
    Mutant(
        row="AT-I16",
        place=f"{PLUGIN}/invoice_translation.py",
        old="return {name: text} if name and text else {}",
        new="return {}",
        bug="The order number is not in the custom field.",
    ),
    Mutant(
        row="AT-I17",
        place=f"{PLUGIN}/polling.py",
        old='self.source.rows_with(self.entity, "id", numbers)',
        new='self.source.rows_with(self.entity, "id", numbers[:0])',
        bug="A document that is asked for by its id is not read.",
    ),
    Mutant(
        row="AT-I17",
        place="hub/scheduling/dry_run.py",
        old="        raise Rollback\n",
        new="        pass\n",
        bug="A rehearsal keeps what it planned.",
    ),
    Mutant(
        row="AT-I18",
        place=f"{PLUGIN}/invoice_translation.py",
        old='        if self.settings["default_item"]:\n',
        new="        if False:\n",
        bug="The item for lines without a billing code is ignored.",
    ),
    Mutant(
        row="AT-I18",
        place=f"{PLUGIN}/invoice_translation.py",
        old='        texts = filter(None, (line["lineItemGroupDescription"], text))',
        new="        texts = filter(None, (text,))",
        bug="The group of a line is not shown.",
    ),
    Mutant(
        row="AT-I18",
        place=f"{PLUGIN}/invoice_translation.py",
        old="lines = [self._build_line(line) for line in self.lines]",
        new=(
            "lines = [self._build_line(line) for line in self.lines"
            ' if money(line["extendedPrice"]) > 0]'
        ),
        bug="Deductions and lines of zero are left out.",
    ),
    Mutant(
        row="AT-I19",
        place="hub/posting/receipt_delivery.py",
        old="RETRY_PAUSES = (60, 300, 900, 3600, 6 * 3600, 24 * 3600)",
        new="RETRY_PAUSES = (10**9,)",
        bug="A receipt that failed is not repeated.",
    ),
)
