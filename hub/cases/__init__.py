"""The inbox: one case for each cause that needs a person, and how cases open and close.

Imports `hub.context`, `hub.db`, `hub.models` and `hub.reasons`, which has the texts. Start
reading in `inbox`.
"""
