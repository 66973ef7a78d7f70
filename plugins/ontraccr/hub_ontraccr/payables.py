"""Build the bill or expense of a payable in Ontraccr."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hub import (
    Attachment,
    Code,
    Codes,
    Document,
    Kind,
    Line,
    Row,
    Sentence,
    Site,
    look_up,
    money,
    parse_date,
    require_id,
    web_address,
)
from hub_ontraccr import names, profiles
from hub_ontraccr.profiles import Profiles

PREFIX = "payable:"
KINDS: dict[str, Kind] = {"bill": "bill", "expense": "expense"}
ZERO = money(0)


def build_document(site: Site, cached_profiles: Profiles, row: Row) -> Document:
    """Return the bill or expense of a payable; `cached_profiles` are the profiles that it names."""
    kind = look_up(KINDS, str(row[names.Payable.TYPE]).strip().lower(), "type")
    is_held = row.get(names.Payable.IS_HELD)
    return Document(
        kind=kind,
        source_id=f"{PREFIX}{row[names.Payable.ID]}",
        version=require_id(row, names.Payable.VERSION),
        stage="pending" if is_held else "ready",
        hold=_find_hold(site, row, kind),
        date=parse_date(row[names.Payable.DATE]),
        due=parse_date(row.get(names.Payable.DUE_DATE)) if kind == "bill" else None,
        received=parse_date(row.get(names.Payable.UPLOADED_AT), site.zone),
        url=web_address(row.get(names.Payable.WEB_URL)),
        number=row.get(names.Payable.NUMBER) or None,
        memo=row.get(names.Payable.DESCRIPTION) or None,
        currency=row.get(names.Payable.CURRENCY) or None,
        codes=_build_header_codes(site, row),
        lines=tuple(_iter_lines(site, cached_profiles, row)),
        total=money(row[names.Payable.TOTAL]),
        tax_total=money(row.get(names.Payable.TAX) or 0),
        payment_type=_get_payment_type(site, cached_profiles, row, kind),
        attachments=_build_attachments(site, row),
        facts=_collect_facts(row),
    )


# -- head --


def _compose_title(row: Row) -> str:
    """Return the title of a payable in messages, with its number or else its id."""
    number = row.get(names.Payable.NUMBER) or row[names.Payable.ID]
    return Sentence("Payable %(number)s", number=str(number))


def _explain_hold(row: Row) -> str:
    """Say that a payable is held back from QuickBooks, and by whom, if Ontraccr names them."""
    person = row.get(names.Payable.HELD_BY)
    if not person:
        return Sentence(
            "%(title)s is held back from QuickBooks in Ontraccr. Release it there to have it"
            " posted.",
            title=_compose_title(row),
        )
    return Sentence(
        "%(title)s is held back from QuickBooks in Ontraccr by %(who)s. Release it there to have"
        " it posted.",
        title=_compose_title(row),
        who=person,
    )


def _find_hold(site: Site, row: Row, kind: Kind) -> str | None:
    """Return why a payable cannot be posted, even if all its profiles are linked, or None."""
    if row.get(names.Payable.IS_HELD):
        return _explain_hold(row)
    if kind == "bill" and not row.get(names.Payable.VENDOR):
        return Sentence(
            "%(title)s names no vendor. Choose one in Ontraccr, or make it an expense.",
            title=_compose_title(row),
        )
    if kind == "bill" and money(row[names.Payable.TOTAL]) < 0:
        return Sentence(
            "%(title)s has a negative total, and a bill cannot. Enter the credit in"
            " QuickBooks, or correct it.",
            title=_compose_title(row),
        )
    if not row[names.Payable.LINES]:
        return Sentence(
            "%(title)s has no lines. Add them in Ontraccr, or delete it there.",
            title=_compose_title(row),
        )
    lines = _list_lines_without_cost_code(row)
    if lines and not site.settings["line_account"]:
        return Sentence(
            "%(title)s: line %(lines)s has no cost code. Give it one in Ontraccr, or"
            " choose an account for such lines in the settings of Ontraccr.",
            title=_compose_title(row),
            lines=", ".join(lines),
        )
    if _has_retainage(row) and not site.settings["retainage_account"]:
        return Sentence(
            "%(title)s has retainage. Choose the account of retainage in the settings of Ontraccr.",
            title=_compose_title(row),
        )
    return None


def _list_lines_without_cost_code(row: Row) -> list[str]:
    """Return the numbers of the lines that have no cost code and release no retainage."""
    numbers = []
    for number, line in enumerate(row[names.Payable.LINES], 1):
        if line.get(names.Line.COST_CODE_ID) or _is_release(line):
            continue
        numbers.append(str(number))
    return numbers


def _build_header_codes(site: Site, row: Row) -> Codes:
    """Return the codes of the payable itself: its vendor, if it has one, and purchase account."""
    vendor = row.get(names.Payable.VENDOR)
    code = profiles.build_profile_code(site, "vendor", vendor) if vendor else None
    return {"vendor": code, **_get_purchase_account(site, row)}


def _get_purchase_account(site: Site, row: Row) -> Codes:
    """Return the account that the uploader chose, or else that of the settings."""
    chosen_id = row.get(names.Payable.PURCHASE_ACCOUNT_EXTERNAL_ID)
    if not chosen_id:
        return {"payment_account": site.settings["purchase_account"]}
    name = row.get(names.Payable.PURCHASE_ACCOUNT_NAME)
    return {"purchase_account": Code(id=chosen_id, name=name, quickbooks_id=chosen_id)}


def _get_payment_type(site: Site, cached_profiles: Profiles, row: Row, kind: Kind) -> str | None:
    """Return "check" for an expense from a bank account, if the settings say so.

    Return None otherwise: then the type of the account decides.
    """
    if kind == "bill" or site.settings["bank_payments"] == "cash":
        return None
    chosen_account = row.get(names.Payable.PURCHASE_ACCOUNT_EXTERNAL_ID)
    account = chosen_account or site.settings["purchase_account"]
    if cached_profiles.account_type(account) == "Bank":
        return "check"
    return None


def _build_attachments(site: Site, row: Row) -> tuple[Attachment, ...]:
    """Return the files of a payable, if the settings want them."""
    if not site.settings["attach_files"]:
        return ()
    files = row.get(names.Payable.ATTACHMENTS) or ()
    return tuple(map(_build_attachment, files))


def _build_attachment(file: Row) -> Attachment:
    """Return one file of a payable."""
    return Attachment(
        id=str(file[names.Attachment.ID]),
        name=file[names.Attachment.NAME],
        mime=file.get(names.Attachment.MIME) or "",
        size=file.get(names.Attachment.SIZE),
        sha256=file.get(names.Attachment.SHA256),
    )


def _collect_facts(row: Row) -> dict[str, str]:
    """Return the details of a payable that QuickBooks has no field for."""
    facts = {}
    uploader = row.get(names.Payable.UPLOADED_BY)
    if uploader:
        facts["Uploaded by"] = uploader
    retainage = row.get(names.Payable.RETAINAGE)
    if retainage:
        effect = "taken off the total" if _is_net(row) else "not taken off"
        facts["Retainage"] = f"{money(retainage):f}, {effect}"
    return facts


# -- lines --


def _iter_lines(site: Site, cached_profiles: Profiles, row: Row) -> Iterator[Line]:
    """Yield the lines of a payable, then those for its retainage."""
    for line in row[names.Payable.LINES] or ():
        yield _build_line(site, cached_profiles, row, line)
    yield from _iter_retainage_lines(site, cached_profiles, row)


def _build_line(site: Site, cached_profiles: Profiles, row: Row, line: Row) -> Line:
    """Return a line of a payable with its item or account, its project and its tax code."""
    retainage = line.get(names.Line.RETAINAGE)
    codes = {
        **_build_item_or_account(site, cached_profiles, line),
        **_build_project_codes(site, cached_profiles, line.get(names.Line.PROJECT_ID)),
        **_get_tax_code(site, row),
    }
    return Line(
        id=str(line[names.Line.ID]),
        amount=money(line[names.Line.AMOUNT]),
        quantity=_parse_number(line.get(names.Line.QUANTITY)),
        unit_price=_parse_number(line.get(names.Line.UNIT_COST)),
        tax=_parse_number(line.get(names.Line.TAX)),
        description=line.get(names.Line.DESCRIPTION) or None,
        codes=codes,
        facts={"Retainage": f"{money(retainage):f}"} if retainage else {},
    )


def _parse_number(value: Any) -> Decimal | None:
    """Return a number, or None if there is none."""
    return None if value is None else money(value)


def _is_release(line: Row) -> bool:
    """Return whether a line releases retainage of earlier payables."""
    return bool(line.get(names.Line.IS_RETAINAGE_RELEASE))


def _build_item_or_account(site: Site, cached_profiles: Profiles, line: Row) -> Codes:
    """Return the item of the cost code, or else the account for lines without one."""
    if _is_release(line):
        return {"account": site.settings["retainage_account"]}
    id = line.get(names.Line.COST_CODE_ID)
    if not id:
        return {"account": site.settings["line_account"]}
    profile = cached_profiles.get("cost_code", str(id))
    return {"cost_code": profiles.build_profile_code(site, "cost_code", profile)}


def _build_project_codes(site: Site, cached_profiles: Profiles, id: str | None) -> Codes:
    """Return the project, and the class of its profile if the settings use it."""
    if not id:
        return {}
    profile = cached_profiles.get("project", str(id))
    codes = {"project": profiles.build_profile_code(site, "project", profile)}
    class_id = profile.get(names.Profile.CLASS_EXTERNAL_ID)
    if class_id and site.settings["project_class"]:
        name = profile.get(names.Profile.CLASS_NAME)
        codes["class"] = Code(id=class_id, name=name, quickbooks_id=class_id)
    return codes


def _get_tax_code(site: Site, row: Row) -> Codes:
    """Return the tax code of a payable, else that of the settings."""
    external_id = row.get(names.Payable.TAX_CODE_EXTERNAL_ID)
    if external_id:
        return {"tax_code": Code(id=external_id, quickbooks_id=external_id)}
    return {"tax_code": site.settings["tax_code"]}


# -- retainage --


def _has_retainage(row: Row) -> bool:
    """Return whether any amount is posted to the account of retainage."""
    if _is_net(row):
        return True
    return any(_is_release(line) for line in row[names.Payable.LINES])


def _is_net(row: Row) -> bool:
    """Return whether the total is net of retainage; only then the retainage is posted."""
    retainage = money(row.get(names.Payable.RETAINAGE) or 0)
    if not retainage:
        return False
    subtotal = money(row[names.Payable.SUBTOTAL])
    tax = money(row.get(names.Payable.TAX) or 0)
    total = money(row[names.Payable.TOTAL])
    return total == subtotal + tax - retainage


def _iter_retainage_lines(site: Site, cached_profiles: Profiles, row: Row) -> Iterator[Line]:
    """Yield a line on the account of retainage for the retainage of each project.

    It has no tax of its own: whether the retainage is taxed is part of the tax that the payable
    states, which is posted unchanged. What then does not add up is held.
    """
    if not _is_net(row):
        return
    for project, amount in _sum_retainage_by_project(row).items():
        yield Line(
            id=f"retainage:{project or ''}",
            amount=ZERO - amount,
            tax=ZERO,
            description="Retainage held",
            codes={
                "account": site.settings["retainage_account"],
                **_build_project_codes(site, cached_profiles, project),
                **_get_tax_code(site, row),
            },
        )


def _sum_retainage_by_project(row: Row) -> dict[str | None, Decimal]:
    """Return the sum of retainage by project; the key is None for lines without a project.

    If no line names its share, it is the retainage of the whole payable, without a project.
    """
    retainage: dict[str | None, Decimal] = {}
    for line in row[names.Payable.LINES] or ():
        if line.get(names.Line.RETAINAGE):
            project = str(line.get(names.Line.PROJECT_ID) or "") or None
            amount = money(line[names.Line.RETAINAGE])
            retainage[project] = retainage.get(project, ZERO) + amount
    return retainage or {None: money(row[names.Payable.RETAINAGE])}
