"""Limits of calls to QuickBooks and to sources, which all processes of the hub keep together.

Imports `hub.db` and `hub.models`. Start reading in `limiter`.
"""
