"""The reports: totals by month, ages, approvals, and their charts and files.

Start reading in `reports`.
"""
