"""Posting: postings go from the outbox to QuickBooks, each exactly once, and the source is told.

Imports `hub.cases`, `hub.contract`, `hub.db`, `hub.mapping`, `hub.models`, `hub.outbox`, `hub.qbo`,
`hub.reasons`, `hub.security`, `hub.sources`, `hub.telemetry` and `hub.translations`, never
`hub.collect`. Start reading in `send.run`; `protocol.decisions` has the rules.
"""
