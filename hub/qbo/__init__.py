"""The QuickBooks Online client: the only package that calls QuickBooks.

Imports `hub.http`, `hub.cases`, `hub.mapping`, `hub.models` and `hub.security`. Start reading in
`client`.
"""
