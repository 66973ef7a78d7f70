"""The reports, computed from the journal at each request.

May import: `entities`, `accounting` and below. Start reading at `catalogue.REPORTS`, the table of
reports; `report_base` reads the parameters, `report_parts` builds columns and rows.
"""

from qbo_sandbox.reports.catalogue import REPORTS, answer

__all__ = ["REPORTS", "answer"]
