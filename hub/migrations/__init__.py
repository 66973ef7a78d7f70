"""The history of the tables: numbered revisions that never change once they are released.

Imports `hub.db`, `hub.errors` and `hub.models`. Start reading in `schema`.
"""
