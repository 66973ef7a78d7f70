"""The reports of a process about itself: counts of events, log lines and their context.

Imports nothing of the hub. Start reading in `counts` and `log_lines`.
"""
