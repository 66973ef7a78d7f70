"""The set-up by owners: first owner, Intuit keys, companies, mail server, chat webhook.

Start reading in `setup`.
"""
