"""The inbox: one case for each cause that needs a person, and how cases open and close.

Imports `hub.context`, `hub.db` and `hub.models`. Start reading in `inbox`.
"""
