"""The apps of a company: enabling them, matching codes, comparing lists.

Imports `hub.sources`, `hub.mapping`, `hub.outbox` and `hub.qbo`. Start reading in `enable`.
"""
