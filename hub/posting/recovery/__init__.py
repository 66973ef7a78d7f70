"""Recovery: look up the results of postings in doubt in QuickBooks.

Imports `hub.posting.outcome` and `hub.posting.protocol`. Start reading in `resolve`.
"""
