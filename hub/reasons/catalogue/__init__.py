"""The texts of all cases and of the reasons of postings, by code.

A code is stored with its parameters, so it is never renamed or given another meaning; its texts may
change at any time. Each module has the reasons of one part: `collecting` those of `hub.collect`,
`checks` those of `hub.posting.preflight`, `outcomes` what QuickBooks answered, `reconciling` what
differs from QuickBooks afterwards, `postings` why one waits, `connections` companies and sources,
and `files` received files. Start reading in `checks`; `hub.reasons.template` explains the fields.
"""

from collections.abc import Mapping
from typing import Any

from hub.reasons.catalogue import (
    checks,
    collecting,
    connections,
    files,
    outcomes,
    postings,
    reconciling,
)
from hub.reasons.template import CaseAction, Template

# Words of the hub that are values of placeholders: how something left QuickBooks, what a record is
# used for, and the lists of records.
WORDS = (
    *("deleted", "voided", "deleted in", "voided in", "removed from"),
    *("bought", "sold", "payable account"),
    *("Supplier", "Customer", "Item", "Account", "Class", "Location"),
    *("Term", "Tax code", "Payment method"),
)
# The entry for each code that only a later version has: while a hub is upgraded, processes that are
# still of the earlier version read what the others write.
LATER_CODE = "version.later_code"
CATALOGUE: Mapping[str, Template] = {
    **connections.TEMPLATES,
    **collecting.TEMPLATES,
    **checks.TEMPLATES,
    **outcomes.TEMPLATES,
    **reconciling.TEMPLATES,
    **postings.TEMPLATES,
    **files.TEMPLATES,
    LATER_CODE: Template(
        title="A newer version of the hub gives the reason",
        reason=(
            "A newer version of the hub stored the reason “{code}”, which this version does not"
            " know."
        ),
        instruction="Upgrade every process of the hub to the same version, and open this again.",
    ),
}


def look_up(code: str, params: Mapping[str, Any]) -> tuple[Template, Mapping[str, Any]]:
    """Return the texts of a stored code with its parameters, and the values to fill in.

    A code that this version does not have gets texts that say so.
    """
    template = CATALOGUE.get(code)
    if template is None:
        return CATALOGUE[LATER_CODE], {"code": code}
    return template.for_params(params), params


def find_action(code: str) -> CaseAction:
    """Return the action that solves the cases of a stored code."""
    template, _ = look_up(code, {})
    return template.action
