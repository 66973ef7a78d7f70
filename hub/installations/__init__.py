"""The apps of a company: enabling them, matching codes, comparing lists.

Imports `hub.cases`, `hub.collect`, `hub.contract`, `hub.db`, `hub.mapping`, `hub.models`,
`hub.outbox`, `hub.posting`, `hub.qbo`, `hub.reasons`, `hub.security`, `hub.sources`,
`hub.spreadsheets` and `hub.translations`. Start reading in `enable`.
"""
