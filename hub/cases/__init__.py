"""The inbox: one case for each cause that needs a person, and how cases open and close.

Imports `hub.context`, `hub.contract`, `hub.db`, `hub.models`, `hub.reasons`, which has the texts,
and `hub.translations`. Start reading in `inbox`.
"""
