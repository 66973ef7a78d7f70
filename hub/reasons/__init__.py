"""The reasons why something is held or needs a person: codes with parameters, and their texts.

Imports nothing of the hub, so that models can render what they store. Pages pass it a translator
through the context variable `texts.translate`. Start reading in `texts`.
"""
