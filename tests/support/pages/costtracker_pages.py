"""The form that enables CostTracker, as a browser sends it."""

import re

from tests.support.pages.page_visitor import Visitor

ENABLE_PAGE = "/apps/costtracker/1/configure"
OWN = {"mode": "review", "schedule": "15m", "zone": "Europe/Oslo", "start_date": ""}


def settings_form(visitor: Visitor, **more: str) -> dict[str, str]:
    """Return the fields of the form, with the only payable account of the books."""
    account = re.search(r'<option value="(\d+)" selected', visitor.page(ENABLE_PAGE))
    assert account, "the only payable account is chosen already"
    fields = {name: str(value) for name, value in visitor.costtracker.items()}
    return {
        **OWN,
        **fields,
        "payable_account": account[1],
        "attach_files": "1",
        "transfer_classes": "1",
        **more,
    }
