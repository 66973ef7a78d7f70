"""HTTP to sources and to QuickBooks: allowed hosts, limits of time and size, one exchange.

Imports only `hub.config`, `hub.contract` and modules without dependencies. Start reading in
`client`.
"""
