"""The texts of all cases and of the reasons of postings, by code.

A code is stored with its parameters, so it is never renamed or given another meaning; its texts may
change at any time. Each module has the reasons of one part: `collecting` those of `hub.collect`,
`checks` those of `hub.posting.preflight`, `outcomes` what QuickBooks answered, `reconciling` what
differs from QuickBooks afterwards, `postings` why one waits, `connections` companies and sources,
and `files` received files. Start reading in `checks`; `hub.reasons.template` explains the fields.
"""

from collections.abc import Mapping

from hub.reasons.catalogue import (
    checks,
    collecting,
    connections,
    files,
    outcomes,
    postings,
    reconciling,
)
from hub.reasons.template import Template

# Words of the hub that are values of placeholders: how something left QuickBooks, what a record is
# used for, and the lists of records.
WORDS = (
    *("deleted", "voided", "deleted in", "voided in", "removed from"),
    *("bought", "sold", "payable account"),
    *("Supplier", "Customer", "Item", "Account", "Class", "Location"),
    *("Term", "Tax code", "Payment method"),
)
CATALOGUE: Mapping[str, Template] = {
    **connections.TEMPLATES,
    **collecting.TEMPLATES,
    **checks.TEMPLATES,
    **outcomes.TEMPLATES,
    **reconciling.TEMPLATES,
    **postings.TEMPLATES,
    **files.TEMPLATES,
}
