"""What a reading yields, how each document would be posted, and a hub that collects them.

Nothing here fails a test. May import `bench` and every package of the hub below `hub.demo`, because
payloads are built and `hub.collect` is run. Start reading in `posting_plans`.
"""
