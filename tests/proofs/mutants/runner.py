"""Run the tests of each row with each of its mutants, in forks of one collected process."""

import math
import os
import signal
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType
from typing import NamedTuple

import pytest

from tests.proofs.mutants import code_swap, recorder
from tests.proofs.mutants.mutant import Mutant
from tests.proofs.mutants.recorder import Outcome
from tests.support.watched import planted_source

JOBS = 2
# folder in which stand-ins in child processes record the bodies they send
WALKED_BODIES = "WALKED_BODIES"
TIME_LIMIT = 240.0  # seconds for the tests of one mutant
POLL_INTERVAL = 0.02  # seconds
OPTIONS = [
    "-x",
    "-n0",
    "--assert=plain",
    "--capture=sys",
    *("-p", "tests.proofs.mutants.recorder"),
    *("-o", "timeout=120"),
    *("-o", "faulthandler_timeout=0"),
]


CodePair = tuple[CodeType, CodeType]


class Result(NamedTuple):
    """The result of one mutant: the test that detected it, or the reason why none did."""

    mutant: Mutant
    noticed_by: str = ""
    reason: str = ""
    seconds: float = 0.0
    message: str = ""
    is_new_process: bool = False


@dataclass
class Job:
    """A test run in a separate process: `prepare` is called before the tests `items` run."""

    items: list[pytest.Item]
    prepare: Callable[[list[str]], None]
    finish: Callable[[list[Outcome], float], None]
    time_limit: float = math.inf
    started: float = 0.0
    path: Path = Path()


@dataclass
class Runner:
    """A pytest plugin that replaces the test loop of the run that collected the tests."""

    root: Path
    mutants: Sequence[Mutant]
    folder: Path
    report: Callable[[str], None]
    is_verbose: bool = False
    results: list[Result] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    tests: dict[str, list[pytest.Item]] = field(default_factory=dict)  # by row
    is_child: bool = False
    durations: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _passed: set[str] = field(default_factory=set)
    _functions: dict[str, list[FunctionType]] = field(default_factory=dict)
    _queue: list[Job] = field(default_factory=list)
    _jobs: int = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run every mutant; in a forked process, let pytest run the tests selected for it."""
        if session.testsfailed:
            return True
        self.tests = tests_by_row(session.items, {mutant.row for mutant in self.mutants})
        files = {self._source(mutant) for mutant in self.mutants}
        self._functions = code_swap.functions_by_file(files)
        self._run(session, list(self._baseline(session.items)))
        if not self.is_child:
            self._run(session, [job for mutant in self.mutants for job in self._job(mutant)])
        if not self.is_child:
            self._run(session, list(self._control()))
        return None if self.is_child else True

    # -- the jobs ----------------------------------------------------------------------------------

    def _baseline(self, collected: list[pytest.Item]) -> Iterable[Job]:
        """Run all tests without a mutant: only one that passes can detect anything."""
        files: dict[Path, list[pytest.Item]] = defaultdict(list)
        chosen = {item for row in self.tests.values() for item in row}
        for item in filter(chosen.__contains__, collected):
            files[item.path].append(item)
        self.report(
            f"Running {sum(map(len, files.values()))} tests of "
            f"{len(self.tests)} rows without a mutant."
        )
        parts: list[list[pytest.Item]] = [[] for _ in range(JOBS)]
        for items in sorted(files.values(), key=len, reverse=True):
            min(parts, key=len).extend(items)
        for part in filter(None, parts):
            yield Job(part, prepare=lambda tests: None, finish=self._finish_baseline)

    def _finish_baseline(self, outcomes: list[Outcome], seconds: float) -> None:
        for outcome in outcomes:
            self.durations[outcome.test] += outcome.seconds
            if outcome.outcome == "failed":
                self.failures[outcome.test] = outcome.message
            elif outcome.phase == "call" and outcome.outcome == "passed":
                self._passed.add(outcome.test)

    def _control(self) -> Iterable[Job]:
        """Run the tests that detected something in a new process again, without a mutant."""
        names = {
            entry.noticed_by for entry in self.results if entry.is_new_process and entry.noticed_by
        }
        items = {item.nodeid: item for row in self.tests.values() for item in row}

        def prepare(tests: list[str]) -> None:
            execute_pytest(self.root, ["--maxfail=0", *tests])

        def finish(outcomes: list[Outcome], seconds: float) -> None:
            passed = {
                entry.test
                for entry in outcomes
                if (entry.phase, entry.outcome) == ("call", "passed")
            }
            passed -= {entry.test for entry in failed(outcomes)}
            for name in names - passed:
                self.failures[name] = "It fails in a new process."

        if names:
            self.report(f"Running {len(names)} tests in a new process without a mutant.")
            yield Job([items[name] for name in sorted(names)], prepare, finish)

    def _job(self, mutant: Mutant) -> list[Job]:
        """Return a mutant's job in a fork, or in a new process if the code cannot be swapped."""
        items = [
            item
            for item in self.tests.get(mutant.row, [])
            if item.nodeid in self._passed and item.nodeid not in self.failures
        ]
        if not items:
            self._add(Result(mutant, reason="no test of the row passes here without it"))
            return []
        items.sort(key=self._fastest_first(items))
        try:
            pairs = self._code_pairs(mutant)
        except code_swap.NotSwappable:
            return [self._in_new_process(mutant, items)]
        return [self._in_fork(mutant, items, pairs)]

    def _fastest_first(
        self, items: list[pytest.Item]
    ) -> Callable[[pytest.Item], tuple[float, str]]:
        """Return a sort key by the duration of a test's file, whose tests share their setup."""
        files: dict[Path, float] = defaultdict(float)
        for item in items:
            files[item.path] += self.durations[item.nodeid]
        return lambda item: (files[item.path], str(item.path))

    def _code_pairs(self, mutant: Mutant) -> list[CodePair]:
        path = self._source(mutant)
        text = Path(path).read_text(encoding="utf-8")
        old = compile(text, path, "exec", dont_inherit=True)
        new = compile(text.replace(mutant.old, mutant.new), path, "exec", dont_inherit=True)
        pairs = code_swap.changed_functions(old, new)
        if not pairs:
            raise code_swap.NotSwappable
        return pairs

    def _in_fork(self, mutant: Mutant, items: list[pytest.Item], pairs: list[CodePair]) -> Job:
        path = self._source(mutant)

        def prepare(tests: list[str]) -> None:
            planted_source.plant(path, mutant.old, mutant.new)
            planted_source.plant_in_children(path, mutant.old, mutant.new)
            code_swap.swap(self._functions[path], pairs)

        def finish(outcomes: list[Outcome], seconds: float) -> None:
            if failed(outcomes):
                self._add(result(mutant, outcomes, seconds))
            else:  # the change may act when modules are imported
                self._queue.append(self._in_new_process(mutant, items))

        return Job(items, prepare, finish, TIME_LIMIT)

    def _in_new_process(self, mutant: Mutant, items: list[pytest.Item]) -> Job:
        def prepare(tests: list[str]) -> None:
            planted_source.plant_in_children(self._source(mutant), mutant.old, mutant.new)
            execute_pytest(self.root, tests)

        def finish(outcomes: list[Outcome], seconds: float) -> None:
            self._add(result(mutant, outcomes, seconds)._replace(is_new_process=True))

        return Job(items, prepare, finish, TIME_LIMIT)

    def _source(self, mutant: Mutant) -> str:
        return os.path.realpath(self.root / mutant.place)

    def _add(self, result: Result) -> None:
        self.results.append(result)
        number = f"[{len(self.results):3}/{len(self.mutants)}]"
        end = (
            f"noticed by {result.noticed_by}"
            if result.noticed_by
            else f"NOT NOTICED: {result.reason}"
        )
        self.report(f"{number} {result.mutant.row} {end} ({result.seconds:.1f} s)")
        if self.is_verbose and result.message:
            self.report(result.message)

    # -- the processes -----------------------------------------------------------------------------

    def _run(self, session: pytest.Session, jobs: list[Job]) -> None:
        """Run the jobs with limited concurrency; in a child, return once the session is its own."""
        self._queue = jobs
        running: dict[int, Job] = {}
        while self._queue or running:
            while self._queue and len(running) < JOBS:
                job = self._queue.pop(0)
                job.started = time.monotonic()
                self._jobs += 1
                job.path = self.folder / f"{self._jobs}.outcomes"
                pid = os.fork()
                if pid == 0:
                    self._become_child(session, job)
                    return
                running[pid] = job
            for pid, job in list(running.items()):
                if self._has_ended(pid, job):
                    del running[pid]
                    job.finish(
                        list(recorder.read_outcomes(job.path)), time.monotonic() - job.started
                    )
            time.sleep(POLL_INTERVAL)

    def _become_child(self, session: pytest.Session, job: Job) -> None:
        self.is_child = True
        os.setpgid(0, 0)
        temporary = self.folder / f"{self._jobs}"
        temporary.mkdir()
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(temporary)
        if WALKED_BODIES in os.environ:  # a session removes the folder when it ends
            os.environ[WALKED_BODIES] = str(temporary)
        os.environ[recorder.VARIABLE] = str(job.path)
        if job.finish == self._finish_baseline:
            session.config.option.maxfail = 0
        session.items = job.items
        try:
            job.prepare([item.nodeid for item in job.items])
        except BaseException:
            traceback.print_exc()
            os._exit(3)

    def _has_ended(self, pid: int, job: Job) -> bool:
        """Return whether the process has ended; kill it and its children if it takes too long."""
        ended = os.waitpid(pid, os.WNOHANG)[0] == pid
        if not ended and time.monotonic() - job.started > job.time_limit:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            ended = True
        return ended


def execute_pytest(root: Path, arguments: list[str]) -> None:
    """Replace this process by a new Python process that runs pytest."""
    os.environ.pop(WALKED_BODIES, None)  # the new process creates its own folder
    os.chdir(root)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *OPTIONS, *arguments])


def tests_by_row(items: list[pytest.Item], rows: set[str]) -> dict[str, list[pytest.Item]]:
    """Return the tests that carry each row's marker."""
    tests: dict[str, list[pytest.Item]] = {}
    for item in items:
        names = {name for mark in item.iter_markers("row") for name in mark.args}
        for row in names & rows:
            tests.setdefault(row, []).append(item)
    return tests


def failed(outcomes: list[Outcome]) -> list[Outcome]:
    """Return the failed tests."""
    return [outcome for outcome in outcomes if outcome.outcome == "failed"]


def result(mutant: Mutant, outcomes: list[Outcome], seconds: float) -> Result:
    """Judge a finished run: a mutant without any outcome broke the run and shows nothing."""
    if failed(outcomes):
        first = failed(outcomes)[0]
        return Result(mutant, first.test, seconds=seconds, message=first.message)
    if not outcomes:
        return Result(mutant, reason="no test ended", seconds=seconds)
    passed = sum(outcome.phase == "call" for outcome in outcomes)
    return Result(mutant, reason=f"{passed} tests pass with it", seconds=seconds)
