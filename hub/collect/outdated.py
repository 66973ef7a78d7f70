"""Recognize versions of documents that are older than the stored one.

The list of a source may contain outdated rows, for example if a lagging replica of its database
answers. Such a row is ignored, and the document is read by its id.
"""

import datetime as dt

from hub.contract.documents import Document
from hub.models import SourceDocument


def is_outdated(row: SourceDocument, document: Document) -> bool:
    """Return whether the hub has a newer version of a document than this one.

    Versions that are neither whole numbers nor times have no order.
    """
    stored_version = row.body.get("version") if row.body else None
    version = document.version
    if not stored_version or not version or stored_version == version:
        return False
    return _is_lower_number(version, stored_version) or _is_earlier(version, stored_version)


def _is_lower_number(version: str, stored_version: str) -> bool:
    """Return whether both versions are whole numbers, and the first is the lower one."""
    if not (version.isdecimal() and stored_version.isdecimal()):
        return False
    return int(version) < int(stored_version)


def _is_earlier(version: str, stored_version: str) -> bool:
    """Return whether both versions are moments, and the first is the earlier one."""
    try:
        moments = [dt.datetime.fromisoformat(text) for text in (version, stored_version)]
        return moments[0] < moments[1]
    except (TypeError, ValueError):  # no moments, or only one of them with an offset
        return False
