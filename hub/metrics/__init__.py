"""The figures that Prometheus reads: counts of all processes, and what the tables say now.

Imports `hub.outbox`, `hub.qbo` and `hub.models`. Start reading in `exposition`.
"""
