"""The name of a source in the next step of a case."""

import pytest

from hub.cases import advice
from hub.reasons.template import CORRECT_AT_SOURCE


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("costtracker", "CostTracker"),
        ("autotask-invoices", "Autotask"),
        ("autotask-purchase-orders", "Autotask"),
        ("files", "Files"),
        ("nothing", ""),
    ],
)
def test_a_source_is_named_even_if_its_plugin_has_several_apps(app, slug, name):
    with app.app_context():
        assert advice.get_source_name(slug) == name


@pytest.mark.parametrize(
    ("slug", "step"),
    [
        ("costtracker", "Fix this in CostTracker. The change is picked up with the next sync"),
        ("files", "Correct this in the file, and upload it again in Files."),
    ],
)
def test_a_mistake_in_a_file_is_corrected_in_the_file(app, slug, step):
    with app.app_context():
        instruction = advice.name_source("document.content", {}, CORRECT_AT_SOURCE, slug)
    assert instruction.startswith(step)


def test_a_reason_does_not_repeat_the_next_step():
    step = "Fix this at the source. The change is picked up with the next sync."
    assert advice.drop_instruction("It is late. Fix this at the source.", step) == "It is late."
    assert advice.drop_instruction("It is late. Fix it soon.", step) == "It is late. Fix it soon."
