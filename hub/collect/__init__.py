"""Collecting: documents are read from a source, mapped, and planned as postings in the outbox.

Imports `hub.sources`, `hub.mapping`, `hub.outbox` and `hub.qbo`, never `hub.posting`. Start reading
in `run`.
"""
