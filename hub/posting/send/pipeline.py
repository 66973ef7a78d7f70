"""Send ready postings in waves: claim a wave, send it, and record its results.

Claims and results of a wave are one commit each. While one wave is being sent, the next one
is claimed and the results of the last are recorded.
"""

from collections import deque
from concurrent.futures import Executor, ThreadPoolExecutor

from hub.posting.outcome import batch_sizing
from hub.posting.outcome.session import PostingSession
from hub.posting.send import selection
from hub.posting.send.claim import claim_prepared
from hub.posting.send.decided_matches import DecidedMatches
from hub.posting.send.prepare import prepare
from hub.posting.send.requests import InFlightWave, choose_concurrency, launch_wave
from hub.posting.send.results import record_results
from hub.telemetry import log_context

MAX_FRUITLESS_WAVES = 3  # consecutive waves without progress; the rest is left for the next run


def deliver(posting_session: PostingSession) -> int:
    """Send until nothing is ready; return the number of sends that made progress.

    The results of requests that were sent are recorded even if an error ends the delivery.
    """
    limit = batch_sizing.MAX_CONCURRENT_REQUESTS
    log_fields = log_context.current_fields()
    with ThreadPoolExecutor(
        limit, thread_name_prefix="post", initializer=log_context.replace, initargs=(log_fields,)
    ) as threads:
        pipeline = SendPipeline(posting_session, threads)
        try:
            while pipeline.advance():
                pass
        finally:
            pipeline.record_rest()
    return pipeline.sent


class SendPipeline:
    """The waves of one run: the next one starts before the earlier ones are answered."""

    def __init__(self, posting_session: PostingSession, threads: Executor) -> None:
        self.posting_session = posting_session
        self.threads = threads
        self.decided_matches = DecidedMatches(posting_session)
        self.total = selection.count_ready(posting_session)
        self.sent = 0
        self.fruitless_waves = 0  # consecutive ones, without progress
        self.waves: deque[InFlightWave] = deque()
        self.max_calls = batch_sizing.MAX_CONCURRENT_REQUESTS

    def advance(self) -> bool:
        """Start a wave or record the oldest one; return False if there was nothing to do."""
        if self._may_launch() and self._launch_wave():
            return True
        if not self.waves:
            return False
        if self.waves[0].open_count:
            self.waves[0].wait()
        else:
            self._record_first_wave()
        return True

    def record_rest(self) -> None:
        """Record the results of all requests that are still open."""
        while self.waves:
            self._take_results()

    def _may_launch(self) -> bool:
        """Return whether the next wave may start.

        It waits for the results of the previous one if that was not full, because its results may
        change what is ready, or how it is sent.
        """
        if self.posting_session.stop_reason or self.fruitless_waves >= MAX_FRUITLESS_WAVES:
            return False
        if not self.waves:
            return True
        if self.posting_session.is_refused():
            return False
        if not self.waves[-1].is_full or not self.posting_session.batch_sizer.is_stable:
            return False
        open_calls = sum(wave.open_count for wave in self.waves)
        return open_calls < self.max_calls

    def _launch_wave(self) -> bool:
        """Start a wave; return False if nothing was ready or a person has matched a code since."""
        posting_session = self.posting_session
        if self.decided_matches.has_new():
            return False
        size = 1 if posting_session.is_refused() else posting_session.batch_sizer.wave_size
        ids = selection.select_ready(posting_session, size)
        if not ids:
            return False
        progress_before = posting_session.count_progress()
        prepared_postings = prepare(posting_session, ids)
        jobs = claim_prepared(posting_session, prepared_postings)
        if jobs:
            is_full = len(ids) == size
            wave = launch_wave(
                posting_session, jobs, self.threads, is_full=is_full, max_calls=self.max_calls
            )
            self.waves.append(wave)
        else:
            has_progress = posting_session.count_progress() > progress_before
            self._note_progress(has_progress=has_progress)
        return True

    def _record_first_wave(self) -> None:
        """Record the results of the oldest wave, report progress and count fruitless waves."""
        progress_before = self.posting_session.count_progress()
        progress = self._take_results()
        self.sent += progress
        has_steps = self.posting_session.count_progress() > progress_before
        self._note_progress(has_progress=progress > 0 or has_steps)
        self.posting_session.report_progress("post", self.sent, max(self.total, self.sent))

    def _take_results(self) -> int:
        """Record the results of the oldest wave; return the number of sends that made progress."""
        wave = self.waves.popleft()
        results = wave.results()
        self.max_calls = choose_concurrency(results)
        return record_results(self.posting_session, results)

    def _note_progress(self, *, has_progress: bool) -> None:
        """Count consecutive waves without progress; reset the count after one with progress."""
        if has_progress:
            self.fruitless_waves = 0
        else:
            self.fruitless_waves += 1
