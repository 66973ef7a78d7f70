"""Results: the history of a posting is loaded, and what became of it is recorded once.

Imports `hub.posting.protocol`, `hub.outbox`, `hub.qbo` and `hub.translations`. Start reading in
`record`.
"""
