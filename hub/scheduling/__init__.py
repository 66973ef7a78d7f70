"""Schedules, runs, and the scheduler that starts them.

Imports `hub.cases`, `hub.collect`, `hub.contract`, `hub.db`, `hub.mapping`, `hub.metrics`,
`hub.models`, `hub.notifications`, `hub.outbox`, `hub.payloads`, `hub.posting`, `hub.qbo`,
`hub.reasons`, `hub.security`, `hub.sources`, `hub.telemetry` and `hub.translations`, never
`hub.web` or `hub.cli`. Start reading in `runner`.
"""
