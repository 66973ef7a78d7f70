"""The checks of a posting before it is sent.

Imports `hub.posting.outcome`, `hub.posting.recovery`, `hub.mapping`, `hub.outbox`, `hub.payloads`
and `hub.qbo`. The checks themselves read only stored data. Before them, QuickBooks is searched for
postings that it may have already, and `current_facts` updates the data that held postings depend
on. Start reading in `run`.
"""
