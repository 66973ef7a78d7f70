"""The causes of cases: what each case is about, as a text that no two open cases share.

A cause begins with a word for its sort, followed by the ids of what it is about.
"""

import hashlib
import re

from sqlalchemy import ColumnElement, literal
from sqlalchemy.orm import InstrumentedAttribute

MAX_CAUSE_LENGTH = 400
DIGEST_LENGTH = 16
RESPONSE_DIFFERS = "differs"  # the key of the case about a response that is not what was sent
CURRENCY_KEY = "currency"  # of the findings about a currency
FORMER_PART = "parts"  # the key of the case about a part that its document no longer has
DISCREPANCY_SUFFIX = "-in-quickbooks"  # of a case about a posted document
_OF_POSTING = re.compile(r"posting:(\d{1,9})(?::|$)")
MERGER_PREFIX = "merged:"
MARKER_PREFIX = "stranger:"
SHARED_PREFIX = "shared:"


def shorten_cause(cause: str) -> str:
    """Replace the end of a cause that is too long for its column by a digest of all of it."""
    if len(cause) <= MAX_CAUSE_LENGTH:
        return cause
    digest = hashlib.sha256(cause.encode()).hexdigest()[:DIGEST_LENGTH]
    beginning = cause[: MAX_CAUSE_LENGTH - DIGEST_LENGTH - 1]
    return f"{beginning}:{digest}"


def build_posting_cause(posting_id: int, key: str) -> str:
    """Return the cause of a case about one posting; `key` is unique among those of the posting."""
    return f"posting:{posting_id}:{key}"


def parse_posting_id(cause: str) -> int | None:
    """Return the id of the posting that a case is about; None for a case about something else."""
    match = _OF_POSTING.match(cause)
    return int(match[1]) if match else None


def is_response_difference(cause: str) -> bool:
    """Return whether QuickBooks has a transaction with other values than were planned."""
    return parse_posting_id(cause) is not None and cause.endswith(f":{RESPONSE_DIFFERS}")


def build_discrepancy_cause(posting_id: int, discrepancy: str) -> str:
    """Return the cause of the case about a posted document that differs from QuickBooks."""
    return build_posting_cause(posting_id, f"{discrepancy}{DISCREPANCY_SUFFIX}")


def is_discrepancy(cause: str, discrepancy: str = "") -> bool:
    """Return whether a posted document differs from QuickBooks, in any or in this way."""
    if discrepancy:
        return cause.endswith(f":{discrepancy}{DISCREPANCY_SUFFIX}")
    return cause.endswith(DISCREPANCY_SUFFIX)


def build_former_part_cause(posting_id: int) -> str:
    """Return the cause of the case about a posted part that its document no longer has."""
    return build_posting_cause(posting_id, FORMER_PART)


def build_match_cause(installation_id: int, field: str, code: str) -> str:
    """Return the cause of the case about a code without a match, which all its postings share."""
    return shorten_cause(build_match_prefix(installation_id, field) + code)


def build_match_column(
    installation_id: int, field: InstrumentedAttribute[str], code: InstrumentedAttribute[str]
) -> ColumnElement[str]:
    """Return the cause of the case about a code as an expression of SQL."""
    return literal(build_match_prefix(installation_id)) + field + ":" + code


def build_match_prefix(installation_id: int, field: str = "") -> str:
    """Return what the causes of cases about codes of an app begin with, or of one field of it."""
    prefix = f"match:{installation_id}:"
    return f"{prefix}{field}:" if field else prefix


def build_currency_cause(installation_id: int, currency: str) -> str:
    """Return the cause of the case about a currency that the company of an app does not use."""
    return f"currency:{installation_id}:{currency}"


def build_closed_period_cause(company_id: int, installation_id: int) -> str:
    """Return the cause of the case about documents of an app that are in a closed period."""
    return f"closed:{company_id}:{installation_id}"


def build_marker_cause(company_id: int, kind: str, quickbooks_id: str) -> str:
    """Return the cause of the case about a transaction with the marker of another posting."""
    return f"{MARKER_PREFIX}{company_id}:{kind}:{quickbooks_id}"


def build_unknown_markers_cause(company_id: int) -> str:
    """Return the cause of the case about transactions with markers that this hub does not have."""
    return f"{MARKER_PREFIX}{company_id}:unknown"


def build_shared_transaction_cause(company_id: int, kind: str, quickbooks_id: str) -> str:
    """Return the cause of the case about a transaction that several documents have."""
    return f"{SHARED_PREFIX}{company_id}:{kind}:{quickbooks_id}"


def build_merger_cause(installation_id: int, list_name: str, former: str, present: str) -> str:
    """Return the cause of the case about documents that a merger of two records has moved."""
    return f"{MERGER_PREFIX}{installation_id}:{list_name}:{former}:{present}"


def build_unread_kind_cause(company_id: int, kind: str) -> str:
    """Return the cause of the case about a kind of documents that QuickBooks does not list."""
    return f"unread:{company_id}:{kind}"


def is_marker(cause: str) -> bool:
    """Return whether a case is about transactions with markers that nothing explains."""
    return cause.startswith(MARKER_PREFIX)


def parse_marker_kind(cause: str) -> str:
    """Return the kind of the transaction that a case about a marker names, or "unknown"."""
    return cause.split(":")[2]
