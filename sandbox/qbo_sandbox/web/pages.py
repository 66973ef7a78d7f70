"""Pages of the books for a browser, with the few things that a person does in QuickBooks."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from html import escape
from itertools import islice
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIEnvironment

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import KINDS
from qbo_sandbox.accounting.refusals import Refusal
from qbo_sandbox.faults import page as fault_page
from qbo_sandbox.kit import Faults, form_of, query_of, text_answer
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.web import entry
from qbo_sandbox.web.entry import PURCHASE_KINDS, SALE_KINDS, format_amount, render_button_form

MAX_ROWS = 100
LISTED_KINDS = ("Vendor", "Customer", "Account", "Class", "Department", "TaxCode", "Item", "Term")
PAGE_TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} – QuickBooks stand-in</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 1.5rem auto; \
padding: 0 1rem; color: #222 }}
table {{ border-collapse: collapse; width: 100% }}
caption {{ text-align: left; font-weight: 600; padding: .5rem 0 }}
th, td {{ text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd }}
.amount {{ text-align: right; font-family: ui-monospace, monospace }}
nav a {{ margin-right: .8rem }} nav a[aria-current] {{ font-weight: 700 }}
button {{ font: inherit; padding: .3rem .9rem; border-radius: 6px; \
border: 1px solid #08641c; cursor: pointer }}
pre {{ background: #f5f5f5; padding: 1rem; overflow-x: auto }} .scroll {{ overflow-x: auto }}
select, input, textarea {{ font: inherit; max-width: 100%; vertical-align: middle }}
tbody th {{ color: #555; font-weight: 400; width: 8rem }} \
summary {{ cursor: pointer; margin: 1rem 0 .5rem }}
small {{ color: #555 }} form {{ display: inline }}
.said {{ background: #fdf3d0; padding: .5rem 1rem }}
</style></head><body>
<main>
<p><small>QuickBooks Online stand-in – no real company is touched</small></p>
{main}
</main></body></html>"""
PROGRAM_PAGES = {
    "log": "requests",
    "books": "books",
    "faults": "faults",
    "switches": "switches",
    "profiles": "companies",
    "clock": "clock",
    "snapshots": "snapshots",
}
Act = Callable[[str, Any], object]


class BookPages:
    """`/` lists the books, newest first; an entry's page shows its fields and what can be done."""

    def __init__(self, companies: dict[str, Company], act: Act, faults: Faults) -> None:
        self.companies = companies
        self.act = act
        self.faults = faults

    def answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Carry out the act of a form, if there is one, and return the page with its outcome."""
        query = query_of(environ)
        company = self._company_of(query)
        kind = query.get("kind", "")
        if kind not in KINDS:
            kind = "Bill"
        note = ""
        if environ["REQUEST_METHOD"] == "POST":
            message = self._carry_out_act(company, form_of(environ))
            note = f'<p class="said" role="status">{escape(message)}</p>'
        with company.lock:
            row = company.row(kind, query.get("id", ""))
            if row:
                title = f"{kind} {query['id']}"
                main = _render_entry_page(company, kind, row.read())
            else:
                title = company.options.name
                main = _list_page(company, kind)
        if row is None:
            main += fault_page.render_section(self.faults)
            main += _render_program_links(environ.get("SCRIPT_NAME", ""))
        main = self._head(company) + note + main
        return text_answer(start, 200, PAGE_TEMPLATE.format(title=escape(title), main=main))

    def _company_of(self, query: dict[str, str]) -> Company:
        """Return the company that an address names, by default the first one."""
        realm = query.get("company", "")
        if realm in self.companies:
            return self.companies[realm]
        return next(iter(self.companies.values()))

    def _carry_out_act(self, company: Company, form: dict[str, str]) -> str:
        """Do what a form asks for; return a message if it is refused or cannot be done."""
        try:
            message = fault_page.carry_out(self.faults, form)
            if message:
                return message
            act = self._requested_act(company, form)
            act["realm"] = company.options.realm
            self.act("POST", act)
        except Refusal as refusal:
            errors = refusal.errors()
            return "; ".join(f"{error['Message']}: {error['Detail']}" for error in errors)
        except (ValueError, KeyError) as error:
            return str(error)
        return "Done."

    def _requested_act(self, company: Company, form: dict[str, str]) -> JsonObject:
        """Return the act that a form asks for, with the fields that it changes."""
        changes: JsonObject = {}
        if form.get("do") == "edit":
            row = company.row(form.get("kind", ""), form.get("id", ""))
            if row:
                changes = entry.parse_form_changes(row.read(), form)
        date = form.get("date") or None
        return {**form, "date": date, "set": changes}

    def _head(self, current: Company) -> str:
        """Return the top of a page: the companies, and facts about the current one."""
        links = "".join(
            _render_company_link(company, company is current) for company in self.companies.values()
        )
        options = current.options
        state = f"closed up to {options.closed}" if options.closed else "open"
        return (
            f'<nav aria-label="Companies">{links}</nav><h1>{escape(options.name)}</h1>'
            f"<p>Books in {escape(options.currency)}, {state}. {_render_closing_form(current)}</p>"
        )


def _render_program_links(root: str) -> str:
    """Return links to the pages for programs."""
    links = " ".join(
        f'<a href="{escape(root)}/_sandbox/{name}">{text}</a>'
        for name, text in PROGRAM_PAGES.items()
    )
    return f'<nav aria-label="For programs"><p><small>For programs: {links}</small></p></nav>'


def _list_page(company: Company, kind: str) -> str:
    """Return the page with the newest objects of a kind."""
    kinds = [
        name
        for name in (*PURCHASE_KINDS, *SALE_KINDS, *LISTED_KINDS)
        if _count_objects(company, name)
    ]
    tabs = "".join(_render_kind_link(company, name, name == kind) for name in kinds)
    newest = islice(_iter_newest_first(company, kind), MAX_ROWS)
    rows = "".join(_render_entry_row(company, kind, body) for body in newest)
    count = _count_objects(company, kind)
    caption = f"{kind}: {count:,}"
    if count > MAX_ROWS:
        caption += f", the newest {MAX_ROWS} of them"
    heads = (
        "<th>Id</th><th>Date</th><th>Number</th><th>Name</th>"
        "<th class=amount>Total</th><th class=amount>Open</th>"
    )
    empty = "<p>There is none yet.</p>"
    table = (
        f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
    table = f'<div class="scroll" tabindex="0" role="region" aria-label="{kind}">{table}</div>'
    return f'<nav aria-label="Kinds">{tabs}</nav>{table if rows else empty}'


def _iter_newest_first(company: Company, kind: str) -> Iterator[JsonObject]:
    """Yield the objects of a kind, the newest first."""
    rows = company.table(kind).rows
    for id in reversed(rows):
        yield rows[id].read()


def _render_entry_row(company: Company, kind: str, body: JsonObject) -> str:
    """Return the row of an object in the list of its kind."""
    link = f'<a href="{_build_page_address(company, kind, body["Id"])}">{escape(body["Id"])}</a>'
    cells = (
        link,
        escape(str(body.get("TxnDate", ""))),
        escape(str(body.get("DocNumber", ""))),
        escape(_get_name(body)),
    )
    amounts = (
        format_amount(body.get("TotalAmt", body.get("CurrentBalance", ""))),
        format_amount(body.get("Balance", "")),
    )
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    row += "".join(f"<td class=amount>{escape(text)}</td>" for text in amounts)
    return f"<tr>{row}</tr>"


def _get_name(body: JsonObject) -> str:
    """Return the name of a list entry, or that of a transaction's party."""
    name = body.get("DisplayName") or body.get("FullyQualifiedName") or body.get("Name")
    if not name:
        name = _get_party_name(body)
    if not body.get("Active", True):
        return f"{name} (inactive)"
    return str(name)


def _get_party_name(body: JsonObject) -> str:
    """Return the name of a transaction's party; "" if it has none."""
    for field in ("VendorRef", "CustomerRef", "EntityRef"):
        if field in body:
            return str(body[field].get("name", ""))
    return ""


def _render_entry_page(company: Company, kind: str, body: JsonObject) -> str:
    """Return the page of one object."""
    list_address = _build_page_address(company, kind)
    back = f'<p><a href="{list_address}">All of {kind}</a></p>'
    name = escape(_get_name(body))
    heading = f"<h2>{kind} {escape(body['Id'])} · {name}</h2>"
    section = entry.render_entry(kind, body)
    return f"{back}{heading}{section}"


def _render_closing_form(company: Company) -> str:
    """Return a form that closes the books up to a day, or opens them."""
    if company.options.closed:
        return render_button_form("close_books", "Open all periods")
    today = datetime.fromtimestamp(company.now(), UTC).date().isoformat()
    date = f'<label>Close up to <input type="date" name="date" value="{today}" required></label> '
    return render_button_form("close_books", "Close the books", date)


def _count_objects(company: Company, kind: str) -> int:
    """Return how many objects of a kind there are."""
    return len(company.table(kind).rows)


def _render_company_link(company: Company, current: bool) -> str:
    """Return a link to the books of a company."""
    mark = ' aria-current="page"' if current else ""
    address = _build_page_address(company, "Bill")
    return f'<a href="{address}"{mark}>{escape(company.options.name)}</a>'


def _render_kind_link(company: Company, kind: str, current: bool) -> str:
    """Return a link to the objects of a kind, with their number."""
    mark = ' aria-current="page"' if current else ""
    address = _build_page_address(company, kind)
    count = _count_objects(company, kind)
    return f'<a href="{address}"{mark}>{kind} {count:,}</a>'


def _build_page_address(company: Company, kind: str, id: str = "") -> str:
    """Return the address of a list or of an object, escaped for HTML."""
    address = f"?company={quote(company.options.realm)}&amp;kind={kind}"
    if id:
        address += f"&amp;id={quote(id)}"
    return address
