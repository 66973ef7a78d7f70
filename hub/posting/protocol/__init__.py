"""The rules of the posting protocol, as pure functions of a posting's history.

Imports only `hub.errors` and `hub.contract`. Start reading in `decisions`.
"""
