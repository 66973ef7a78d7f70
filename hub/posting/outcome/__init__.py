"""Results: the history of a posting is loaded, and what became of it is recorded once.

Imports `hub.posting.protocol`, `hub.outbox` and `hub.qbo`. Start reading in `record`.
"""
