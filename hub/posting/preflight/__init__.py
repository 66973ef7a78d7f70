"""The checks of a posting before it is sent.

Imports `hub.posting.outcome`, `hub.mapping`, `hub.outbox`, `hub.payloads` and `hub.qbo`. Only
`current_facts` asks QuickBooks for something. Start reading in `run`.
"""
