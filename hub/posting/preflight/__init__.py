"""The checks of a posting before it is sent.

Imports `hub.posting.outcome`, `hub.posting.recovery`, `hub.mapping`, `hub.outbox`, `hub.payloads`
and `hub.qbo`. The checks themselves read only stored data and what was read before them: QuickBooks
is searched for postings that it may have already, `reconciled_months` reads what bank
reconciliations cover, and `current_facts` updates the data that held postings depend on. Start
reading in `run`.
"""
