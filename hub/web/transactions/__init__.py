"""Transactions of QuickBooks on pages, beside what the hub posts or has posted.

Start reading in `case_comparison`.
"""
