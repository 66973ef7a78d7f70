"""The details of entries of the audit log, in the words and the language of the person."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.security.rights import ROLES
from hub.translations.messages import gettext, pgettext
from hub.translations.reasons import translate_sentence
from hub.web.frame.source_view import format_dates
from hub.web.frame.state_labels import MODE_LABELS

# Of these texts in the catalog: alone they are words that mean something else elsewhere.
CONTEXT = "audit log"
# The label of each detail that the hub records.
DETAIL_LABELS = {
    "account": "account",
    "address": "address",
    "action": "action",
    "addresses": "addresses",
    "amount": "amount",
    "app": "app",
    "approved_by": "approved by",
    "after": "after",
    "assignee": "assignee",
    "backup": "backup",
    "before": "before",
    "browser": "browser",
    "by": "by",
    "changed": "changed",
    "changes": "changes",
    "count": "count",
    "company": "company",
    "created": "created",
    "currency": "currency",
    "days": "days",
    "digest": "checksum",
    "document": "document",
    "documents": "documents",
    "factor": "factor",
    "filters": "filters",
    "first_day": "first day",
    "format": "format",
    "group": "group",
    "invited_by": "invited by",
    "key": "key",
    "keys": "with the keys",
    "kind": "kind",
    "last_day": "last day",
    "mapping": "columns saved as",
    "matched to": "matched to",
    "mode": "mode",
    "month": "month",
    "name": "name",
    "new": "new",
    "old": "old",
    "person": "person",
    "quickbooks_id": "id in QuickBooks",
    "reason": "reason",
    "right": "right",
    "rights": "rights",
    "role": "role",
    "rows": "rows",
    "run": "run",
    "scopes": "scopes",
    "size": "size in bytes",
    "show": "shown",
    "snoozed_until": "snoozed until",
    "state": "state",
    "step": "next step",
    "sync_token": "version",
    "text": "text",
    "to": "to",
    "token": "API token",
    "via": "via",
    "was": "was",
    "words": "search",
    "year": "year",
    # what is removed after a time
    "consents": "consents",
    "details of cases": "details of cases",
    "login attempts": "login attempts",
    "receipts": "receipts",
    "replaced payloads": "replaced payloads",
    "run lines": "run lines",
    "runs": "runs",
    "sessions": "sessions",
}
# How a person proved who they are.
SIGN_INS = {
    "code": "code",
    "passkey": "passkey",
    "password": "password",
    "recovery code": "recovery code",
    "set-up code": "set-up code",
}
# Values that the hub chose, in place of the names that it stores for them.
VALUE_LABELS: Mapping[str, Mapping[str, str]] = {
    "changed": {
        "client_id": "client id",
        "client_secret": "client secret",
        "encryption": "encryption",
        "environment": "environment",
        "host": "host",
        "password": "password",
        "port": "port",
        "sender": "sender",
        "stand_in": "stand-in",
        "user": "user",
        "webhook_token": "webhook token",
    },
    "by": SIGN_INS,
    "via": SIGN_INS,
    "factor": {"authenticator": "authenticator app"},
    "before": {
        "single": "One by one",
        "auto": "In batches where more than a few wait",
        "batch": "In batches where two or more wait",
    },
}
DETAIL_ALIASES = {"after": "before"}  # a detail whose values are those of another one
# Values that are words or sentences of the hub; every other text is data.
TRANSLATED_DETAILS = frozenset(
    {"by", "changed", "factor", "matched to", "reason", "role", "via", "was"}
)
RIGHTS_DETAILS = frozenset({"right", "rights"})
# A right in words, as `hub.security.rights.describe` writes it; several are joined by commas.
ROLE = "|".join(ROLES)
RIGHT_PATTERN = re.compile(rf"(?P<role>{ROLE}) of (?:everything|(?P<app>.+) in (?P<company>.+))")
NEXT_RIGHT = re.compile(rf", (?=(?:{ROLE}) of )")
# What an entry may be about besides rows that have a name.
SUBJECTS = (
    "audit log",
    "database",
    "none",
    "the hub",
    "unknown name",
    "unknown passkey",
)
# Who acted, if it was no person with a name.
ACTORS = ("nobody", "command line")
NO_VALUE = "nothing"
SWITCH_LABELS = {True: "yes", False: "no"}


class DetailText(NamedTuple):
    """A detail as a person reads it."""

    label: str
    text: str


def describe(
    what: str, details: Mapping[str, Any], labels: Mapping[str, str] | None = None
) -> list[DetailText]:
    """Return the details of an act; `labels` are those of details that the hub does not name."""
    texts = []
    for name, value in details.items():
        label = (labels or {}).get(name) or _translate(
            DETAIL_LABELS.get(name, name.replace("_", " "))
        )
        texts.append(DetailText(label, _describe_value(what, name, value)))
    return texts


def describe_actor(name: str) -> str:
    """Return who acted; names of people and apps stay."""
    return _translate(name) if name in ACTORS else name


def describe_subject(name: str) -> str:
    """Return a part of the hub that an act was about; every other subject stays."""
    return _translate(name) if name in SUBJECTS else name


def list_catalog_texts() -> list[str]:
    """Return the texts of the catalog that have this context."""
    texts = {*DETAIL_LABELS.values(), *SUBJECTS, *ACTORS, *SWITCH_LABELS.values(), NO_VALUE}
    for words in VALUE_LABELS.values():
        texts.update(words.values())
    return sorted(texts)


def _translate(text: str) -> str:
    return pgettext(CONTEXT, text)


def _describe_value(what: str, name: str, value: Any) -> str:
    """Return a value as a person reads it."""
    if value in (None, "", []):
        return _translate(NO_VALUE)
    if isinstance(value, bool):
        return _translate(SWITCH_LABELS[value])
    if isinstance(value, Mapping):
        return _describe_mapping(what, value)
    if isinstance(value, list | tuple):
        parts = [_describe_value(what, name, part) for part in value]
        return ", ".join(parts)
    return _describe_text(what, name, str(value))


def _describe_mapping(what: str, value: Mapping[str, Any]) -> str:
    """Return a change as "old → new", and other values by their names."""
    if "from" in value and "to" in value:
        before = _describe_value(what, "from", value["from"])
        after = _describe_value(what, "to", value["to"])
        return f"{before} → {after}"
    return ", ".join(f"{label}: {text}" for label, text in describe(what, value))


def _describe_text(what: str, name: str, text: str) -> str:
    """Translate a text if it is the hub's."""
    name = DETAIL_ALIASES.get(name, name)
    if name == "snoozed_until":
        return format_dates(text[: len("2026-12-01")])
    if what == "mode changed" or name == "mode":
        title, _ = MODE_LABELS.get(text, (text, ""))
        return gettext(title)
    if name in RIGHTS_DETAILS:
        return ", ".join(map(_describe_right, NEXT_RIGHT.split(text)))
    words = VALUE_LABELS.get(name, {})
    if text in words:
        return _translate(words[text])
    return translate_sentence(text) if name in TRANSLATED_DETAILS else text


def _describe_right(text: str) -> str:
    """Return a right in the language of the person; a text of another form stays."""
    match = RIGHT_PATTERN.fullmatch(text)
    if match is None:
        return text
    role, app, company = match["role"], match["app"], match["company"]
    if app is None:
        return gettext("%(role)s of everything", role=gettext(role))
    app = gettext("every app") if app == "every app" else app
    if company == "every company":
        return gettext("%(role)s of %(app)s in every company", role=gettext(role), app=app)
    return gettext(
        "%(role)s of %(app)s in %(company)s", role=gettext(role), app=app, company=company
    )
