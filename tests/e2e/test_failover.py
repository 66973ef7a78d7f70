"""Tests of PostgreSQL's failover to a standby, with another timeline, while workers post.

Every invoice is in the books once, to the cent, including those that the standby did not receive,
and nobody has to press anything.
"""

import pytest


@pytest.mark.proof(small=0)
@pytest.mark.parametrize("loses_rows", [False, True], ids=["nothing lost", "newest rows lost"])
def test_a_promoted_standby_causes_no_duplicate(make_cluster, own_server, figure, loses_rows):
    cluster = make_cluster(own_server.url)
    standby = own_server.make_standby("standby")
    if loses_rows:
        standby.stop()
    else:
        cluster.database.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        cluster.database.execute("SELECT pg_reload_conf()")
        synchronous = "pg_stat_replication WHERE sync_state = 'sync'"
        cluster.wait(lambda: cluster.database.count(synchronous))
    cluster.slow_down()
    workers = [cluster.start_worker(0), cluster.start_worker(1)]
    cluster.wait(cluster.is_sending, *workers)
    sends = cluster.database.count("attempt")

    own_server.stop()
    if loses_rows:
        standby.start()
    standby.promote(own_server.place)
    sends_on_standby = cluster.database.count("attempt")
    assert (sends_on_standby == 0 < sends) if loses_rows else (sends_on_standby >= sends > 0)
    cluster.quickbooks.pass_time(60)
    cluster.wait(cluster.all_posted, *workers)
    cluster.terminate(*workers)
    documents = cluster.assert_books_match()  # its next run is at the next pass at the latest
    assert cluster.database.count("company WHERE restored_since IS NOT NULL") == 1
    lost = "with the newest rows lost" if loses_rows else "with nothing lost"
    figure(
        f"documents in the books once although PostgreSQL failed over meanwhile, {lost}",
        documents,
        1,
    )
