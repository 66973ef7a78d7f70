"""The texts of all cases and of the reasons of postings, by code.

A code is stored with its parameters, so it is never renamed or given another meaning; its texts may
change at any time. Start reading in the module of the part that gives the reason.
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

CATALOGUE: Mapping[str, Template] = {
    **connections.TEMPLATES,
    **collecting.TEMPLATES,
    **checks.TEMPLATES,
    **outcomes.TEMPLATES,
    **reconciling.TEMPLATES,
    **postings.TEMPLATES,
    **files.TEMPLATES,
}
