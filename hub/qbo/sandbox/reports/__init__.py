"""The reports, worked out from the journal whenever they are asked for."""

from hub.qbo.sandbox.reports.catalogue import REPORTS, answer

__all__ = ["REPORTS", "answer"]
