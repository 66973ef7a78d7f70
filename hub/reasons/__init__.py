"""Why something is held or needs a person: codes, parameters, and the texts that they are rendered to.

Imports nothing of the hub, so that models can render what they store. Start reading in `texts`.
"""
