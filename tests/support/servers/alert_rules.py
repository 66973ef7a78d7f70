"""The alert rules for Prometheus, and what their expressions ask for."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

FILE = Path(__file__).parents[3] / "deploy" / "prometheus" / "hub-alerts.yaml"
METRIC = re.compile(r"\bhub_[a-z_]+\b|\bup\b")
SELECTOR = re.compile(r"(\w+)\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


class Matcher(NamedTuple):
    """A condition on a label of a metric; `values` are the alternatives that it names."""

    metric: str
    label: str
    values: tuple[str, ...]


def read_rules() -> list[dict[str, Any]]:
    """Return all rules."""
    groups = yaml.safe_load(FILE.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def find_metrics(expression: str) -> set[str]:
    """Return the names of the metrics that an expression asks for."""
    return set(METRIC.findall(expression))


def find_matchers(expression: str) -> Iterator[Matcher]:
    """Yield the conditions on labels; a text in a selector that is none raises ValueError."""
    for metric, selector in SELECTOR.findall(expression):
        matchers = MATCHER.findall(selector)
        if MATCHER.sub("", selector).strip(", ") or not matchers:
            raise ValueError(f"{selector} is no selector")
        for label, operator, value in matchers:
            values = value.split("|") if "~" in operator else [re.escape(value)]
            yield Matcher(metric, label, tuple(values))
