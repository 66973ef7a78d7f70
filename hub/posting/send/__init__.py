"""Sending: approved postings are prepared, claimed in waves, and sent to QuickBooks.

Imports `hub.posting.preflight`, `hub.posting.outcome` and `hub.posting.recovery`. Start reading in
`run`.
"""
