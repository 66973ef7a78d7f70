"""Which matches count for an installation: the apps of a plugin share theirs."""

from typing import Any

from hub.context import current_hub
from hub.models import Installation


def build_shared_columns(row: Installation) -> dict[str, Any]:
    """Return the columns that the matches of an installation share with those of its plugin."""
    return {
        "company_id": row.company_id,
        "scope": current_hub().plugins.get_plugin_name(row.slug),
        "tenant": row.tenant or "",
    }
