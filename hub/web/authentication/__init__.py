"""Identity and rights of people: log-in, second factor, sessions, the guard of every route.

Start reading in `access`, which the guard of every route uses, in `guard`.
"""
