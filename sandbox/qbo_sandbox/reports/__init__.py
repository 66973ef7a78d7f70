"""The reports, computed from the journal at each request.

May import: `entities`, `accounting` and below. Start reading at `catalogue.REPORTS`, the table of
reports; `frame` reads the parameters, `grid` builds columns and rows.
"""

from qbo_sandbox.reports.catalogue import REPORTS, answer

__all__ = ["REPORTS", "answer"]
