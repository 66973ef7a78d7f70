"""The QuickBooks Online client: the only package that calls QuickBooks.

Imports `hub.cases`, `hub.contract`, `hub.db`, `hub.http`, `hub.mapping`, `hub.models`,
`hub.payloads`, `hub.rate_limits`, `hub.reasons`, `hub.security` and `hub.telemetry`.
Start reading in `client`.
"""
