"""Verification: nightly reconciliation, changes in QuickBooks, markers, control totals.

Imports `hub.posting.outcome`, `hub.posting.recovery` and `hub.qbo`. Start reading in `run`.
"""
