"""External references of orders in ION that were imported from QuickBooks.

A reference has the id of the order in QuickBooks. If ION is connected to two companies, or was to
another one before, that may be the id of another order in this company.
"""

import re
from collections.abc import Iterable

from hub import Site

IMPORT_PATTERN = re.compile(r"QuickBooks (\S+): (.*)")
# The secret with the references of this company's own orders, one a line, after a line that makes
# it differ from each of them: a text that is a secret is masked wherever it is shown.
OWN_REFERENCES_KEY = "references of orders"
FIRST_LINE = "references"


def build(id: str, number: str | None) -> str:
    """Return the reference of an order in QuickBooks."""
    return f"QuickBooks {id}: {number or ''}"


def is_imported(reference: str | None) -> bool:
    """Return whether an order with this reference was imported from QuickBooks."""
    return IMPORT_PATTERN.fullmatch(reference or "") is not None


def read(site: Site, reference: str | None) -> tuple[str | None, str | None]:
    """Return the id and number in QuickBooks of an imported order.

    The id is None if it is not known to be that of an order in this company.
    """
    match = IMPORT_PATTERN.fullmatch(reference or "")
    if match is None:
        return None, None
    is_own = match[0] in _load_own(site)
    return match[1] if is_own else None, match[2]


def remember_own(site: Site, own_references: Iterable[str]) -> None:
    """Remember the references of orders that this company has."""
    stored_references = _load_own(site)
    references = stored_references.union(own_references)
    if references != stored_references:
        site.secrets[OWN_REFERENCES_KEY] = "\n".join([FIRST_LINE, *sorted(references)])


def _load_own(site: Site) -> set[str]:
    """Return the references of this company's own orders, as far as they were pushed."""
    _, *references = site.secrets.get(OWN_REFERENCES_KEY, FIRST_LINE).splitlines()
    return set(references)
