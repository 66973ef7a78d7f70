"""What an owner sets up: first owner, Intuit keys, companies, mail server, chat webhook.

Start reading in `setup`.
"""
