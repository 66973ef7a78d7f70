"""Identity and rights of people: log-in, second factor, sessions, the guard of every route.

Start reading in `access`.
"""
