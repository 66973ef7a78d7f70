"""Tools for the tests of plugins: a bench for one app, contract suites, golden files, a clock.

Tests of plugins import the modules that lie directly here: `contract` and `file_contract` (the
suites), `bench`, `golden`, `openapi` and `clock`. `options` is the pytest plugin. The packages are
what these consist of:

- `fakes`: what a plugin has on the bench in place of services of the hub and of the network
- `recording`: the record of a plugin's tests, from which its tier is computed
- `outcomes`: what a reading yields, and what the hub would make of the documents
- `exchanges`: the HTTP calls of a hook, observed or answered with an error
- `values`: comparisons of a document with the responses that it was read from
- `suite`: the test classes of the contract suites

Imports `hub.app`, `hub.collect`, `hub.contract`, `hub.db`, `hub.http`, `hub.mapping`, `hub.models`,
`hub.payloads`, `hub.qbo`, `hub.rate_limits`, `hub.security`, `hub.sources` and `qbo_sandbox`. Start
reading in `contract`.
"""
