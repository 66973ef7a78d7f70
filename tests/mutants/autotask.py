"""Mutants behind the rows of Autotask."""

from tests.mutants.mutant import Mutant

PLUGIN = "plugins/autotask/hub_autotask"

AUTOTASK: tuple[Mutant, ...] = (
    Mutant(
        row="AT-C1",
        place="hub/enabling.py",
        old="        row = session.get_one(Installation, row.id)\n        row.enabled = False\n",
        new=(
            "        for row in session.scalars(select(Installation)):\n            "
            "row.enabled = False\n"
        ),
        bug="Disabling one app disables the others too.",
    ),
    Mutant(
        row="AT-C1",
        place=f"{PLUGIN}/__init__.py",
        old="return [module.APP for module in MODULES.values()]",
        new="return [module.APP for module in (invoices, expenses)]",
        bug="There is no app for purchase orders.",
    ),
    Mutant(
        row="AT-C1",
        place="hub/engine/schedule.py",
        old='"enabled": installation.enabled and installation.mode != "paused" and tried,',
        new='"enabled": installation.enabled and tried,',
        bug="A paused app runs on its schedule.",
    ),
    Mutant(
        row="AT-C2",
        place=f"{PLUGIN}/client.py",
        old='return str(zone["ci"]), (own or {}).get("companyName") or zone["zoneName"]',
        new='return str(zone["ci"]), zone["zoneName"]',
        bug="The connection test shows the zone instead of the account.",
    ),
    Mutant(
        row="AT-C2",
        place=f"{PLUGIN}/client.py",
        old='f"Autotask refused the API user {self._user}. {WHO}"',
        new='f"Autotask refused the API user {self._user}."',
        bug="An empty refusal does not say what to look at.",
    ),
    Mutant(
        row="AT-C3",
        place="hub/web/access.py",
        old='    return may("owner") and not owner_only\n',
        new='    return may("owner")\n',
        bug="An owner of the hub may change the settings of somebody else's app.",
    ),
    Mutant(
        row="AT-C3",
        place="hub/web/settings.py",
        old=(
            '        audit.record(\n            session, who(), "app handed over", '
            'f"{row.slug} for {row.company.name}", to=to.username\n        )\n'
        ),
        new="",
        bug="Handing an app over is not in the audit log.",
    ),
    Mutant(
        row="AT-C4",
        place=f"{PLUGIN}/tile.py",
        old="finish your Autotask implementation first, because",
        new="start at once, because",
        bug="The page of an app does not say that the implementation comes first.",
    ),
    Mutant(
        row="AT-C4",
        place="hub/web/settings.py",
        old="    is_granted = granted is not None and granted.granted_at is not None\n",
        new="    is_granted = granted is not None\n",
        bug="An app whose access was only requested can be configured.",
    ),
    Mutant(
        row="AT-C4",
        place="hub/web/tiles.py",
        old='    return "granted" if row.granted_at else "asked"\n',
        new='    return "granted"\n',
        bug="The page counts a request as a grant.",
    ),
    Mutant(
        row="AT-C4",
        place="hub/enabling.py",
        old="    if row is None or row.granted_at is None:\n",
        new="    if row is None:\n",
        bug="An app whose access was only requested can be enabled.",
    ),
    Mutant(
        row="AT-C4",
        place="hub/web/marketplace.py",
        old="slug=slug, company_id=company_id, asked_by=who(), asked_at",
        new="slug=slug, company_id=company_id, asked_by=app.name, asked_at",
        bug="Who asked for access is not kept.",
    ),
    Mutant(
        row="AT-C5",
        place="hub/qbo/oauth.py",
        old="    if wanted and wanted != realm:\n",
        new="    if False:\n",
        bug="A reconnect that comes back with another company is taken.",
    ),
    Mutant(
        row="AT-C5",
        place="hub/web/settings.py",
        old=(
            "        company = row_or_404(session, Company, company_id)\n        "
            "mine = select(Installation)"
        ),
        new=(
            "        company = session.get(Company, company_id) or "
            "session.get(Company, 1)\n        mine = select(Installation)"
        ),
        bug="An app is configured for a company that is not connected.",
    ),
    Mutant(
        row="AT-C6",
        place=f"{PLUGIN}/invoices.py",
        old='match_first=("customer", "billing_code", "term"),',
        new='match_first=("customer", "billing_code"),',
        bug="Invoices are posted before payment terms are matched.",
    ),
    Mutant(
        row="AT-C6",
        place=f"{PLUGIN}/invoices.py",
        old='match_first=("customer", "billing_code", "term"),',
        new='match_first=("billing_code", "term"),',
        bug="Invoices are posted before organisations are matched.",
    ),
    Mutant(
        row="AT-C7",
        place=f"{PLUGIN}/lists.py",
        old='    return TILDE.format(what) if name and "~" in name else None',
        new="    return None",
        bug="A tilde in a name holds nothing.",
    ),
    Mutant(
        row="AT-C7",
        place=f"{PLUGIN}/checks.py",
        old='("TaxRegions", "name", "tax regions"),',
        new="",
        bug="Tildes in tax regions are not reported.",
    ),
    Mutant(
        row="AT-C7",
        place="hub/mapping/matching.py",
        old="return bool(field.separator) and field.separator in name",
        new="return False",
        bug="A tilde in a name in QuickBooks is neither reported nor held.",
    ),
    Mutant(
        row="AT-C7",
        place=f"{PLUGIN}/lists.py",
        old="return Code(id=f\"category:{row['id']}\", name=name, hold=tilde(name))",
        new="return Code(id=f\"category:{row['id']}\", name=name)",
        bug="A tilde in a tax category holds nothing.",
    ),
    Mutant(
        row="AT-C8",
        place="hub/mapping/matching.py",
        old="    taken = _all_named(name, field.role, book)\n",
        new="    taken = []\n",
        bug="A customer with the name of a vendor is sent to QuickBooks, which refuses it.",
    ),
    Mutant(
        row="AT-C8",
        place="hub/mapping/book.py",
        old='    plain = unicodedata.normalize("NFKC", text).casefold()\n',
        new='    plain = unicodedata.normalize("NFKC", text)\n',
        bug="Organisations are found only if their case is the same.",
    ),
    Mutant(
        row="AT-C9",
        place=f"{PLUGIN}/lists.py",
        old='if row["primaryContact"]:',
        new='if row["isActive"]:',
        bug="Any contact of an organisation is taken for the primary one.",
    ),
    Mutant(
        row="AT-C9",
        place=f"{PLUGIN}/lists.py",
        old='phone=contact.get("phone") or row["phone"] or None,',
        new='phone=row["phone"] or None,',
        bug="The phone of the organisation is sent instead of its contact's.",
    ),
    Mutant(
        row="AT-C9",
        place="hub/collect/filling.py",
        old="email=None if record.email else details.email,",
        new="email=details.email,",
        bug="The e-mail address of a matched customer is overwritten.",
    ),
    Mutant(
        row="AT-C10",
        place="hub/notify.py",
        old='    for address in sorted(set(mailboxes.values()) - {"", *people}):\n',
        new="    for address in ():\n",
        bug="Errors are not mailed to the app's mailbox.",
    ),
    Mutant(
        row="AT-C10",
        place="hub/web/comparing.py",
        old='return notify.mailbox(installation) or ("" if own.endswith(notify.NOWHERE) else own)',
        new='return "" if own.endswith(notify.NOWHERE) else own',
        bug="A comparison goes to the person instead of the mailbox.",
    ),
    Mutant(
        row="AT-C10",
        place="hub/notify.py",
        old="session.execute(told.values(mailed_at=current().clock.now()))",
        new="session.execute(told.values(mailed_at=None))",
        bug="The same cause is mailed again and again.",
    ),
    Mutant(
        row="AT-C11",
        place="hub/hookspecs.py",
        old='    every: str = "15m"\n',
        new='    every: str = "1h"\n',
        bug="Autotask is asked once an hour.",
    ),
    Mutant(
        row="AT-C11",
        place="hub/engine/run.py",
        old=(
            '    if installation.mode == "once" and not steps.errors:\n        '
            "_pause(installation)\n"
        ),
        new="",
        bug="An app that was to run once goes on running.",
    ),
    Mutant(
        row="AT-C11",
        place="hub/engine/schedule.py",
        old="                row.next_due = every.after(now, zone_of(row.zone))\n",
        new="                pass\n",
        bug="The next run is counted from the start of the last one, not from its end.",
    ),
    Mutant(
        row="AT-C12",
        place=f"{PLUGIN}/polling.py",
        old='self.site.today - dt.timedelta(days=self.site.settings["days_back"])',
        new='self.site.today - dt.timedelta(days=self.site.settings["days_back"] - 1)',
        bug="The fourteenth day is left out.",
    ),
    Mutant(
        row="AT-C12",
        place=f"{PLUGIN}/settings.py",
        old="        load_default=14,\n",
        new="        load_default=30,\n",
        bug="An app looks back 30 days.",
    ),
    Mutant(
        row="AT-C13",
        place="hub/enabling.py",
        old="        row.enabled = False\n        outage.clear(session, row)\n",
        new="        row.enabled, row.settings = False, {}\n        outage.clear(session, row)\n",
        bug="Disabling forgets the settings.",
    ),
    Mutant(
        row="AT-C14",
        place=f"{PLUGIN}/client.py",
        old='        if reply.status == 401:\n            raise NeedsAttention(f"Autotask refused',
        new='        if reply.status == 401:\n            raise Refused(f"Autotask refused',
        bug="A renewed secret ends receipts for good.",
    ),
    Mutant(
        row="AT-C15",
        place=f"{PLUGIN}/sandbox/api.py",
        old='FINAL = {("Companies", "currencyID")}',
        new="FINAL = set()",
        bug="Autotask's stand-in lets a currency be changed.",
    ),
    Mutant(
        row="AT-C15",
        place=f"{PLUGIN}/settings.py",
        old=" that Autotask has for it, and QuickBooks never lets that be changed.",
        new=" that Autotask has for it.",
        bug="The settings do not say that a currency is final.",
    ),
    Mutant(
        row="AT-C15",
        place="hub/qbo/sandbox/fillings.py",
        old='    if old and old.get("CurrencyRef", {}).get("value") not in (None, code):\n',
        new="    if False:\n",
        bug="QuickBooks' stand-in lets a customer's currency be changed.",
    ),
    Mutant(
        row="AT-C16",
        place=f"{PLUGIN}/checks.py",
        old='"BillingItems": ("query",), "BillingCodes"',
        new='"BillingCodes"',
        bug="A right to billing items that is missing is not noticed beforehand.",
    ),
    Mutant(
        row="AT-C16",
        place=f"{PLUGIN}/settings.py",
        old=(
            " Such a user has no access to the pages, takes no paid seat and is "
            "exempt from password resets."
        ),
        new="",
        bug="The help does not say what an API user is not.",
    ),
    Mutant(
        row="AT-C16",
        place=f"{PLUGIN}/sandbox/pages.py",
        old=(
            "        if (user, password) == (api_user.lower(), "
            'secret):\n            raise PageRefused("An API-only user cannot log '
            'in to the pages of Autotask.")\n'
        ),
        new=(
            "        if (user, password) == (api_user.lower(), "
            'secret):\n            return "/login?person=41"\n'
        ),
        bug="The API user may log in to the pages.",
    ),
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
        old="    source.change(ENTITY, id, invoiceNumber=receipt.number)\n",
        new="    source.change(ENTITY, id, invoiceNumber=receipt.id)\n",
        bug="QuickBooks' id is written back instead of its number.",
    ),
    Mutant(
        row="AT-I1",
        place=f"{PLUGIN}/invoices.py",
        old="    source.change(ENTITY, id, invoiceNumber=receipt.number)\n",
        new=(
            "    source.change(ENTITY, id, invoiceNumber=receipt.number, "
            'webServiceDate=f"{receipt.at.date()}T00:00:00Z")\n'
        ),
        bug="The Web Service Date is written beside the number.",
    ),
    Mutant(
        row="AT-I2",
        place=f"{PLUGIN}/invoices.py",
        old='return own if own and own != Mark.error else str(self.row["id"])',
        new='return str(self.row["id"])',
        bug="Autotask's id is used where its number was chosen.",
    ),
    Mutant(
        row="AT-I2",
        place=f"{PLUGIN}/checks.py",
        old="    if ours != site.company.custom_numbers:\n        return\n",
        new="    return\n",
        bug="Numbers from both sides stop nothing.",
    ),
    Mutant(
        row="AT-I2",
        place=f"{PLUGIN}/invoices.py",
        old=(
            "            ENTITY, id, "
            'webServiceDate=f"{receipt.at.astimezone(site.zone).date()}T00:00:00Z"'
        ),
        new="            ENTITY, id, invoiceNumber=receipt.number",
        bug="An invoice with Autotask's number is not marked by the Web Service Date.",
    ),
    Mutant(
        row="AT-I3",
        place=f"{PLUGIN}/checks.py",
        old="    if len(recent) < MANY or not all(",
        new="    if len(recent) < MANY or any(",
        bug="Automatic numbering in Autotask is not noticed.",
    ),
    Mutant(
        row="AT-I4",
        place=f"{PLUGIN}/polling.py",
        old='    stops = receipt.state == "failed" or document.hold or receipt.cause == "currency"',
        new='    stops = document.hold or receipt.cause == "currency"',
        bug="A refused invoice is not marked.",
    ),
    Mutant(
        row="AT-I4",
        place=f"{PLUGIN}/polling.py",
        old='            return ("ready", f"{hold} {said}") if hold else ("pending", said)',
        new='            return ("ready", f"{hold} {said}") if hold else ("ready", None)',
        bug="An invoice that is marked ERROR is sent again.",
    ),
    Mutant(
        row="AT-I4",
        place=f"{PLUGIN}/seen.py",
        old=(
            "return (self._before.get(id), state) != (OPEN, FAILED) and "
            "self._before.get(id) != state"
        ),
        new="return self._before.get(id) is None",
        bug="A mark that is cleared is not noticed.",
    ),
    Mutant(
        row="AT-I5",
        place=f"{PLUGIN}/lists.py",
        old=(
            'return Code(id=f"external_number:{number.casefold()}", name=number, '
            "hold=hold, create=create)"
        ),
        new="return Code(id=f\"billing_code:{row['id']}\", name=number, hold=hold, create=create)",
        bug="Billing codes with one External Number are matched one by one.",
    ),
    Mutant(
        row="AT-I5",
        place=f"{PLUGIN}/lists.py",
        old='        said = "it has no External Number.',
        new=(
            "        return Code(id=f\"billing_code:{row['id']}\", "
            'name=name)\n        said = "it has no External Number.'
        ),
        bug="A billing code without an External Number is found by its name.",
    ),
    Mutant(
        row="AT-I5",
        place=f"{PLUGIN}/invoices.py",
        old=(
            '            by_number = self.settings["item_match"] == '
            '"external_number"\n            made'
        ),
        new="            by_number = True\n            made",
        bug="Items cannot be found by name.",
    ),
    Mutant(
        row="AT-I6",
        place=f"{PLUGIN}/invoices.py",
        old='missing="{item_missing}"',
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
            "        unsold = {lists.use_type(site, source, name) for name in "
            "(lists.INTERNAL, lists.EXPENSE)}\n"
        ),
        new=(
            '        unsold = {source.number("BillingCodes", "useType", name) for '
            'name in ("Internal", "Expense")}\n'
        ),
        bug="The comparison needs labels that Autotask does not have.",
    ),
    Mutant(
        row="AT-I7",
        place="hub/comparing.py",
        old=(
            "    records.refresh(installation.company_id, "
            "{records.ROLE_LIST[field.role] for field in wanted})\n"
        ),
        new="",
        bug="The comparison shows QuickBooks as it was when its lists were last read.",
    ),
    Mutant(
        row="AT-I7",
        place="hub/comparing.py",
        old="    making.make(installation.id, found, who)\n",
        new="",
        bug="What is missing is not copied.",
    ),
    Mutant(
        row="AT-I8",
        place=f"{PLUGIN}/invoices.py",
        old='missing="{term_missing}"',
        new='missing="warn"',
        bug="An invoice whose term is missing is posted although the settings hold it.",
    ),
    Mutant(
        row="AT-I8",
        place=f"{PLUGIN}/invoices.py",
        old='term = None if self.sign < 0 else self.known.term(self.row["paymentTerm"])',
        new="term = None",
        bug="Payment terms are not sent.",
    ),
    Mutant(
        row="AT-I8",
        place=f"{PLUGIN}/lists.py",
        old="return Code(id=f\"term:{row['id']}\", name=name, number=number, hold=tilde(name))",
        new="return Code(id=f\"term:{row['id']}\", name=name, hold=tilde(name))",
        bug="Terms with other days look the same in the comparison.",
    ),
    Mutant(
        row="AT-I9",
        place=f"{PLUGIN}/lists.py",
        old='        return row["name"] if row else self.home\n',
        new="        return self.home\n",
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
        place=f"{PLUGIN}/invoices.py",
        old='        if not tax or (how == "region" and not region):\n',
        new='        if how == "region" and not region:\n',
        bug="A line without tax gets the tax region's code.",
    ),
    Mutant(
        row="AT-I10",
        place=f"{PLUGIN}/invoices.py",
        old='        known = {"quickbooks": "computed", "none": "none"}\n',
        new='        known = {"quickbooks": "exclusive", "none": "none"}\n',
        bug="Tax is passed although QuickBooks is to work it out.",
    ),
    Mutant(
        row="AT-I10",
        place=f"{PLUGIN}/invoices.py",
        old='        if how in ("none", "quickbooks"):\n',
        new='        if how == "quickbooks":\n',
        bug="Lines have tax codes although no tax is to be passed.",
    ),
    Mutant(
        row="AT-I10",
        place=f"{PLUGIN}/invoices.py",
        old='        row = self.known.whole("TaxCategories").get(line["taxCategoryID"]) or {',
        new=(
            "        row = "
            'self.known.whole("TaxCategories").get(min(self.known.whole("TaxCategories"))) '
            "or {"
        ),
        bug="Every line has the tax code of the same category.",
    ),
    Mutant(
        row="AT-I11",
        place=f"{PLUGIN}/invoices.py",
        old='abs(gap) > self.settings["tolerance"]',
        new="abs(gap) > 10",
        bug="A difference above the limit is evened out.",
    ),
    Mutant(
        row="AT-I11",
        place=f"{PLUGIN}/invoices.py",
        old='        if self.settings["difference"] == "note":\n',
        new='        if self.settings["difference"] == "line":\n',
        bug="A rounding difference is noted where a line was chosen.",
    ),
    Mutant(
        row="AT-I11",
        place=f"{PLUGIN}/invoices.py",
        old='self.total = to_cents(money(row["invoiceTotal"]), self.currency)',
        new='self.total = money(row["invoiceTotal"])',
        bug="Four decimals are sent to QuickBooks.",
    ),
    Mutant(
        row="AT-I12",
        place=f"{PLUGIN}/invoices.py",
        old=(
            'self.sign = -1 if self.total < 0 and self.settings["negative"] == "credit_memo" else 1'
        ),
        new="self.sign = -1 if self.total < 0 else 1",
        bug="A negative invoice is posted as credit memo although the settings refuse it.",
    ),
    Mutant(
        row="AT-I12",
        place=f"{PLUGIN}/invoices.py",
        old='amount=to_cents(money(line["extendedPrice"] or 0), self.currency) * self.sign,',
        new='amount=to_cents(money(line["extendedPrice"] or 0), self.currency),',
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
        old='    gone="{voided}",\n',
        new='    gone="case",\n',
        bug="A voided invoice is asked about whatever the settings say.",
    ),
    Mutant(
        row="AT-I14",
        place=f"{PLUGIN}/invoices.py",
        old='        if self.row["isVoided"]:\n',
        new="        if False:\n",
        bug="A voided invoice is posted.",
    ),
    Mutant(
        row="AT-I15",
        place=f"{PLUGIN}/invoices.py",
        old='        if not self.settings["email_invoices"]:\n            return None\n',
        new="",
        bug="Invoices are mailed although that is switched off.",
    ),
    Mutant(
        row="AT-I15",
        place="hub/qbo/payloads/parts.py",
        old='to = (party.email if party else "") or wanted.strip()',
        new='to = wanted.strip() or (party.email if party else "")',
        bug="An invoice is mailed to the contact instead of the customer's address in QuickBooks.",
    ),
    Mutant(
        row="AT-I16",
        place=f"{PLUGIN}/invoices.py",
        old='            "Comments": row["comments"],\n',
        new="",
        bug="Comments are not in the memo.",
    ),
    Mutant(
        row="AT-I16",
        place=f"{PLUGIN}/invoices.py",
        old="return {name: text} if name and text else {}",
        new="return {}",
        bug="The order number is not in the custom field.",
    ),
    Mutant(
        row="AT-I17",
        place=f"{PLUGIN}/polling.py",
        old=(
            '        found = {row["id"]: row for row in '
            'self.source.among(self.entity, "id", numbers)}\n'
        ),
        new=(
            '        found = {row["id"]: row for row in '
            'self.source.among(self.entity, "id", numbers[:0])}\n'
        ),
        bug="A document that is asked for by its id is not read.",
    ),
    Mutant(
        row="AT-I17",
        place="hub/engine/rehearsal.py",
        old="            raise _Back\n",
        new="            pass\n",
        bug="A rehearsal keeps what it planned.",
    ),
    Mutant(
        row="AT-I18",
        place=f"{PLUGIN}/invoices.py",
        old='        if self.settings["default_item"]:\n',
        new="        if False:\n",
        bug="The item for lines without a billing code is ignored.",
    ),
    Mutant(
        row="AT-I18",
        place=f"{PLUGIN}/invoices.py",
        old='" · ".join(filter(None, (line["lineItemGroupDescription"], text)))',
        new='" · ".join(filter(None, (text,)))',
        bug="The group of a line is not shown.",
    ),
    Mutant(
        row="AT-I18",
        place=f"{PLUGIN}/invoices.py",
        old="made = [self._line(line) for line in self.lines]",
        new='made = [self._line(line) for line in self.lines if money(line["extendedPrice"]) > 0]',
        bug="Deductions and lines of zero are left out.",
    ),
    Mutant(
        row="AT-I19",
        place="hub/posting/report.py",
        old="PAUSES = (60, 300, 900, 3600, 6 * 3600, 24 * 3600)",
        new="PAUSES = (10**9,)",
        bug="A receipt that failed is not repeated.",
    ),
    Mutant(
        row="AT-E1",
        place=f"{PLUGIN}/expenses.py",
        old='APPROVED = "Approved for Payment"',
        new='APPROVED = "Paid"',
        bug="Reports are posted once they are paid.",
    ),
    Mutant(
        row="AT-E1",
        place=f"{PLUGIN}/expenses.py",
        old='fresh("approvedDate", self.window(), *MARK.open())',
        new='fresh("approvedDate", self.window())',
        bug="Reports that have a reference are read too.",
    ),
    Mutant(
        row="AT-E2",
        place=f"{PLUGIN}/expenses.py",
        old='(lists.clean(row["lastName"]), lists.clean(row["firstName"]))',
        new='(lists.clean(row["firstName"]), lists.clean(row["lastName"]))',
        bug="The vendor is named by first and last name.",
    ),
    Mutant(
        row="AT-E3",
        place=f"{PLUGIN}/expenses.py",
        old='name = "category_billable" if billed else "category"',
        new='name = "category"',
        bug="What is billed to a customer goes to the account of the rest.",
    ),
    Mutant(
        row="AT-E4",
        place=f"{PLUGIN}/expenses.py",
        old="            billable=billed,\n",
        new='            billable=bool(item["companyID"]),\n',
        bug="Each expense for a customer is billable.",
    ),
    Mutant(
        row="AT-E4",
        place=f"{PLUGIN}/expenses.py",
        old=(
            '                "customer": '
            'self.known.organisation(item["companyID"])\n                if '
            'item["companyID"]\n                else None,\n'
        ),
        new="",
        bug="An expense for a customer does not name it.",
    ),
    Mutant(
        row="AT-E5",
        place=f"{PLUGIN}/expenses.py",
        old="amount = -to_cents(self.advance, self.currency)",
        new="amount = to_cents(self.advance, self.currency)",
        bug="A cash advance is added instead of taken off.",
    ),
    Mutant(
        row="AT-E5",
        place=f"{PLUGIN}/expenses.py",
        old="        if self.advance > sum(",
        new="        if False and self.advance > sum(",
        bug="An advance above the expenses is posted.",
    ),
    Mutant(
        row="AT-E6",
        place=f"{PLUGIN}/expenses.py",
        old='if item["isReimbursable"] and not item["isRejected"]]',
        new='if not item["isRejected"]]',
        bug="What the company paid itself is repaid.",
    ),
    Mutant(
        row="AT-E6",
        place=f"{PLUGIN}/expenses.py",
        old='if item["isReimbursable"] and not item["isRejected"]]',
        new='if item["isReimbursable"]]',
        bug="Rejected expenses are repaid.",
    ),
    Mutant(
        row="AT-E7",
        place=f"{PLUGIN}/expenses.py",
        old='text = lists.clean(self.row["departmentNumber"])',
        new='text = lists.clean(self.row["name"])',
        bug="The class is looked for by the report's name.",
    ),
    Mutant(
        row="AT-E7",
        place=f"{PLUGIN}/expenses.py",
        old='lists.field("department", "Department", "class", missing="warn"),',
        new='lists.field("department", "Department", "class"),',
        bug="A department that is no class holds the report.",
    ),
    Mutant(
        row="AT-E8",
        place=f"{PLUGIN}/expenses.py",
        old="source.change(ENTITY, id, **{MARK.field: receipt.number or receipt.id})",
        new="source.change(ENTITY, id, **{MARK.field: receipt.id})",
        bug="QuickBooks' id is written instead of the bill's number.",
    ),
    Mutant(
        row="AT-E8",
        place=f"{PLUGIN}/expenses.py",
        old="        source.change(ENTITY, id, **{MARK.field: MARK.error})",
        new="        pass",
        bug="A failure is not written to the report.",
    ),
    Mutant(
        row="AT-E9",
        place=f"{PLUGIN}/expenses.py",
        old='        return money(item["internalCurrencyExpenseAmount"] if own is None else own)',
        new='        return money(item["expenseCurrencyExpenseAmount"])',
        bug="A foreign expense is posted with its foreign amount.",
    ),
    Mutant(
        row="AT-E9",
        place=f"{PLUGIN}/expenses.py",
        old="        foreign = self._foreign()\n",
        new="        foreign = None\n",
        bug="Repayment in another currency is posted in Autotask's own.",
    ),
    Mutant(
        row="AT-E10",
        place=f"{PLUGIN}/expenses.py",
        old='entity, prefix = ENTITY, "expense_report:"',
        new='entity, prefix = ENTITY, "report:"',
        bug="A chosen report is not found by its id.",
    ),
    Mutant(
        row="AT-P1",
        place=f"{PLUGIN}/purchase_orders.py",
        old='SUBMITTED, CANCELED = "Submitted", "Canceled"',
        new='SUBMITTED, CANCELED = "New", "Canceled"',
        bug="New orders are posted.",
    ),
    Mutant(
        row="AT-P1",
        place=f"{PLUGIN}/purchase_orders.py",
        old=(
            'ready = {"op": "and", "items": [submitted, *fresh("createDateTime", '
            "since, *MARK.open())]}"
        ),
        new='ready = {"op": "and", "items": [submitted, either(*MARK.open())]}',
        bug="Orders from before the days back are posted.",
    ),
    Mutant(
        row="AT-P2",
        place=f"{PLUGIN}/purchase_orders.py",
        old='kind="purchase_order" if self.settings["post_as"] == "purchase_order" else "bill",',
        new='kind="purchase_order",',
        bug="Orders are purchase orders although the settings want bills.",
    ),
    Mutant(
        row="AT-P2",
        place=f"{PLUGIN}/settings.py",
        old="A bill, as older versions posted it, is a liability before goods",
        new="A bill is posted before goods",
        bug="The settings do not explain how a bill differs from a purchase order.",
    ),
    Mutant(
        row="AT-P3",
        place=f"{PLUGIN}/purchase_orders.py",
        old='codes={**self._bought(product), "customer": self._buyer()},',
        new="codes=self._bought(product),",
        bug="The customer does not stand on the lines.",
    ),
    Mutant(
        row="AT-P3",
        place=f"{PLUGIN}/purchase_orders.py",
        old='lists.field("vendor", "Vendor", "vendor", missing="{create_parties}"),',
        new='lists.field("vendor", "Vendor", "vendor"),',
        bug="A missing vendor is not made.",
    ),
    Mutant(
        row="AT-P4",
        place=f"{PLUGIN}/purchase_orders.py",
        old="if buyer and buyer.name.casefold() == self.vendor.name.casefold():",
        new="if buyer and buyer.name == self.vendor.name:",
        bug="A vendor and a customer whose names differ by case alone are sent to QuickBooks.",
    ),
    Mutant(
        row="AT-P5",
        place=f"{PLUGIN}/purchase_orders.py",
        old='            unit_price=cost,\n            description=item["memo"]',
        new='            unit_price=None,\n            description=item["memo"]',
        bug="Items have no cost.",
    ),
    Mutant(
        row="AT-P5",
        place=f"{PLUGIN}/purchase_orders.py",
        old=(
            '        return {"account": account} if account else {"product": '
            "held}\n\n    def _freight"
        ),
        new='        return {"product": held}\n\n    def _freight',
        bug="An item without a product is held whatever the settings say.",
    ),
    Mutant(
        row="AT-P6",
        place=f"{PLUGIN}/purchase_orders.py",
        old='            tax_mode="none",\n',
        new="",
        bug="Tax is left to QuickBooks.",
    ),
    Mutant(
        row="AT-P7",
        place=f"{PLUGIN}/purchase_orders.py",
        old='MARK = Mark("externalPONumber", "External P.O. Number")',
        new='MARK = Mark("vendorInvoiceNumber", "External P.O. Number")',
        bug="The number is written to another field.",
    ),
    Mutant(
        row="AT-P7",
        place=f"{PLUGIN}/purchase_orders.py",
        old="        source.change(ENTITY, id, **{MARK.field: MARK.error})",
        new="        pass",
        bug="A failure is not written to the order.",
    ),
    Mutant(
        row="AT-P8",
        place=f"{PLUGIN}/purchase_orders.py",
        old='name=row["shipToName"] or None, lines=lines, city=row["shipToCity"] or None,',
        new='name=row["shipToName"] or None, lines=lines, city=None,',
        bug="The city of the ship-to address is missing.",
    ),
    Mutant(
        row="AT-P8",
        place=f"{PLUGIN}/purchase_orders.py",
        old='                "term": self.known.term(row["paymentTerm"]),\n',
        new="",
        bug="The payment term is missing.",
    ),
    Mutant(
        row="AT-P8",
        place=f"{PLUGIN}/purchase_orders.py",
        old=(
            "        if not amount:\n            return ()\n        account = "
            'self.settings["freight_account"]'
        ),
        new='        return ()\n        account = self.settings["freight_account"]',
        bug="Freight is left out.",
    ),
    Mutant(
        row="AT-P8",
        place=f"{PLUGIN}/purchase_orders.py",
        old='filter(None, (said, self.row["generalMemo"]))',
        new="filter(None, (said,))",
        bug="The memo is missing.",
    ),
    Mutant(
        row="AT-P9",
        place=f"{PLUGIN}/purchase_orders.py",
        old="        if foreign != self.currency:\n",
        new="        if False:\n",
        bug="An order to a vendor in another currency is posted.",
    ),
    Mutant(
        row="AT-P10",
        place=f"{PLUGIN}/purchase_orders.py",
        old="            bills[order, number].append(receipt)\n",
        new='            bills[order, ""].append(receipt)\n',
        bug="All that was received of an order is one bill.",
    ),
)
