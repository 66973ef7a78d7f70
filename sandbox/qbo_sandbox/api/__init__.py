"""The accounting API over HTTP: requests, queries, batches, change data capture, files, webhooks.

May import: `entities`, `reports`, `faults` and below. Start reading at `routes`, which names a
call, then `calls`, which carries it out, and `answering`, which writes the response in JSON or XML.
"""
