"""Exemptions that a contract suite declares, such as `derived` and `unstated`, with a reason each.

One that is not needed fails its test, so that it is removed with the defect that it excused.
"""

from collections.abc import Collection, Mapping


def exemptions_by_parameter(**reasons: Mapping[str, str] | None) -> dict[str, Mapping[str, str]]:
    """Return the exemptions of a suite by the parameter that declares them."""
    return {name: exemptions or {} for name, exemptions in reasons.items()}


def check_exemption(
    parameter: str, reasons: Mapping[str, str], name: str, *, is_needed: bool, otherwise: str
) -> None:
    """Fail if an exemption has no reason, or if it is not needed because of what `otherwise` says.

    `parameter` is the one of `contract()` that declares it.
    """
    assert reasons[name].strip(), f"contract(…, {parameter}=…) needs a reason for {name}"
    assert is_needed, f"{otherwise}: remove it from {parameter}"


def check_exempted_names(
    parameter: str, reasons: Mapping[str, str], names: Collection[str]
) -> None:
    """Fail if there is an exemption for a name that no test uses."""
    unknown = sorted(reasons.keys() - set(names))
    assert not unknown, f"{parameter} names {', '.join(unknown)}: it may name {', '.join(names)}"
