"""Recovery: what became of postings in doubt is looked up in QuickBooks.

Imports `hub.posting.outcome` and `hub.posting.protocol`. Start reading in `resolve`.
"""
