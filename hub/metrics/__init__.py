"""The figures that Prometheus reads: counts of all processes, and what the tables say now.

Imports `hub.db`, `hub.migrations`, `hub.models`, `hub.outbox`, `hub.qbo` and `hub.telemetry`.
Start reading in `exposition`.
"""
