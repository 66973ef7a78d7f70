"""Entries of the audit log about downloads: what was exported, of whom, and with which filters."""

from collections.abc import Mapping
from typing import Any

from flask import Request, current_app
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from hub.models import ConnectedCompany, Installation, Run, SourceDocument
from hub.translations.messages import gettext, gettext_noop
from hub.web.audit_log import audit_wording
from hub.web.frame import run_kinds
from hub.web.frame.company_choice import find_chosen_or_only_company
from hub.web.frame.kind_labels import KIND_LABELS
from hub.web.frame.names import app_name, document_title
from hub.web.frame.state_labels import STATE_LABELS
from hub.web.lists.case_list import ACTION_LABELS, CASE_LISTS
from hub.web.reporting.report_tables import GROUP_LABELS
from hub.web.request import row_ids

EXPORT_ACTION = "data exported"
MATCHES_PREFIX = "matches of "  # with the slug, as the command line names matches
FIRST_TABLE = ""  # the table that an address without the name of one downloads
# What a download is called in the log, by its endpoint and by the table that its address names.
EXPORT_NAMES: Mapping[str, Mapping[str, str]] = {
    "audit.export": {FIRST_TABLE: "audit log"},
    "comparing.export": {FIRST_TABLE: "comparison of codes"},
    "documents.export": {FIRST_TABLE: "documents"},
    "inbox.export": {FIRST_TABLE: "cases"},
    "match_files.export": {FIRST_TABLE: "matches"},
    "matching.export": {FIRST_TABLE: "matches"},
    "reconciliations.export": {FIRST_TABLE: "differences", "totals": "control totals"},
    "reconciliations.export_all": {FIRST_TABLE: "reconciliations"},
    "reconciliations.pdf": {FIRST_TABLE: "reconciliation"},
    "reports.export": {
        FIRST_TABLE: "control totals",
        "age": "open documents by age",
        "approvals": "approvals",
        "delays": "times from source to books",
    },
    "reports.export_documents": {FIRST_TABLE: "documents of a report"},
    "runs.export": {FIRST_TABLE: "runs"},
    "files.show": {FIRST_TABLE: "file"},
}
COMPANY_FREE_EXPORTS = ("audit.export", "reconciliations.export_all")
FILTERED_BY_COMPANY = ("inbox.export",)  # by `company` in the address, whichever is chosen
EXPORT_LABELS = {
    "approvals": gettext_noop("the report “Posted by whom”"),
    "audit log": gettext_noop("the audit log"),
    "cases": gettext_noop("the cases"),
    "comparison of codes": gettext_noop("the comparison of codes"),
    "control totals": gettext_noop("the control totals"),
    "differences": gettext_noop("the differences of a reconciliation"),
    "documents": gettext_noop("the documents"),
    "documents of a report": gettext_noop("the documents of a number of the reports"),
    "file": gettext_noop("a file of a document"),
    "matches": gettext_noop("the matches"),
    "open documents by age": gettext_noop("the report “Open documents, by age”"),
    "reconciliation": gettext_noop("a reconciliation"),
    "reconciliations": gettext_noop("the newest reconciliations"),
    "runs": gettext_noop("the runs"),
    "times from source to books": gettext_noop("the report “Time from source to books”"),
}
# What filters are called in the log; the names of `audit_details.DETAIL_LABELS`.
FILTER_NAMES = {
    "act": "step",
    "amount": "amount",
    "app": "app",
    "approver": "approved_by",
    "currency": "currency",
    "from": "first_day",
    "group": "group",
    "installation": "app",
    "kind": "kind",
    "month": "month",
    "q": "words",
    "run": "run",
    "show": "show",
    "state": "state",
    "to": "last_day",
    "what": "action",
    "who": "person",
    "words": "words",
    "year": "year",
}


def build_entry(session: Session, request: Request) -> tuple[str, dict[str, Any]]:
    """Return the subject of a download and its details; without a name it is the request."""
    subject = _find_export_name(request)
    if subject is None:
        return f"{request.method} {request.path}", {}
    details: dict[str, Any] = {"format": _read_format(request.path, request.args)}
    details |= _load_owner(session, request)
    filters = _read_filters(session, request.args)
    if filters:
        details["filters"] = filters
    return subject, {name: value for name, value in details.items() if value}


def _find_export_name(request: Request) -> str | None:
    """Return the name of a download in the audit log; None if it has no name."""
    tables = EXPORT_NAMES.get(request.endpoint or "", {})
    table = request.args.get("table") or request.args.get("list") or FIRST_TABLE
    return tables.get(table) or tables.get(FIRST_TABLE)


def describe(subject: str, detail: Mapping[str, Any]) -> str:
    """Return a phrase about an export, such as "the documents of ACME as CSV".

    Earlier versions recorded the request, such as "GET /documents/export".
    """
    export_name, format = subject, str(detail.get("format", ""))
    slug = str(detail.get("app", ""))
    if subject.startswith("GET /"):
        export_name, format = _parse_earlier_subject(subject.removeprefix("GET "))
    if subject.startswith(MATCHES_PREFIX):
        export_name, slug = "matches", subject.removeprefix(MATCHES_PREFIX)
    if export_name not in EXPORT_LABELS:
        return subject
    what = gettext(EXPORT_LABELS[export_name])
    owner = _describe_owner(slug, str(detail.get("company", "")))
    if owner:
        what = gettext("%(what)s of %(owner)s", what=what, owner=owner)
    return gettext("%(what)s as %(format)s", what=what, format=format) if format else what


def translate_filters(filters: Mapping[str, str]) -> dict[str, str]:
    """Return the filters of a download with the words of the pages."""
    words: Mapping[str, Mapping[str, str]] = {
        "group": GROUP_LABELS,
        "kind": {**KIND_LABELS, **run_kinds.RUN_KIND_LABELS},
        "show": CASE_LISTS,
        "state": {state: label for state, (label, _) in STATE_LABELS.items()},
        "step": ACTION_LABELS,
    }
    texts = {}
    for name, value in filters.items():
        word = words.get(name, {}).get(value)
        texts[name] = gettext(word) if word else value
        if name == "app":
            texts[name] = app_name(value)
        if name == "action":
            texts[name] = audit_wording.format_label(value)
    return texts


def _read_format(path: str, arguments: Mapping[str, str]) -> str:
    """Return the format of a file, such as CSV; "" for a file of a source."""
    name = path.rpartition("/")[2]
    ending = name.rpartition(".")[2] if "." in name else ""
    if name == "export":
        ending = arguments.get("format", "csv")
    return ending.upper()


def _load_owner(session: Session, request: Request) -> dict[str, str]:
    """Return the app, the company, the document or the run that a download is of.

    A list that is filtered by an app or a company is of this company, whichever is chosen.
    """
    names = request.view_args or {}
    if "document_id" in names:
        document = session.get_one(SourceDocument, names["document_id"])
        return {**_describe_app(document.installation), "document": document_title(document)}
    if "installation_id" in names:
        return _describe_app(session.get_one(Installation, names["installation_id"]))
    if "run_id" in names:
        run = session.get_one(Run, names["run_id"])
        company = session.get(ConnectedCompany, run.company_id) if run.company_id else None
        return {"company": _format_company_name(company), "run": str(run.id)}
    if request.endpoint in COMPANY_FREE_EXPORTS:
        return {}
    installation = _load_installation(session, request.args.get("installation", ""))
    if installation is not None:
        return {"company": _format_company_name(installation.company)}
    company_id = row_ids.parse(request.args.get("company", ""))
    if company_id is not None and request.endpoint in FILTERED_BY_COMPANY:
        return {"company": _format_company_name(session.get(ConnectedCompany, company_id))}
    return {"company": _format_company_name(find_chosen_or_only_company(session))}


def _load_installation(session: Session, text: str) -> Installation | None:
    """Return the installation whose id the address of a list has, None if it has none."""
    number = row_ids.parse(text)
    return session.get(Installation, number) if number else None


def _describe_app(installation: Installation) -> dict[str, str]:
    """Return an app at a company as the log stores it."""
    return {"app": installation.slug, "company": _format_company_name(installation.company)}


def _format_company_name(company: ConnectedCompany | None) -> str:
    """Return the name of a company, "" for all companies."""
    return company.display_name if company else ""


def _read_filters(session: Session, arguments: Mapping[str, str]) -> dict[str, str]:
    """Return the filters of an address under their names in the log."""
    filters = {}
    for name, value in arguments.items():
        text = value.strip()
        if not text or name not in FILTER_NAMES:
            continue
        if name == "installation":
            installation = _load_installation(session, text)
            text = installation.slug if installation else text
        filters[FILTER_NAMES[name]] = text
    return filters


def _parse_earlier_subject(path: str) -> tuple[str, str]:
    """Return the name of the export in an earlier entry, and its format if the path has it."""
    try:
        endpoint, _ = current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return "", ""
    subject = EXPORT_NAMES.get(str(endpoint), {}).get(FIRST_TABLE, "")
    return subject, _read_format(path, {"format": ""})


def _describe_owner(slug: str, company: str) -> str:
    """Return the app and company that a download is of, "" for all companies."""
    if slug and company:
        return gettext("%(app)s for %(company)s", app=app_name(slug), company=company)
    return app_name(slug) if slug else company
