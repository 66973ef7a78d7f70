"""Results: the history of a posting is loaded, and its result is recorded once.

Imports `hub.posting.protocol`, `hub.outbox`, `hub.payloads`, `hub.qbo` and `hub.translations`.
Start reading in `record`.
"""
