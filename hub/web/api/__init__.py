"""The JSON API under /api/v1: what the pages do, for programs, with tokens of people.

May import everything that pages may. Start reading in `application`.
"""
