"""Tools for plugin authors' tests: a fake clock, a test bench, golden files, the contract suite.

Imports `hub.app`, `hub.collect`, `hub.contract`, `hub.db`, `hub.http`, `hub.mapping`, `hub.models`,
`hub.payloads`, `hub.qbo`, `hub.rate_limits`, `hub.security`, `hub.sources` and `qbo_sandbox`. Start
reading in `contract`.
"""
