"""What becomes of documents: what was read, how each would be posted, and a hub that collects them.

May import the bench, and any package of the hub: it builds payloads and runs `hub.collect`. Nothing
here fails a test. Start reading in `posting_plans`.
"""
