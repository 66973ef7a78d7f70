"""Decisions about postings: review, preview, approvals, and removal from QuickBooks.

Start reading in `review`.
"""
