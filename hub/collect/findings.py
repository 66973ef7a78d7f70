"""Build the findings that hold documents, each with the action that solves it."""

from collections.abc import Iterable

from hub.cases.causes import CURRENCY_KEY, build_currency_cause, build_match_cause
from hub.cases.findings import Finding
from hub.mapping import Missing
from hub.models import Installation, SourceDocument
from hub.models.display_names import format_document_name
from hub.models.enums import Holder, PostingState
from hub.outbox.plan_values import Disposition
from hub.payloads.company_facts import CompanyFacts
from hub.reasons.texts import CaseText


def build_held_disposition(holder: Holder, findings: Iterable[Finding]) -> Disposition:
    """Return the disposition of a posting that is held for these reasons."""
    reasons = tuple(finding.text for finding in findings)
    return Disposition(state=PostingState.HELD, holder=holder, reasons=reasons)


def build_document_finding(
    key: str, row: SourceDocument, code: str, **params: str | CaseText
) -> Finding:
    """Return a reason that concerns one document alone, from its entry in the catalogue.

    `code` is the entry below "document.", and `key` distinguishes the case from others of the
    posting.
    """
    title = format_document_name(row)
    text = CaseText(f"document.{code}", document=title, **params)
    return Finding(key=key, text=text)


def build_currency_finding(
    installation: Installation, facts: CompanyFacts, currency: str
) -> Finding:
    """Return the reason for a currency that a company does not use; all its documents share it."""
    text = CaseText("currency.only_home", currency=currency, home_currency=facts.currency)
    if facts.multicurrency:
        text = CaseText("currency.unused", currency=currency)
    cause = build_currency_cause(installation.id, currency)
    return Finding(cause=cause, key=CURRENCY_KEY, text=text)


def build_missing_finding(installation: Installation, missing: Missing, title: str) -> Finding:
    """Return the reason for a code that cannot be posted yet.

    If a document has no code at all in a field, the case is about this document, with this title.
    """
    suggestions = [
        {"id": ref.id, "name": ref.name, "type": ref.type} for ref in missing.suggestions
    ]
    details = {
        "field": missing.field,
        "label": missing.label,
        "role": missing.role,
        "code": missing.code,
        "name": missing.name,
        "number": missing.number,
        "new_name": missing.new_name,
        "suggestions": suggestions,
    }
    if not missing.code:
        text = CaseText(
            f"document.{missing.solution}",
            document=title,
            field=missing.label,
            problem=missing.problem,
        )
        return Finding(key=missing.field, text=text, details=details)
    return Finding(
        cause=build_match_cause(installation.id, missing.field, missing.code),
        text=CaseText(f"code.{missing.solution}", code=missing.title, problem=missing.problem),
        details=details,
    )
