"""The marketplace and the pages of an app: its state, settings, schedule, readiness and files.

Start reading in `installation`.
"""
