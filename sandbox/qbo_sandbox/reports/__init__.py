"""The reports, worked out from the journal whenever they are asked for."""

from qbo_sandbox.reports.catalogue import REPORTS, answer

__all__ = ["REPORTS", "answer"]
