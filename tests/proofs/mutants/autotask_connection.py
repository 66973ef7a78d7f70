"""Mutants of the Autotask rows that its three apps share."""

from tests.proofs.mutants.mutant import Mutant

PLUGIN = "plugins/autotask/hub_autotask"

AUTOTASK_CONNECTION: tuple[Mutant, ...] = (
    Mutant(
        row="AT-C1",
        place="hub/installations/enable.py",
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
        place="hub/scheduling/schedule.py",
        old='        "enabled": installation.can_run,\n',
        new='        "enabled": installation.enabled,\n',
        bug="A paused app runs on its schedule.",
    ),
    Mutant(
        row="AT-C2",
        place=f"{PLUGIN}/client.py",
        old='        name = own.get("companyName") or zone["zoneName"]',
        new='        name = zone["zoneName"]',
        bug="The connection test shows the zone instead of the account.",
    ),
    Mutant(
        row="AT-C2",
        place=f"{PLUGIN}/client.py",
        old=(
            '                "Autotask refused the API user %(user)s. %(who)s",\n'
            "                user=self._user,\n"
            "                who=CREDENTIALS_ADVICE,"
        ),
        new=(
            '                "Autotask refused the API user %(user)s.",\n'
            "                user=self._user,"
        ),
        bug="An empty refusal does not say what to look at.",
    ),
    Mutant(
        row="AT-C3",
        place="hub/security/rights.py",
        old='        return self.may("owner", subject) and not is_personal\n',
        new='        return self.may("owner", subject)\n',
        bug="An owner of the hub may change the settings of somebody else's app.",
    ),
    Mutant(
        row="AT-C3",
        place="hub/web/apps/enabled_apps.py",
        old='    act_log.record_act(session, row, person_name(), "app handed over", to=name)\n',
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
        place="hub/web/apps/app_tiles.py",
        old='    return "granted" if row.granted_at else "asked"\n',
        new='    return "granted"\n',
        bug="The page counts a request as a grant.",
    ),
    Mutant(
        row="AT-C4",
        place="hub/installations/source_access.py",
        old="    if row is None or row.granted_at is None:\n",
        new="    if row is None:\n",
        bug="An app whose access was only requested can be configured and enabled.",
    ),
    Mutant(
        row="AT-C4",
        place="hub/installations/source_access.py",
        old="requested_by=who,",
        new="requested_by=slug,",
        bug="Who asked for access is not kept.",
    ),
    Mutant(
        row="AT-C5",
        place="hub/qbo/oauth/connect.py",
        old="    if expected_realm and expected_realm != realm:\n",
        new="    if False:\n",
        bug="A reconnect that comes back with another company is taken.",
    ),
    Mutant(
        row="AT-C5",
        place="hub/cli/selection.py",
        old="    matching = [row for row in companies if realm in (None, row.realm)]\n",
        new="    matching = companies\n",
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
        old='    if not name or "~" not in name:\n',
        new="    if True:\n",
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
        place="hub/mapping/separators.py",
        old="return bool(field.separator) and field.separator in name",
        new="return False",
        bug="A tilde in a name in QuickBooks is neither reported nor held.",
    ),
    Mutant(
        row="AT-C7",
        place=f"{PLUGIN}/lists.py",
        old="return Code(id=f\"category:{row['id']}\", name=name, hold=find_tilde_problem(name))",
        new="return Code(id=f\"category:{row['id']}\", name=name)",
        bug="A tilde in a tax category holds nothing.",
    ),
    Mutant(
        row="AT-C8",
        place="hub/mapping/rules.py",
        old="namesakes = [entry for _, entry in self.index.find_namesakes(field.role, name)]",
        new="namesakes: list[Entry] = []",
        bug="A customer with the name of a vendor is planned, which QuickBooks would refuse.",
    ),
    Mutant(
        row="AT-C8",
        place="hub/mapping/names.py",
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
        place="hub/collect/contact_data.py",
        old="email=None if record.email else _get_email(details),",
        new="email=_get_email(details),",
        bug="The e-mail address of a matched customer is overwritten.",
    ),
    Mutant(
        row="AT-C10",
        place="hub/notifications/case_news.py",
        old='    for address in sorted(set(news.mailboxes.values()) - {""}):\n',
        new="    for address in ():\n",
        bug="Errors are not mailed to the app's mailbox.",
    ),
    Mutant(
        row="AT-C10",
        place="hub/web/codes/compare.py",
        old="    if mailbox:\n        return mailbox\n",
        new="",
        bug="A comparison goes to the person instead of the mailbox.",
    ),
    Mutant(
        row="AT-C10",
        place="hub/notifications/mail.py",
        old='{"mailed_at": current_hub().clock.now()}',
        new='{"mailed_at": None}',
        bug="The same cause is mailed again and again.",
    ),
    Mutant(
        row="AT-C11",
        place="hub/contract/types.py",
        old='    every: str = "15m"\n',
        new='    every: str = "1h"\n',
        bug="Autotask is asked once an hour.",
    ),
    Mutant(
        row="AT-C11",
        place="hub/scheduling/runner.py",
        old=(
            "    if installation.mode == InstallationMode.ONCE and is_complete:\n        "
            "pause_after_once(installation.id)\n"
        ),
        new="",
        bug="An app that was to run once goes on running.",
    ),
    Mutant(
        row="AT-C11",
        place="hub/scheduling/schedule.py",
        old="                row.next_due = every.after(now, zone_of(row.zone))\n",
        new="                pass\n",
        bug="The next run is counted from the start of the last one, not from its end.",
    ),
    Mutant(
        row="AT-C12",
        place=f"{PLUGIN}/polling.py",
        old='        days_back = dt.timedelta(days=self.site.settings["days_back"])\n',
        new='        days_back = dt.timedelta(days=self.site.settings["days_back"] - 1)\n',
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
        place="hub/installations/enable.py",
        old="        row.enabled = False\n        source_cases.",
        new="        row.enabled, row.settings = False, {}\n        source_cases.",
        bug="Disabling forgets the settings.",
    ),
    Mutant(
        row="AT-C14",
        place=f"{PLUGIN}/client.py",
        old='            raise NeedsAttention(\n                "Autotask refused the API user',
        new='            raise Refused(\n                "Autotask refused the API user',
        bug="A renewed secret ends receipts for good.",
    ),
    Mutant(
        row="AT-C15",
        place=f"{PLUGIN}/sandbox/api.py",
        old='WRITE_ONCE_FIELDS = {("Companies", "currencyID")}',
        new="WRITE_ONCE_FIELDS = set()",
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
        place="sandbox/qbo_sandbox/entities/list_defaults.py",
        old='    if old and old.get("CurrencyRef", {}).get("value") not in (None, code):\n',
        new="    if False:\n",
        bug="QuickBooks' stand-in lets a customer's currency be changed.",
    ),
    Mutant(
        row="AT-C16",
        place=f"{PLUGIN}/checks.py",
        old='        "BillingItems": ("query",),\n',
        new="",
        bug="A right to billing items that is missing is not noticed beforehand.",
    ),
    Mutant(
        row="AT-C16",
        place=f"{PLUGIN}/settings.py",
        old=" Such a user has no access to the pages, takes no paid seat",
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
)
