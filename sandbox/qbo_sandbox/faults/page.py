"""The part of the control page on which a person sets faults."""

from dataclasses import fields
from html import escape

from qbo_sandbox.kit import Fault, Faults

CALL_CHOICES = (
    "bill.create",
    "bill.update",
    "invoice.create",
    "payment.create",
    "purchase.create",
    "purchaseorder.create",
    "vendor.create",
    "query.*",
    "cdc",
    "batch",
    "upload",
    "token.refresh",
    "*",
)
DEFAULT_VALUES = {
    "seconds": 0.0,
    "status": None,
    "commit": False,
    "retry_after": None,
    "probability": None,
    "nth": None,
    "contains": "",
}


def render_section(faults: Faults) -> str:
    """Return the part of the page with the faults in force and those that exist."""
    kinds = "".join(
        f"<option value={kind}>{kind} – {escape(says)}</option>"
        for kind, says in faults.kinds.items()
    )
    calls = "".join(f"<option>{call}</option>" for call in CALL_CHOICES)
    rules = "".join(f"<li>{_describe(rule)}</li>" for rule in faults.rules())
    stop = (
        '<form method="post"><button name="do" value="behave">Let nothing go wrong</button></form>'
    )
    return (
        f"<h2>Trouble</h2>{f'<ul>{rules}</ul>{stop}' if rules else '<p>Nothing goes wrong.</p>'}"
        f'<form method="post"><p><label>Call <select name="call">{calls}</select></label> '
        f'<label>Fault <select name="kind">{kinds}</select></label></p>'
        '<p><label>Times <input name="count" type="number" min="0" value="1" size="4">'
        " (0: always)</label> "
        '<label>Seconds <input name="seconds" type="number" min="0" step="any" value="0"></label> '
        '<label><input name="commit" type="checkbox" value="true"> commit</label> '
        '<button name="do" value="misbehave">Go wrong</button></p></form>'
    )


def carry_out(faults: Faults, form: dict[str, str]) -> str:
    """Carry out a form of the section; return "" for another form."""
    if form.get("do") == "behave":
        faults.clear()
        return "Nothing goes wrong any more."
    if form.get("do") != "misbehave":
        return ""
    numbers = {"count": int(form.get("count") or 1), "seconds": float(form.get("seconds") or 0)}
    fields = {
        "kind": form.get("kind", ""),
        "call": form.get("call", "*"),
        "commit": form.get("commit") == "true",
    }
    return f"From now on: {_describe(faults.add(Fault.read(fields | numbers)))}"


def _describe(rule: Fault) -> str:
    """Describe a rule: its kind, how often, and the options that are not default."""
    frequency = "always"
    if rule.count:
        frequency = f"{rule.count - rule.fired} of {rule.count} times to come"
    parts = [f"{rule.kind} on {rule.call}", frequency]
    for field in fields(rule):
        name = field.name
        if name in DEFAULT_VALUES and getattr(rule, name) != DEFAULT_VALUES[name]:
            parts.append(f"{name} {getattr(rule, name)}")
    return escape(", ".join(parts))
