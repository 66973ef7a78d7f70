"""Bugs that others have shipped, each as one change of the real code, with the tests that must catch it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Planted:
    """In `place`, `old` (which stands there once) becomes `new`; `killer` is what pytest is called with."""

    bug: str
    place: str
    old: str
    new: str
    killer: str


MODEL = "tests/test_posting_model.py"
BUGS = (
    Planted(
        "the key is made when it is sent",
        "hub/outbox/keys.py",
        "return uuid.uuid5(_SPACE, _canonical([identity, part, operation, base, generation])).hex",
        "return uuid.uuid4().hex",
        "tests/test_outbox.py::test_a_key_is_32_hex_digits_and_the_same_for_the_same_deed",
    ),
    Planted(
        "the generation is no part of the key",
        "hub/outbox/keys.py",
        "_canonical([identity, part, operation, base, generation])",
        "_canonical([identity, part, operation, base])",
        "tests/test_outbox.py::test_whatever_differs_makes_another_key",
    ),
    Planted(
        "the key of a change holds no SyncToken",
        "hub/outbox/keys.py",
        "_canonical([identity, part, operation, base, generation])",
        '_canonical([identity, part, operation, base.partition(":")[0], generation])',
        "tests/test_outbox.py::test_a_change_of_another_version_has_another_key",
    ),
    Planted(
        "bytes change under a key that may have left",
        "hub/outbox/planning.py",
        'return "next" if outcomes <= set(HARMLESS) else "frozen"',
        'return "same"',
        "tests/test_collect.py::test_bytes_never_change_under_a_key_that_may_have_left",
    ),
    Planted(
        "a claim without its guard",
        "hub/outbox/transitions.py",
        "session.connection().execute(_TAKEN, taken))\n        if chosen\n        else []",
        """session.connection().execute(
            update(_postings).where(_postings.c.id.in_(list(posting_ids)))
            .values(state="sending", fence=fence)
            .returning(*(_postings.c[name] for name in Claimed._fields))
        ))""",
        "tests/test_outbox.py::test_two_workers_never_claim_the_same",
    ),
    Planted(
        "a claim leaves no attempt before the send",
        "hub/outbox/transitions.py",
        "statements.each(\n"
        "            session, _NEW, [_attempt(one, fence, now, places.get(one.id)) for one in claimed]\n"
        "        )",
        "pass",
        "tests/test_posting_deliver.py::test_key_bytes_and_date_are_committed_before_the_first_byte",
    ),
    Planted(
        "a result is written whoever holds the posting",
        "hub/outbox/transitions.py",
        "mine = (Posting.id == posting_id, Posting.fence == fence, Posting.state.in_(IN_FLIGHT))",
        "mine = (Posting.id == posting_id, Posting.state.in_(IN_FLIGHT))",
        "tests/test_outbox.py::test_a_result_is_written_only_under_its_own_fence",
    ),
    Planted(
        "fences repeat",
        "hub/posting/deliver.py",
        "fence, started = uuid.uuid4().hex, worker.clock.monotonic()",
        'fence, started = "1", worker.clock.monotonic()',
        "tests/test_posting_deliver.py::test_an_answer_to_an_earlier_claim_moves_nothing_that_was_claimed_again",
    ),
    Planted(
        "a refusal on a re-send is believed",
        "hub/posting/protocol.py",
        "return history.sends[-1].code not in UNBELIEVABLE and not doubted(history, history.sends[:-1])",
        "return history.sends[-1].code not in UNBELIEVABLE",
        "tests/test_posting_protocol.py::test_the_decision_table",
    ),
    Planted(
        "a broken answer is a refusal",
        "hub/posting/protocol.py",
        'UNBELIEVABLE = ("600", "10000")',
        'UNBELIEVABLE = ("600",)',
        MODEL,
    ),
    Planted(
        "a number that is not found proves absence",
        "hub/posting/protocol.py",
        "return Look() if history.looked is None else _judged(history)",
        "return _absent(history)",
        MODEL,
    ),
    Planted(
        "no quiet time",
        "hub/posting/history.py",
        "return self.left() <= 0",
        "return True",
        MODEL,
    ),
    Planted(
        "the short quiet time for another process's doubt",
        "hub/posting/history.py",
        "return self.deadline + self.quiet - max(self.here, self.there or 0.0)",
        "return self.quiet - max(self.here, self.there or 0.0)",
        "tests/test_posting_protocol.py::test_how_long_nothing_may_be_under_way",
    ),
    Planted(
        "the quiet time runs on the wall clock",
        "hub/posting/worker.py",
        "now, key = self.clock.monotonic(), (posting.id, fence)",
        "now, key = self.clock.now().timestamp(), (posting.id, fence)",
        "tests/test_posting_drain.py::test_before_the_quiet_time_is_over_nothing_is_looked_for_or_sent",
    ),
    Planted(
        "what may be ours but was edited is posted again",
        "hub/posting/protocol.py",
        'return Ask("alike", tuple(found.id for found in alike)) if alike else _absent(history)',
        "return _absent(history)",
        MODEL,
    ),
    Planted(
        "the answer to a re-send is taken for the present",
        "hub/posting/protocol.py",
        "_landed(history, last.id) if doubted(history, history.sends[:-1]) else Posted(last.id)",
        "Posted(last.id)",
        "tests/test_posting_protocol.py::test_the_decision_table",
    ),
    Planted(
        "a change is written without comparing",
        "hub/posting/protocol.py",
        'return Posted(found.id) if _done(history, found) else Ask("changed", (found.id,))',
        "return Send(resend=doubted(history), rebase=found.token)",
        MODEL,
    ),
    Planted(
        "a restore is not noticed",
        "hub/posting/restore.py",
        "if _counted(company.realm) > company.sends:",
        "if False:",
        "tests/test_posting_recover.py::test_after_a_restore_a_refusal_is_not_believed",
    ),
    Planted(
        "after a restore a check holds what was not looked for",
        "hub/posting/preflight.py",
        "if recover.forgotten(worker, ids):",
        "if False:",
        "tests/test_posting_recover.py::test_after_a_restore_a_check_holds_nothing_that_was_not_looked_for",
    ),
    Planted(
        "a search pages by position",
        "hub/qbo/search.py",
        "found = _page(client, kind, f\"MetaData.CreateTime >= '{start.isoformat()}'\", page)",
        "position = locals().get('position', 1 - page) + page\n        "
        "found = _page(client, kind, f\"MetaData.CreateTime >= '{since.isoformat()}'\", page, position)",
        "tests/test_posting_scan.py",
    ),
    Planted(
        "the key is not sent",
        "hub/qbo/client.py",
        'path, {**params, "requestid": requestid}, expected, body), at',
        "path, params, expected, body), at",
        "tests/test_qbo_client.py",
    ),
    Planted(
        "a lost answer counts as not sent",
        "hub/qbo/answers.py",
        'return Answer("doubt", text=f"QuickBooks did not answer',
        'return Answer("unsent", text=f"QuickBooks did not answer',
        "tests/test_qbo_client.py::test_what_cannot_be_known_is_in_doubt",
    ),
    Planted(
        "an item that a batch's answer leaves out is done",
        "hub/qbo/batch.py",
        'unclear = lost("the answer to the batch does not tell of it once")',
        'unclear = Answer("landed")',
        "tests/test_qbo_batch.py::test_an_item_that_is_not_told_of_once_is_in_doubt",
    ),
    Planted(
        "a refused item holds its whole batch",
        "hub/posting/sending.py",
        "return [(job, _its_own(job, answers[job.bid])) for job in jobs]",
        'worst = next((one for one in answers.values() if one.outcome == "refused"), None)\n'
        "    return [(job, worst or _its_own(job, answers[job.bid])) for job in jobs]",
        "tests/test_posting_batches.py::test_one_poison_among_thirty_leaves_29_posted_and_one_held",
    ),
    Planted(
        "the answers to a batch are told by their order",
        "hub/qbo/batch.py",
        'told.setdefault(str(part.get("bId")), []).append(part)',
        "told.setdefault(items[min(len(told), len(items) - 1)].bid, []).append(part)",
        "tests/test_posting_batches.py::test_an_answer_is_told_by_its_bid_alone",
    ),
    Planted(
        "the same key for a batch of other items",
        "hub/outbox/keys.py",
        '_canonical(["batch", *requests])',
        '_canonical(["batch", *[*requests][:1]])',
        "tests/test_posting_batches.py::test_the_key_of_a_batch_stands_for_these_items_in_this_order",
    ),
    Planted(
        "after a doubt it goes in the next batch",
        "hub/posting/protocol.py",
        "return new and not (history.rekey or declined or doubted(history))",
        "return new and not (history.rekey or declined)",
        "tests/test_posting_protocol.py::test_what_was_ever_in_doubt_or_is_no_new_transaction_goes_alone",
    ),
    Planted(
        "absent after a batch, it keeps its generation",
        "hub/posting/protocol.py",
        "if history.rekey or (answered and answered[-1].batched):",
        "if history.rekey:",
        "tests/test_posting_batches.py::test_after_a_lost_answer_each_is_looked_for_and_the_absent_go_singly_under_a_new_key",
    ),
    Planted(
        "a batch leaves no trace before it is sent",
        "hub/outbox/transitions.py",
        '"batch": place[0] if place else "",',
        '"batch": "",',
        "tests/test_posting_batches.py::test_composition_keys_and_bytes_stand_fast_before_the_first_byte_leaves",
    ),
    Planted(
        "a refusal of the whole batch is one of each item",
        "hub/qbo/batch.py",
        'if whole.outcome != "refused":',
        "if whole:",
        "tests/test_posting_batches.py::test_a_batch_that_is_refused_whole_holds_nobody_and_goes_singly_at_once",
    ),
    Planted(
        "another document's answer is believed",
        "hub/posting/sending.py",
        "if not shown or shown == job.marker:",
        "if answer:",
        "tests/test_posting_batches.py::test_two_items_whose_answers_are_mixed_up_are_looked_for",
    ),
    Planted(
        "amounts travel as floats",
        "hub/qbo/payloads/encoding.py",
        'return format(value, "f")',
        "return json.dumps(float(value))",
        "tests/test_qbo_payloads.py::test_amounts_are_plain_numbers_in_the_bytes",
    ),
    Planted(
        "the cursor is kept before the page",
        "hub/collect/__init__.py",
        "_commit(setup, waiting, found, progress, item)\n                waiting = []\n                continue",
        "_commit(setup, [], found, progress, item)\n                _commit(setup, waiting, found, progress)\n"
        "                waiting = []\n                continue",
        "tests/test_collect.py::test_a_crash_while_committing_moves_no_cursor",
    ),
    Planted(
        "a receipt is ended before it is told",
        "hub/posting/report.py",
        "    try:\n        _tell(site, row, document)",
        '    _ended(row, "delivered")\n    try:\n        _tell(site, row, document)',
        "tests/test_posting_report.py::test_a_receipt_is_repeated_with_growing_pauses",
    ),
    Planted(
        "a schedule that is late is dropped",
        "hub/engine/schedule.py",
        "Schedule.next_due <= now,\n        ~own,",
        "Schedule.next_due <= now,\n        Schedule.next_due > now - dt.timedelta(seconds=1),\n        ~own,",
        "tests/test_engine_schedule.py::test_a_run_never_overlaps_itself",
    ),
    Planted(
        "the deadline is not looked at before the send",
        "hub/posting/sending.py",
        "posting, until = job.posting, job.started + worker.config.deadline_seconds",
        "posting, until = job.posting, job.started + 1_000_000",
        "tests/test_posting_deliver.py::test_after_the_deadline_nothing_is_sent",
    ),
    Planted(
        "a read is given up at the first lost answer",
        "hub/qbo/client.py",
        "READS = 3  #",
        "READS = 1  #",
        "tests/test_qbo_client.py::test_a_read_whose_answer_is_lost_is_asked_again_at_once",
    ),
    Planted(
        "a system failure is taken for a refusal",
        "hub/posting/protocol.py",
        'UNBELIEVABLE = ("600", "10000")',
        'UNBELIEVABLE = ("600",)',
        "tests/test_posting_histories.py::test_every_recorded_history_takes_the_same_steps_to_the_same_end",
    ),
    Planted(
        "each answer of a burst slows down once more",
        "hub/qbo/quota.py",
        "if seconds >= MINUTE and now >= self._paused_to:",
        "if seconds >= MINUTE:",
        "tests/test_qbo_quota.py::test_answers_to_what_was_under_way_when_a_pause_began_slow_down_once",
    ),
    Planted(
        "the last refresh token is thrown away",
        "hub/qbo/tokens.py",
        "grant = _asked([token for token in (used, previous) if token])",
        "grant = _asked([token for token in (used,) if token])",
        "tests/test_qbo_tokens.py::test_the_previous_token_is_tried_where_the_newer_one_is_refused",
    ),
    Planted(
        "our mark is not in the note",
        "hub/outbox/keys.py",
        "return base64.b32encode(digest).decode()[:MARKER_LENGTH]",
        'return ""',
        "tests/test_posting_recover.py::test_a_process_that_died_while_sending_leaves_a_doubt_that_another_one_settles",
    ),
    Planted(
        "a posted document is created again when it changes",
        "hub/collect/placing.py",
        "landed = ours[-1] if ours and ours[-1].operation not in outbox.REMOVALS else None",
        "landed = None",
        "tests/test_collect.py::test_a_posted_document_that_cannot_be_read_stays_posted_with_a_case",
    ),
    Planted(
        "a worker that was stopped writes over what another has settled",
        "hub/posting/deliver.py",
        "if one.posting.fence != job.fence or one.posting.state not in outbox.IN_FLIGHT:",
        "if False:",
        "tests/test_posting_deliver.py::test_an_answer_to_an_earlier_claim_moves_nothing_that_was_claimed_again",
    ),
    Planted(
        "a worker that was stopped posts what another has settled",
        "hub/outbox/transitions.py",
        "return {id for id, fence, state in found if fence == fences[id] and state in IN_FLIGHT}",
        "return set(fences)",
        "tests/test_posting_workers.py::test_who_wakes_when_another_has_settled_it_writes_over_nothing",
    ),
    Planted(
        "a pause does not end when the clock was set back",
        "hub/outbox/transitions.py",
        "at <= now, at > (now + LONGEST_PAUSE if furthest is None else furthest)",
        "at <= now",
        "tests/test_posting_environment.py::test_a_posting_that_waits_goes_on_though_the_clock_was_set_back",
    ),
    Planted(
        "a renewal that died hinders the next one when the clock was set back",
        "hub/qbo/tokens.py",
        "since <= now - LEASE, since >= now + LEASE",
        "since <= now - LEASE",
        "tests/test_posting_environment.py::test_a_renewal_that_died_hinders_nobody_when_the_clock_was_set_back",
    ),
    Planted(
        "what settles a transaction does not leave the books before it",
        "hub/posting/preflight.py",
        "removals=removals.pending(session, company_id, targets)",
        "removals={}",
        "tests/test_posting_removals.py::test_a_removal_that_a_person_skips_holds_the_one_behind_it",
    ),
    Planted(
        "what our own removal left open is not known",
        "hub/qbo/mirror.py",
        "head.links, head.balance = left, None",
        "pass",
        "tests/test_posting_removals.py::test_an_invoice_and_its_payment_that_are_deleted_are_both_voided",
    ),
    Planted(
        "what a check holds is never checked again",
        "hub/posting/preflight.py",
        "ids = _held(worker) if held else []",
        "ids = []",
        "tests/test_posting_removals.py::test_a_change_goes_once_the_payment_that_settled_it_is_removed",
    ),
    Planted(
        "a record just made counts as inactive at the second reading of its list",
        "hub/qbo/records.py",
        "before.read_at != row.read_at",
        "before.read_at < row.read_at",
        "tests/test_qbo_records.py::test_an_entry_that_the_index_does_not_know_yet_stays_however_often_the_list_is_read",
    ),
    Planted(
        "a party is made for a document that is held",
        "hub/posting/creations.py",
        "needed_now = graph.needed_by(set(filter(graph.can_be_posted, documents)) | requested)",
        "needed_now = needed",
        "tests/test_posting_creations.py::test_a_document_that_is_held_in_a_later_sync_stops_its_new_party",
    ),
    Planted(
        "what waits for a new party is checked only after that is made",
        "hub/posting/preflight.py",
        "return sorted({*due, *waiting})",
        "return sorted(due)",
        "tests/test_posting_creations.py::test_a_document_that_is_held_in_a_later_sync_stops_its_new_party",
    ),
    Planted(
        "a party is made although what else its document needs is held",
        "hub/posting/creations.py",
        '(node.state == "ready" or waits) and all(map(self.can_be_posted, node.needs))',
        '(node.state == "ready" or waits)',
        "tests/test_posting_creations.py::test_nothing_is_made_for_a_payment_that_waits_for_a_document_that_is_held",
    ),
    Planted(
        "a party that no document needs any more stays planned",
        "hub/posting/creations.py",
        "_withdraw(session, [one for one in creations if one.id not in needed])",
        "pass",
        "tests/test_posting_creations.py::test_a_skipped_document_takes_its_new_party_with_it",
    ),
    Planted(
        "a party without a currency is made in the home currency",
        "hub/collect/placing.py",
        "replace(details, currency=currency)",
        "replace(details, currency=None)",
        "tests/test_posting_creations.py::test_a_party_without_a_currency_takes_that_of_its_document",
    ),
    Planted(
        "a party of a foreign currency is made in the home currency",
        "hub/collect/placing.py",
        "if said := _unkept_currency(group, place):",
        'if said := "":',
        "tests/test_posting_creations.py::test_a_party_of_a_foreign_currency_is_held_where_the_company_keeps_one",
    ),
    Planted(
        "a document goes to a new party of another currency",
        "hub/posting/preflight.py",
        "stored | _planned_parties(session, postings, facts.currency)",
        "stored",
        "tests/test_posting_creations.py::test_a_party_is_not_made_in_the_currency_of_a_document_that_is_held",
    ),
)
