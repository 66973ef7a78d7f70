"""Texts and numbers in the language of the person who reads a page; English everywhere else.

Imports nothing of the hub. Start reading in `messages`.
"""
