"""Mutants behind the rows of Ontraccr."""

from tests.mutants.mutant import Mutant

PLUGIN = "plugins/ontraccr/hub_ontraccr"


def mutant(row: str, module: str, old: str, new: str, bug: str) -> Mutant:
    """Return a mutant in a module of the plugin."""
    return Mutant(row=row, place=f"{PLUGIN}/{module}.py", old=old, new=new, bug=bug)


ONTRACCR: tuple[Mutant, ...] = (
    mutant("ON-S1", "client", 'INACTIVE = b"integration_inactive"', 'INACTIVE = b"inactive"',
           "An integration that is not activated is reported as any refused call."),
    mutant("ON-S2", "__init__", '    automatic="auto_sync",\n', "",
           "The switch Auto-Sync stops nothing."),
    mutant("ON-S3", "profiles", "    return id if not id or sort == SORTS[kind] else",
           "    return id if id else",
           "A link to a record of another kind counts."),
    mutant("ON-S4", "profiles", 'quickbooks_id=link or (None if is_made else ""),',
           "quickbooks_id=link or None,",
           "An unlinked profile is matched by its name."),
    mutant("ON-S5", "settings",
           'purchase_account = _needed(\n        "Default purchase account"',
           'purchase_account = _text(\n        "Default purchase account"',
           "The default purchase account may be left out."),
    mutant("ON-S7", "profiles", "usable = [record for record in records if record.active and",
           "usable = [record for record in records[1:] if record.active and",
           "One of the company's purchase accounts is not offered."),
    mutant("ON-S8", "profiles", 'if record.active and record.use != "sales"]',
           'if record.use != "sales"]',
           "Inactive accounts are offered in Ontraccr."),
    mutant("ON-S9", "payables", "    if not chosen:\n        return {",
           "    if chosen:\n        return {",
           "The account that was chosen at upload is not used."),
    mutant("ON-S10", "payables",
           'return {"payment_account": site.settings["purchase_account"]}', "return {}",
           "A payable without a choice of its own has no purchase account."),
    mutant("ON-S12", "profiles", "default if is_usable else None,", "None,",
           "Whoever uploads finds no account preselected."),
    mutant("ON-S13", "payables", "        kind=kind,\n", '        kind="bill",\n',
           "Every payable is posted as a bill."),
    mutant("ON-S16", "payables", "total=money(row[names.Payable.TOTAL]),",
           "total=money(row[names.Payable.SUBTOTAL]),",
           "The total of the upload is not compared."),
    mutant("ON-B1", "__init__", "if id == wanted or not wanted]", "if id]",
           "The division that was chosen is not asked for."),
    mutant("ON-B2", "profiles", "source.bring(field, [_item(record) for record in records",
           "source.bring(field, [_item(record) for record in records[:1]",
           "Of each list only the first record is brought into Ontraccr."),
    mutant("ON-B3", "profiles", "        return bool(record.parent)", "        return True",
           "Customers are brought into Ontraccr as projects."),
    mutant("ON-B5", "payables", 'if named and site.settings["project_class"]:', "if named:",
           "The class of a project is used although it is switched off."),
    mutant("ON-B6", "payables", 'return {"tax_code": site.settings["tax_code"]}', "return {}",
           "The default tax code is not used."),
    mutant("ON-B8", "payables", "        attachments=_attachments(site, row),\n", "",
           "Files are not attached."),
    mutant("ON-B9", "reading", "names.Status.STATE: STATES.get(receipt.state, receipt.state),",
           'names.Status.STATE: "queued",',
           "A payable does not show what became of it."),
    mutant("ON-B10", "payables", "amount=ZERO - amount,", "amount=amount,",
           "Retainage is added to the posted total."),
    mutant("ON-B11", "reading", "        names.Status.AMOUNT_PAID: receipt.paid,\n", "",
           "Ontraccr is not told how much was paid."),
    mutant("ON-B13", "payables", 'stage="pending" if is_held else "ready",', 'stage="ready",',
           "A payable that is held back does not wait for its release."),
)  # fmt: skip
