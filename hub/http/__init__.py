"""HTTP to sources and to QuickBooks: allowed hosts, limits of time and size, one exchange.

Imports only `hub.contract`, `hub.crypto` and modules without dependencies. Start reading in
`client`.
"""
