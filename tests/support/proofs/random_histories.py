"""Random histories of a machine: its steps are chosen by their weights, most of the time.

A machine is a class whose methods are steps. A history that fails is printed in the form in which
`replay` runs it again.
"""

import ast
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])
Steps = list[tuple[str, dict[str, Any]]]
BEGINNING = 0  # the weight of a step that only begins a history
# Each history does some steps more often than others, and some never.
FACTORS = (0, 1, 1, 1, 3)


class Step(NamedTuple):
    """How often a step is chosen, whether in each history, and its arguments' values."""

    weight: int
    is_usual: bool
    choices: dict[str, Sequence[Any]]


def step(weight: int = 1, *, is_usual: bool = False, **choices: Sequence[Any]) -> Any:
    """Mark a method as a step; each of its arguments is one of the given values.

    A usual step is part of every history.
    """

    def mark(method: Method) -> Method:
        vars(method)["step"] = Step(weight, is_usual, choices)
        return method

    return mark


def list_steps(machine: type) -> dict[str, Step]:
    """Return the steps of a machine by name."""
    methods = {name: getattr(machine, name) for name in sorted(dir(machine))}
    return {name: method.step for name, method in methods.items() if hasattr(method, "step")}


def choose_steps(machine: type, seed: str, count: int) -> Steps:
    """Return the beginning of a history and `count` further steps, the same for the same seed."""
    pick = random.Random(seed)
    steps = list_steps(machine)
    names = [name for name, its in steps.items() if its.weight == BEGINNING]
    weights = {
        name: its.weight * (1 if its.is_usual else pick.choice(FACTORS))
        for name, its in steps.items()
    }
    names += pick.choices(list(weights), list(weights.values()), k=count)
    return [(name, _choose_arguments(pick, steps[name])) for name in names]


def _choose_arguments(pick: random.Random, chosen: Step) -> dict[str, Any]:
    return {name: pick.choice(values) for name, values in chosen.choices.items()}


def run_histories(machine: type, number: int, histories: int, steps: int) -> int:
    """Run random histories of a machine, each in a new one; return how many there were."""
    for place in range(histories):
        run(machine(), choose_steps(machine, f"{number}, {place}", steps))
    return histories


def run(state: Any, steps: Steps) -> None:
    """Run a history to its end; an error has the history as a note."""
    done = ["state = Here()"]
    try:
        for name, arguments in [*steps, ("teardown", {})]:
            texts = [f"{argument}={value!r}" for argument, value in arguments.items()]
            done.append(f"state.{name}({', '.join(texts)})")
            getattr(state, name)(**arguments)
    except BaseException as error:
        error.add_note("\n".join(done))
        raise


def replay(state: Any, path: Path) -> None:
    """Run a history that was saved from the note of a failure."""
    for text in path.read_text().splitlines()[1:]:
        (expression,) = ast.parse(text).body
        assert isinstance(expression, ast.Expr)
        called = expression.value
        assert isinstance(called, ast.Call)
        assert isinstance(called.func, ast.Attribute)
        arguments = {str(word.arg): ast.literal_eval(word.value) for word in called.keywords}
        getattr(state, called.func.attr)(**arguments)
