"""Posting: postings go from the outbox to QuickBooks, each exactly once, and the source is told.

Imports `hub.outbox`, `hub.cases`, `hub.sources` and `hub.qbo`, never `hub.collect`. Start reading
in `send.run`; `protocol.decisions` has the rules.
"""
