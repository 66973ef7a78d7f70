"""The rules of the posting protocol, as pure functions of a posting's history.

Imports only `hub.errors`, `hub.contract` and `hub.models.enums`. Start reading in `decisions`.
"""
