"""Posting: send postings to QuickBooks, each exactly once, and report the results to the source.

Imports `hub.cases`, `hub.contract`, `hub.db`, `hub.mapping`, `hub.models`, `hub.outbox`,
`hub.payloads`, `hub.qbo`, `hub.reasons`, `hub.security`, `hub.sources`, `hub.telemetry` and
`hub.translations`, never `hub.collect`. Start reading in `send.run`;
`protocol.decisions` has the rules. `claims` and `releases` change the state of postings, each time
by an update that names the state it expects.
"""
