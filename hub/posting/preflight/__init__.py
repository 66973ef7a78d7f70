"""The checks of a posting before it is sent.

Imports `hub.posting.outcome`, `hub.posting.recovery`, `hub.mapping`, `hub.outbox`, `hub.payloads`
and `hub.qbo`. The checks themselves use only what is stored: before them, postings that may be in
QuickBooks are searched there, and `current_facts` reads what held postings depend on. Start reading
in `run`.
"""
