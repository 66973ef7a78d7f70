"""Test of the alert rules with the figures of a hub that has worked, read from its processes."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.pages.patient_owner import PatientOwner
from tests.support.servers import alert_rules

OF_PROMETHEUS = {"up"}


@pytest.mark.proof(small=0)
def test_metrics_have_every_figure_and_label_that_an_alert_asks_for(cluster, tmp_path):
    worker = cluster.start_worker(0)
    served, address = cluster.start_pages(1)
    person = PatientOwner(address)
    person.log_in()
    cluster.wait(cluster.all_posted, worker)
    cluster.machines[0].run("backup", str(tmp_path))
    cluster.terminate(worker)  # which stores what it has counted
    families = list(text_string_to_metric_families(person.press("GET", "/metrics").text))
    cluster.terminate(served)

    types = {family.name: family.type for family in families}
    labels_of = {
        sample.name: set(sample.labels) for family in families for sample in family.samples
    }
    for rule in alert_rules.read_rules():
        for metric in alert_rules.find_metrics(rule["expr"]) - OF_PROMETHEUS:
            assert metric in labels_of or types.get(metric) == "gauge", (rule["alert"], metric)
        for matcher in alert_rules.find_matchers(rule["expr"]):
            if matcher.metric in labels_of:
                assert matcher.label in labels_of[matcher.metric], (rule["alert"], matcher)
    counted = {name for name in labels_of if name.endswith(("_total", "_count", "_bucket"))}
    asked_for = alert_rules.find_metrics(" ".join(r["expr"] for r in alert_rules.read_rules()))
    assert len(counted & asked_for) == 4
