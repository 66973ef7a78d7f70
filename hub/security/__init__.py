"""The secrets of companies and apps, the audit log, and the origin of a data folder.

Imports `hub.context`, `hub.contract`, `hub.crypto`, `hub.db`, `hub.http`, `hub.models` and
`hub.spreadsheets`. Start reading in `secrets`.
"""
