"""When things run: schedules, runs, and the scheduler that starts them.

Imports every package except `hub.web` and `hub.cli`. Start reading in `runner`.
"""
