"""The secrets of companies and apps, the audit log, and the origin of a data folder.

Imports `hub.context`, `hub.crypto`, `hub.db` and `hub.models`. Start reading in `secrets`.
"""
