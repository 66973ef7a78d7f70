"""The tiles say that they are not available yet, and nothing pretends otherwise."""

import hub_ontraccr


def test_the_apps_are_announced_and_closed():
    apps = hub_ontraccr.hub_apps()
    assert [app.slug for app in apps] == ["ontraccr"]
    assert not any(app.available for app in apps)


def test_no_document_hook_pretends():
    assert not hasattr(hub_ontraccr, "hub_documents")
