"""The contract with plugins: hooks, types, documents, and the registry that loads plugins.

Imports only `hub.errors`, `hub.exact_json` and `hub.translations`. Start reading in `hookspecs`.
"""
