"""The contract with plugins: hooks, types, documents, and the registry that loads plugins.

Imports only `hub.errors` and `hub.http`. Start reading in `hookspecs`.
"""
