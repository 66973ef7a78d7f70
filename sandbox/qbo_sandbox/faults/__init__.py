"""Faults that only QuickBooks can have, and the part of the page that switches them on.

May import: `reports`, `accounting` and below. Start reading at `rules.FAULTS`; faults of any HTTP
service are in `qbo_sandbox.kit.faults`.
"""
