"""Recovery: the results of postings in doubt are looked up in QuickBooks.

Imports `hub.posting.outcome` and `hub.posting.protocol`. Start reading in `resolve`.
"""
