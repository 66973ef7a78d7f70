"""Planted bugs: changes of the real code that break posting, and the tests that must fail."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Planted:
    """A bug that replaces `old`, unique in `place`, by `new`.

    `bug` says what the code does wrong; it is a row of docs/proof.md. `killer` names the tests that
    must fail, as on the command line of pytest.
    """

    bug: str
    place: str
    old: str
    new: str
    killer: str


MODEL = "tests/proofs/test_model.py"
BUGS = (
    Planted(
        "the request key is random instead of computed from the request",
        "hub/outbox/identity.py",
        "return uuid.uuid5(_NAMESPACE, _encode([identity, part, operation, base, generation])).hex",
        "return uuid.uuid4().hex",
        (
            "tests/unit/outbox/test_outbox.py::"
            "test_a_key_is_32_hex_digits_and_the_same_for_the_same_deed"
        ),
    ),
    Planted(
        "the request key does not depend on the generation",
        "hub/outbox/identity.py",
        "_encode([identity, part, operation, base, generation])",
        "_encode([identity, part, operation, base])",
        "tests/unit/outbox/test_outbox.py::test_each_part_of_a_request_changes_its_key",
    ),
    Planted(
        "the request key of an update does not depend on the SyncToken",
        "hub/outbox/identity.py",
        "_encode([identity, part, operation, base, generation])",
        '_encode([identity, part, operation, base.partition(":")[0], generation])',
        "tests/unit/outbox/test_outbox.py::test_a_change_of_another_version_has_another_key",
    ),
    Planted(
        "an update is dropped if the previous one had no effect",
        "hub/outbox/planning.py",
        "    if not is_posted_update and not is_skipped_change:",
        "    if not is_skipped_change:",
        "tests/stories/test_changes_without_effect.py",
    ),
    Planted(
        "the bytes of a request change although it may have been sent under the same key",
        "hub/outbox/keys.py",
        "    if outcomes <= set(UNPROCESSED_OUTCOMES) or posting.state == PostingState.WITHDRAWN:\n"
        "        return KeyUse.NEXT\n    return KeyUse.FROZEN",
        "    return KeyUse.SAME",
        "tests/unit/collect/test_run.py::test_bytes_never_change_under_a_key_that_may_have_left",
    ),
    Planted(
        "a change gets the key of another one that was refused for the same version",
        "hub/outbox/keys.py",
        "if generation is None else max(posting.generation, generation + 1)",
        "if generation is None else posting.generation",
        (
            "tests/stories/test_changes_after_refused_ones.py::"
            "test_the_next_change_has_a_key_of_its_own"
        ),
    ),
    Planted(
        "a change that was planned anew after a doubt is sent without the id of its transaction",
        "hub/posting/send/current_version.py",
        "if step.resend and step.rebase is None and was_sent:",
        "if step.resend and step.rebase is None:",
        (
            "tests/stories/test_changes_after_refused_ones.py::"
            "test_a_change_that_was_in_doubt_before_it_was_refused_creates_no_second_bill"
        ),
    ),
    Planted(
        "a claim does not check the state of the posting",
        "hub/posting/claims.py",
        "    ids = _select_claimable_postings(session, revisions)\n"
        "    if not ids:\n        return []\n"
        '    rows = session.connection().execute(_CLAIM, {**values, "ids": ids})',
        """    rows = session.connection().execute(
        update(_postings).where(_postings.c.id.in_(list(revisions)))
        .values(state="sending", fence=claim.fence)
        .returning(*(_postings.c[name] for name in CLAIMED_COLUMNS))
    )""",
        "tests/unit/posting/test_claims.py::test_two_workers_never_claim_the_same",
    ),
    Planted(
        "a claim stores no attempt before the request is sent",
        "hub/posting/claims.py",
        "bulk.execute_each(session, _INSERT_ATTEMPTS, attempts)",
        "pass",
        (
            "tests/unit/posting/test_pipeline.py::"
            "test_key_bytes_and_date_are_committed_before_the_first_byte"
        ),
    ),
    Planted(
        "a result is written without checking the fence",
        "hub/posting/claims.py",
        (
            "        Posting.id == posting_id,\n        Posting.fence == fence,\n"
            "        Posting.state.in_(IN_FLIGHT),"
        ),
        "        Posting.id == posting_id,\n        Posting.state.in_(IN_FLIGHT),",
        "tests/unit/posting/test_claims.py::test_a_result_is_written_only_under_its_own_fence",
    ),
    Planted(
        "every claim has the same fence",
        "hub/posting/send/claim.py",
        "fence = uuid.uuid4().hex",
        'fence = "1"',
        (
            "tests/unit/posting/test_pipeline.py::"
            "test_an_answer_to_an_earlier_claim_moves_nothing_that_was_claimed_again"
        ),
    ),
    Planted(
        "a refusal of a repeated send counts although the first send is in doubt",
        "hub/posting/protocol/decisions.py",
        "return not is_doubtful(history, earlier_sends)",
        "return True",
        "tests/unit/posting/test_protocol.py::test_each_history_of_the_tables_leads_to_its_step",
    ),
    Planted(
        "an error code that says nothing about the request counts as a refusal",
        "hub/posting/protocol/decisions.py",
        'UNRELIABLE_REFUSAL_CODES = ("600", "10000")',
        'UNRELIABLE_REFUSAL_CODES = ("600",)',
        MODEL,
    ),
    Planted(
        "a page that QuickBooks returned too short ends a search that proves absence",
        "hub/posting/recovery/complete_search.py",
        "search.find_created_since(client, kind, since, until_nothing_new=True)",
        "search.find_created_since(client, kind, since)",
        (
            "tests/unit/posting/test_batches.py::"
            "test_a_search_whose_page_came_too_short_has_nothing_sent_again"
        ),
    ),
    Planted(
        "parts of a split document are told apart neither by number nor by total",
        "hub/posting/recovery/complete_search.py",
        "    foreign_ids |= find_ids_of_other_parts(session, posting, heads)\n",
        "",
        (
            "tests/unit/posting/test_recovery.py::"
            "test_each_part_that_an_older_database_had_posted_is_found_once"
        ),
    ),
    Planted(
        "a document counts as absent because its number is not found, without a search",
        "hub/posting/protocol/decisions.py",
        "    if history.search_results is None:\n        return Search()\n"
        "    return _judge_search(history)",
        "    return _decide_after_absence(history)",
        MODEL,
    ),
    Planted(
        "a search does not wait for the quiet time",
        "hub/posting/protocol/history.py",
        "return self.seconds_left() <= 0",
        "return True",
        MODEL,
    ),
    Planted(
        "the quiet time leaves out the deadline of another process",
        "hub/posting/protocol/history.py",
        "required_seconds = self.deadline_seconds + self.quiet_seconds",
        "required_seconds = self.quiet_seconds",
        "tests/unit/posting/test_protocol.py::test_how_long_nothing_may_be_under_way",
    ),
    Planted(
        "the quiet time is measured by the wall clock",
        "hub/posting/outcome/session.py",
        "        now = self.clock.monotonic()\n        key = (posting.id, fence)",
        "        now = self.clock.now().timestamp()\n        key = (posting.id, fence)",
        (
            "tests/unit/posting/test_send.py::"
            "test_before_the_quiet_time_is_over_nothing_is_looked_for_or_sent"
        ),
    ),
    Planted(
        "a similar transaction in QuickBooks does not stop a repeated send",
        "hub/posting/protocol/decisions.py",
        "if similar:",
        "if False:",
        MODEL,
    ),
    Planted(
        "the response to a repeated send counts as the current state in QuickBooks",
        "hub/posting/protocol/decisions.py",
        "if is_doubtful(history, history.sends[:-1]):",
        "if False:",
        "tests/unit/posting/test_protocol.py::test_each_history_of_the_tables_leads_to_its_step",
    ),
    Planted(
        "an update is sent without comparing the transaction in QuickBooks",
        "hub/posting/protocol/decisions.py",
        "    if is_change_visible(history, current):\n        return Posted(current.id)\n"
        "    return Ask(AskReason.CHANGED, (current.id,))\n",
        "    return Send(resend=is_doubtful(history), rebase=current.token)\n",
        MODEL,
    ),
    Planted(
        "a database that was restored from a backup is not noticed",
        "hub/posting/recovery/restore.py",
        "if _read_stored_claim_count(company.realm) > company.sends:",
        "if False:",
        "tests/unit/posting/test_recovery.py::test_after_a_restore_a_refusal_is_not_believed",
    ),
    Planted(
        "after a restore a check holds a posting before it was searched for",
        "hub/posting/preflight/run.py",
        "if doubt_after_restore(posting_session, ids):",
        "if False:",
        (
            "tests/unit/posting/test_recovery.py::"
            "test_after_a_restore_a_check_holds_nothing_that_was_not_looked_for"
        ),
    ),
    Planted(
        "a restore is settled by the first search",
        "hub/posting/recovery/restore.py",
        "began_at >= company.restored_seen + SETTLING_TIME:",
        "began_at:",
        (
            "tests/unit/posting/test_recovery.py::"
            "test_an_hour_after_a_restore_documents_are_sent_in_batches_again"
        ),
    ),
    Planted(
        "a search reads its pages by position instead of by time",
        "hub/qbo/search.py",
        "read = partial(_read_page, client, kind, _build_condition(condition, start))",
        "position = locals().get('position', 1 - page) + page\n        "
        "read = partial(_read_page, client, kind, _build_condition(condition, since), "
        "position=position)",
        "tests/unit/posting/test_lookup.py",
    ),
    Planted(
        "the request key is not sent to QuickBooks",
        "hub/qbo/client.py",
        '        params = {**params, "requestid": requestid}\n',
        "",
        "tests/unit/qbo/test_client.py",
    ),
    Planted(
        "a lost response counts as a request that was not sent",
        "hub/qbo/responses.py",
        "QuickBooksResponse(SendOutcome.DOUBT, text=text, is_too_large=is_too_large)",
        "QuickBooksResponse(SendOutcome.UNSENT, text=text, is_too_large=is_too_large)",
        "tests/unit/qbo/test_client.py::test_a_write_without_a_clear_answer_is_in_doubt",
    ),
    Planted(
        "an item that the batch response leaves out counts as posted",
        "hub/qbo/batch.py",
        'unclear = build_lost_response(\n        Sentence("the answer to the batch does not contain'
        ' it exactly once")\n    )',
        "unclear = QuickBooksResponse(SendOutcome.LANDED)",
        "tests/unit/qbo/test_batch.py::test_an_item_that_is_missing_or_repeated_in_the_answer_is_in_doubt",
    ),
    Planted(
        "one refused item refuses all items of its batch",
        "hub/posting/send/requests.py",
        "SendResult(job, _doubt_foreign_response(job, responses[job.bid])) for job in jobs]",
        "SendResult(\n"
        "            job,\n"
        '            next((one for one in responses.values() if one.outcome == "refused"), None)\n'
        "            or _doubt_foreign_response(job, responses[job.bid]),\n"
        "        )\n"
        "        for job in jobs\n"
        "    ]",
        (
            "tests/unit/posting/test_batches.py::"
            "test_one_poison_among_thirty_leaves_29_posted_and_one_held"
        ),
    ),
    Planted(
        "batch responses are assigned by their order instead of by bId",
        "hub/qbo/batch.py",
        'parts_by_bid.setdefault(str(part.get("bId")), []).append(part)',
        (
            "parts_by_bid.setdefault(items[min(len(parts_by_bid), "
            "len(items) - 1)].bid, []).append(part)"
        ),
        "tests/unit/posting/test_batches.py::test_an_answer_is_assigned_by_its_bid_alone",
    ),
    Planted(
        "the request key of a batch depends on its first item only",
        "hub/outbox/identity.py",
        '_encode(["batch", *requests])',
        '_encode(["batch", *[*requests][:1]])',
        (
            "tests/unit/posting/test_batches.py::"
            "test_the_key_of_a_batch_depends_on_its_items_and_their_order"
        ),
    ),
    Planted(
        "a posting that was in doubt is sent in a batch",
        "hub/posting/protocol/decisions.py",
        "return not (was_declined or is_doubtful(history))",
        "return not was_declined",
        (
            "tests/unit/posting/test_protocol.py::"
            "test_postings_once_in_doubt_or_not_new_transactions_are_not_batched"
        ),
    ),
    Planted(
        "a posting that is absent after a batch keeps its generation",
        "hub/posting/protocol/decisions.py",
        "if history.rekey or (last and (last.batched or is_write_conflict(history))):",
        "if history.rekey or (last and is_write_conflict(history)):",
        (
            "tests/unit/posting/test_batches.py::"
            "test_after_a_lost_answer_each_is_looked_for_and_the_absent_go_singly_under_a_new_key"
        ),
    ),
    Planted(
        "an attempt does not store the batch that it is part of",
        "hub/posting/claims.py",
        '"batch": batch,',
        '"batch": "",',
        (
            "tests/unit/posting/test_batches.py::"
            "test_items_keys_and_bytes_of_a_batch_are_stored_before_the_first_byte_leaves"
        ),
    ),
    Planted(
        "a refusal of the whole batch counts as a refusal of each item",
        "hub/qbo/batch.py",
        "if whole.outcome != SendOutcome.REFUSED:",
        "if whole:",
        (
            "tests/unit/posting/test_batches.py::"
            "test_a_batch_that_is_refused_whole_holds_nobody_and_goes_singly_at_once"
        ),
    ),
    Planted(
        "a response with the marker of another document is accepted",
        "hub/posting/send/requests.py",
        "if marker == job.marker or (not marker and _has_sent_name(job, identity.name)):",
        "if response:",
        (
            "tests/unit/posting/test_batches.py::"
            "test_two_items_whose_answers_are_mixed_up_are_looked_for"
        ),
    ),
    Planted(
        "any response to a document that is sent alone is accepted",
        "hub/posting/send/requests.py",
        "response = _doubt_foreign_response(job, response)",
        "pass",
        "tests/unit/posting/test_send.py::test_an_answer_that_shows_another_document_is_not_believed",
    ),
    Planted(
        "amounts are sent as binary fractions",
        "hub/payloads/encoding.py",
        'return format(value, "f")',
        "return json.dumps(float(value))",
        "tests/unit/payloads/test_payloads.py::test_amounts_are_plain_numbers_in_the_bytes",
    ),
    Planted(
        "the cursor is stored before the documents of its page",
        "hub/collect/commit.py",
        "self._commit(waiting, item)\n",
        "self._commit([], item)\n                    self._commit(waiting)\n",
        "tests/unit/collect/test_run.py::test_a_crash_while_committing_moves_no_cursor",
    ),
    Planted(
        "a receipt is marked as delivered before the source is called",
        "hub/posting/receipt_delivery.py",
        "        try:\n            _call_plugins(self._site, row)",
        (
            "        self._ends.append(_End(row, ReceiptEnd.DELIVERED))\n        try:\n"
            "            _call_plugins(self._site, row)"
        ),
        "tests/unit/posting/test_receipts.py::test_a_receipt_is_repeated_with_growing_pauses",
    ),
    Planted(
        "a scheduled run that is late does not start",
        "hub/scheduling/schedule.py",
        "Schedule.next_due <= now,\n        ~has_open_run,",
        (
            "Schedule.next_due <= now,\n"
            "        Schedule.next_due > now - dt.timedelta(seconds=1),\n        ~has_open_run,"
        ),
        "tests/unit/scheduling/test_schedule.py::test_a_run_never_overlaps_itself",
    ),
    Planted(
        "a request is sent after the deadline of its claim",
        "hub/posting/send/requests.py",
        "until = job.started + posting_session.config.deadline_seconds\n    client",
        "until = job.started + 1_000_000\n    client",
        "tests/unit/posting/test_pipeline.py::test_after_the_deadline_nothing_is_sent",
    ),
    Planted(
        "a read is not repeated after a lost response",
        "hub/qbo/client.py",
        "MAX_READ_ATTEMPTS = 3  #",
        "MAX_READ_ATTEMPTS = 1  #",
        "tests/unit/qbo/test_client.py::test_a_read_whose_response_is_lost_is_repeated_at_once",
    ),
    Planted(
        "an error inside QuickBooks counts as a refusal",
        "hub/posting/protocol/decisions.py",
        'UNRELIABLE_REFUSAL_CODES = ("600", "10000")',
        'UNRELIABLE_REFUSAL_CODES = ("600",)',
        (
            "tests/proofs/test_histories.py::"
            "test_every_recorded_history_takes_the_same_steps_to_the_same_end"
        ),
    ),
    Planted(
        "each throttled response of one burst lowers the rate again",
        "hub/rate_limits/limiter.py",
        "if seconds >= self._limits.period and now >= self._paused_to:",
        "if seconds >= self._limits.period:",
        (
            "tests/unit/rate_limits/test_limiter.py::"
            "test_answers_to_what_was_under_way_when_a_pause_began_slow_down_once"
        ),
    ),
    Planted(
        "the previous refresh token is not tried when the newest one is refused",
        "hub/qbo/oauth/tokens.py",
        "grant = _request_grant([token for token in (latest, previous) if token])",
        "grant = _request_grant([token for token in (latest,) if token])",
        (
            "tests/unit/qbo/test_tokens.py::"
            "test_the_previous_token_is_tried_where_the_newer_one_is_refused"
        ),
    ),
    Planted(
        "the memo in QuickBooks has no marker",
        "hub/outbox/identity.py",
        "return base64.b32encode(digest).decode()[:MARKER_LENGTH]",
        'return ""',
        (
            "tests/unit/posting/test_recovery.py::"
            "test_a_process_that_died_while_sending_leaves_a_doubt_that_another_one_settles"
        ),
    ),
    Planted(
        "a change of a posted document creates a second transaction",
        "hub/collect/operation.py",
        "return cls(posted=writes, current=writes[-1], unfinished=unfinished_posting)",
        "return cls(posted=writes, unfinished=unfinished_posting)",
        (
            "tests/unit/collect/test_run.py::"
            "test_a_change_after_posting_is_an_update_against_what_was_posted"
        ),
    ),
    Planted(
        "a late response to an earlier claim overwrites a settled posting",
        "hub/posting/send/results.py",
        "is_late = posting.fence != job.fence or posting.state not in outbox.IN_FLIGHT",
        "is_late = False",
        (
            "tests/unit/posting/test_pipeline.py::"
            "test_an_answer_to_an_earlier_claim_moves_nothing_that_was_claimed_again"
        ),
    ),
    Planted(
        "a worker sends a posting that another worker has claimed meanwhile",
        "hub/posting/claims.py",
        "is_claimed = fence == fences[id] and state in IN_FLIGHT",
        "is_claimed = True",
        (
            "tests/proofs/test_workers.py::"
            "test_a_worker_that_wakes_after_another_has_finished_overwrites_nothing"
        ),
    ),
    Planted(
        "a pause does not end if the clock is set back",
        "hub/outbox/conditions.py",
        "next_try_at <= now, next_try_at > latest",
        "next_try_at <= now",
        (
            "tests/proofs/test_environment.py::"
            "test_a_waiting_posting_continues_after_the_clock_was_set_back"
        ),
    ),
    Planted(
        "an interrupted token renewal blocks the next one if the clock is set back",
        "hub/qbo/oauth/tokens.py",
        "since <= now - RENEWAL_LEASE, since >= now + RENEWAL_LEASE",
        "since <= now - RENEWAL_LEASE",
        (
            "tests/proofs/test_environment.py::"
            "test_a_renewal_that_died_hinders_nobody_when_the_clock_was_set_back"
        ),
    ),
    Planted(
        "a transaction is removed before the payment that settles it",
        "hub/posting/preflight/load.py",
        "removals=removals.find_pending_removals(session, company_id, targets)",
        "removals={}",
        (
            "tests/unit/posting/test_removals.py::"
            "test_a_removal_that_a_person_skips_holds_the_one_behind_it"
        ),
    ),
    Planted(
        "after a payment is removed, its invoice still counts as settled",
        "hub/qbo/transaction_links.py",
        "head.links, head.balance = remaining, None",
        "pass",
        (
            "tests/unit/posting/test_removals.py::"
            "test_an_invoice_and_its_payment_that_are_deleted_are_both_voided"
        ),
    ),
    Planted(
        "a posting that a check holds is never checked again",
        "hub/posting/preflight/run.py",
        "held_ids = _load_held_ids(posting_session)",
        "held_ids = []",
        (
            "tests/unit/posting/test_removals.py::"
            "test_an_invoice_and_its_payment_that_are_deleted_are_both_voided"
        ),
    ),
    Planted(
        "a new record counts as inactive when the list is read again before QuickBooks lists it",
        "hub/qbo/records.py",
        "before.read_at != row.read_at",
        "before.read_at < row.read_at",
        (
            "tests/unit/qbo/test_records.py::"
            "test_an_entry_that_the_index_does_not_know_yet_stays_however_often_the_list_is_read"
        ),
    ),
    Planted(
        "a customer or supplier is created for a document that is held",
        "hub/posting/send/creations.py",
        "needed_now = graph.with_needs(postable | requested_ids)",
        "needed_now = needed_ids",
        (
            "tests/unit/posting/test_creations.py::"
            "test_a_document_that_is_held_in_a_later_sync_stops_its_new_party"
        ),
    ),
    Planted(
        "a document is checked only after its new customer or supplier was created",
        "hub/posting/preflight/run.py",
        "return sorted({*due, *waiting})",
        "return sorted(due)",
        (
            "tests/unit/posting/test_creations.py::"
            "test_a_document_that_is_held_in_a_later_sync_stops_its_new_party"
        ),
    ),
    Planted(
        "a customer or supplier is created although something else that its document needs is held",
        "hub/posting/send/creations.py",
        "return node.is_ready and all(self.can_be_posted(needed_id) for needed_id in node.needs)",
        "return node.is_ready",
        (
            "tests/unit/posting/test_creations.py::"
            "test_nothing_is_made_for_a_payment_that_waits_for_a_document_that_is_held"
        ),
    ),
    Planted(
        "a customer or supplier that no document needs any more stays planned",
        "hub/posting/send/creations.py",
        "_withdraw(session, unneeded_creations)",
        "pass",
        "tests/unit/posting/test_creations.py::test_a_skipped_document_takes_its_new_party_with_it",
    ),
    Planted(
        "a new customer or supplier gets the home currency instead of that of its document",
        "hub/collect/new_records.py",
        "replace(details, currency=currency)",
        "replace(details, currency=None)",
        (
            "tests/unit/posting/test_creations.py::"
            "test_a_party_without_a_currency_takes_that_of_its_document"
        ),
    ),
    Planted(
        "a customer or supplier in a foreign currency is created in a company with one currency",
        "hub/collect/content.py",
        "if not isinstance(document.details, Party) or operation.update is not None:",
        "if True:",
        (
            "tests/unit/posting/test_creations.py::"
            "test_a_party_of_a_foreign_currency_is_held_where_the_company_keeps_one"
        ),
    ),
    Planted(
        "a document is posted to a new customer or supplier in another currency",
        "hub/posting/preflight/load.py",
        "stored_records | _load_planned_parties(session, postings, facts.currency)",
        "stored_records",
        (
            "tests/unit/posting/test_creations.py::"
            "test_a_party_is_not_made_in_the_currency_of_a_document_that_is_held"
        ),
    ),
    Planted(
        "documents that wait for a new record are sent only in the next run",
        "hub/scheduling/runner.py",
        "if steps.errors or after == before or not activity.may_post(installation):",
        "if True:",
        (
            "tests/stories/test_releases.py::"
            "test_one_client_under_two_ids_is_created_once_and_both_invoices_go_in_one_run"
        ),
    ),
    Planted(
        "a case stays open although its document now waits for something else",
        "hub/collect/finish.py",
        "inbox.detach_all(session, batch.released_ids)",
        "pass",
        (
            "tests/stories/test_releases.py::"
            "test_a_document_that_waits_again_leaves_the_case_of_the_cause_that_held_it"
        ),
    ),
    Planted(
        "an approval ends as soon as one of two missing records is created",
        "hub/outbox/placeholders.py",
        "return _replace_placeholders(payload, _load_known_ids(session, posting_ids))",
        "return payload",
        (
            "tests/stories/test_releases.py::"
            "test_an_approved_invoice_stays_approved_while_its_product_is_not"
        ),
    ),
    Planted(
        "a withdrawn update decides the state of its document",
        "hub/outbox/main_posting.py",
        "{PostingState.POSTED: 1, PostingState.SKIPPED: 2, PostingState.WITHDRAWN: 2}",
        "{PostingState.POSTED: 1, PostingState.SKIPPED: 1, PostingState.WITHDRAWN: 1}",
        (
            "tests/stories/test_document_states.py::"
            "test_a_change_that_was_taken_back_leaves_the_document_posted"
        ),
    ),
    Planted(
        "a document that a person removed counts as posted",
        "hub/outbox/main_posting.py",
        "(posting.operation.in_(REMOVALS), DocumentState.REMOVED)",
        "(posting.operation.in_(REMOVALS), DocumentState.POSTED)",
        (
            "tests/stories/test_document_states.py::"
            "test_a_document_removed_by_a_person_is_removed_everywhere_and_reported"
        ),
    ),
    Planted(
        "a document that was deleted in QuickBooks counts as posted",
        "hub/outbox/main_posting.py",
        "(head.state != TransactionState.LIVE, DocumentState.MISSING)",
        '(head.state == "", DocumentState.MISSING)',
        (
            "tests/stories/test_document_states.py::"
            "test_a_document_deleted_in_quickbooks_is_missing_everywhere"
        ),
    ),
    Planted(
        "the removal of a document is not reported to its source",
        "hub/posting/outcome/record.py",
        "            _report_removal(session, posting)",
        "            pass",
        (
            "tests/stories/test_document_states.py::"
            "test_a_document_removed_by_a_person_is_removed_everywhere_and_reported"
        ),
    ),
    Planted(
        "a change at the source withdraws a removal that a person requested",
        "hub/outbox/conditions.py",
        "    _is_removal_by_person,\n",
        "",
        (
            "tests/stories/test_document_states.py::"
            "test_a_change_during_a_removal_is_offered_and_not_posted"
        ),
    ),
    Planted(
        "the files of a document that is posted again are not attached",
        "hub/collect/attachments.py",
        "return parent.operation == Operation.CREATE",
        "return False",
        "tests/stories/test_document_states.py::test_files_follow_what_is_posted_again",
    ),
    Planted(
        "a document that a person skipped is posted again",
        "hub/posting/actions/manual.py",
        'document.requested_by = ""',
        "pass",
        (
            "tests/stories/test_document_states.py::"
            "test_a_document_skipped_while_it_was_to_be_posted_again_stays_out"
        ),
    ),
    Planted(
        "a document is posted again without checking that QuickBooks no longer has it",
        "hub/posting/protocol/decisions.py",
        "may_be_there = is_doubtful(history) or history.was_posted_before",
        "may_be_there = is_doubtful(history)",
        (
            "tests/stories/test_document_states.py::"
            "test_a_document_that_left_quickbooks_is_posted_again_with_the_current_content"
        ),
    ),
    Planted(
        "a document cannot be removed after an update",
        "hub/posting/actions/undo.py",
        "Posting.id == (newest_id or posting_id)",
        "Posting.id == posting_id",
        (
            "tests/stories/test_document_states.py::"
            "test_a_document_can_be_removed_after_it_was_changed"
        ),
    ),
    Planted(
        "put back overwrites an edit in QuickBooks that the person has not seen",
        "hub/posting/actions/put_back.py",
        'if str(current.get("SyncToken")) != sync_token:',
        "if not sync_token:",
        (
            "tests/unit/posting/test_put_back.py::"
            "test_an_edit_that_the_person_has_not_seen_is_not_written_over"
        ),
    ),
    Planted(
        "planning a document withdraws an update that a person requested with put back",
        "hub/collect/planning.py",
        "    if change.planned == fingerprint and not was_held:\n        return\n",
        "",
        (
            "tests/unit/web/test_put_back.py::"
            "test_a_put_back_is_not_withdrawn_when_the_document_is_planned_again"
        ),
    ),
    Planted(
        "a change that was in doubt stays in the books although its source has taken it back",
        "hub/collect/planning.py",
        'CaseText("posting.same_again"))\n    else:\n        plan.reread = True',
        'CaseText("posting.same_again"))',
        (
            "tests/stories/test_changed_while_in_doubt.py::"
            "test_a_change_that_is_taken_back_meanwhile_does_not_stay_in_the_books"
        ),
    ),
    Planted(
        "a document that was posted again counts as missing, and is posted a second time",
        "hub/outbox/earlier_postings.py",
        "if previous.state != PostingState.WITHDRAWN or operation.operation == Operation.ATTACH:",
        "if previous.state:",
        (
            "tests/stories/test_documents_of_existing_transactions.py::"
            "test_a_document_that_is_posted_again_is_known_to_be_in_the_books"
        ),
    ),
    Planted(
        "a code with the id of a document is created as that document",
        "hub/collect/intake.py",
        "if find_or_add_row(batch, new_record) is None:",
        "if not new_record:",
        (
            "tests/unit/posting/test_creations.py::"
            "test_a_code_with_the_id_of_a_document_is_not_created_as_that"
        ),
    ),
    Planted(
        "the matching page ignores the e-mail address of a code",
        "hub/web/codes/code_view.py",
        "result = find(field, used or plain, match_index)",
        "result = find(field, plain, match_index)",
        (
            "tests/unit/web/test_match_promises.py::"
            "test_a_customer_of_the_same_name_with_another_address_is_not_called_matched"
        ),
    ),
    Planted(
        "the matching page offers to create a record whose name is taken",
        "hub/web/codes/code_view.py",
        "if used is None and match and match.record == NEW:",
        "if match and match.record == NEW:",
        (
            "tests/unit/web/test_match_promises.py::"
            "test_a_client_that_was_called_new_before_its_name_was_taken_is_not_promised"
        ),
    ),
    Planted(
        "the matching page ignores for which code a record was created",
        "hub/web/codes/code_view.py",
        "add_created_records(session, installation, [field], match_index, which)",
        "pass",
        (
            "tests/unit/web/test_match_promises.py::"
            "test_a_namesake_without_an_address_is_not_called_matched"
        ),
    ),
    Planted(
        "a posting stores its reasons as sentences instead of codes",
        "hub/posting/preflight/run.py",
        "    return texts.dump(*reasons)\n",
        "    text = texts.join_reasons(texts.dump(*reasons))\n"
        '    return texts.dump(texts.CaseText("posting.stored_text", text=text))\n',
        "tests/stories/test_reworded_postings.py::test_new_words_for_a_check_that_holds_a_posting_are_no_news",
    ),
    Planted(
        "a stored sentence that is replaced by its code is reported to the source again",
        "hub/posting/unposted_receipts.py",
        "                _store_reasons(session, posting)\n                continue\n",
        "                _store_reasons(session, posting)\n",
        (
            "tests/stories/test_reworded_postings.py::"
            "test_a_sentence_from_before_codes_takes_its_code_and_is_no_news"
        ),
    ),
    Planted(
        "the inbox lists the cases of companies without a role",
        "hub/web/lists/case_list.py",
        "*visible.cases(),",
        "",
        (
            "tests/unit/web/test_company_scope.py::"
            "test_no_page_and_no_file_names_what_a_person_has_no_role_for"
        ),
    ),
    Planted(
        "a search finds the documents of companies without a role",
        "hub/web/lists/document_filters.py",
        "    return query.where(*load_scope().documents(), *conditions)",
        "    return query.where(*conditions)",
        (
            "tests/unit/web/test_company_scope.py::"
            "test_no_page_and_no_file_names_what_a_person_has_no_role_for"
        ),
    ),
    Planted(
        "pruning deletes the content of the newest version of a posting",
        "hub/scheduling/retention.py",
        "        has_content,\n        is_replaced,\n",
        "        has_content,\n",
        "tests/unit/scheduling/test_retention.py::test_only_replaced_versions_lose_their_content",
    ),
    Planted(
        "a role for one company counts for all companies",
        "hub/security/rights.py",
        "    return assigned_part is None or assigned_part == part\n",
        "    return True\n",
        (
            "tests/unit/web/test_access.py::"
            "test_each_person_reaches_what_their_rights_allow_and_nothing_else"
        ),
    ),
    Planted(
        "the rights for a document's page do not depend on its company",
        "hub/security/subjects.py",
        '    frozenset({"document_id"}): (_find_document_target,),\n',
        "",
        (
            "tests/unit/web/test_access.py::"
            "test_each_person_reaches_what_their_rights_allow_and_nothing_else"
        ),
    ),
    Planted(
        "a case is mailed to people without a role for its company",
        "hub/notifications/case_news.py",
        "        role = rights.role(subject)\n",
        "        role = rights.role_within()\n",
        (
            "tests/unit/test_notifications.py::"
            "test_a_case_is_mailed_only_to_those_with_a_role_for_its_company_and_app"
        ),
    ),
    Planted(
        "a part is released because another part of the document has its marker",
        "hub/posting/recovery/startup_scan.py",
        "            if find_own_objects(candidate.history):",
        "            if candidate.history.search_results:",
        (
            "tests/unit/posting/test_recovery.py::"
            "test_a_part_that_is_not_to_be_sent_stays_as_it_is_once_another_one_is_posted"
        ),
    ),
    Planted(
        "a document is created although QuickBooks refused to list its kind",
        "hub/posting/preflight/checks.py",
        "    (check_listing, CREATIONS_ONLY),\n",
        "",
        (
            "tests/unit/posting/test_refused_kinds.py::"
            "test_a_held_document_that_an_older_database_had_posted_is_found_when_its_kind_is_listed"
        ),
    ),
    Planted(
        "a kind is searched for its markers before its transactions were downloaded",
        "hub/posting/recovery/startup_scan.py",
        "unsearched_kinds[kind].is_indexed and not was_refused:",
        "not was_refused:",
        (
            "tests/stories/test_unlisted_kinds.py::"
            "test_nothing_is_posted_before_the_transactions_to_compare_with_were_downloaded"
        ),
    ),
    Planted(
        "a kind that QuickBooks refused to list counts as searched after a restore",
        "hub/posting/recovery/complete_search.py",
        "    return company.restored_until is not None and kind not in load_unsearched(company)",
        "    return company.restored_until is not None",
        (
            "tests/unit/posting/test_refused_kinds.py::"
            "test_a_person_is_asked_about_what_may_have_been_deleted_before_the_kind_was_listed"
        ),
    ),
    Planted(
        "a posting that was found by its marker is sent if its transaction cannot be read",
        "hub/posting/recovery/startup_scan.py",
        "    _doubt_if_unread(posting_session, marked_snapshots)\n",
        "",
        (
            "tests/unit/posting/test_recovery.py::"
            "test_a_bill_that_an_older_database_had_posted_is_not_sent_while_it_cannot_be_read"
        ),
    ),
    Planted(
        "two parts of a document are recorded as one transaction",
        "hub/posting/recovery/resolve.py",
        "        if _is_adopted_elsewhere(session, snapshot, step):\n            return\n",
        "",
        (
            "tests/unit/posting/test_recovery.py::"
            "test_each_part_that_an_older_database_had_posted_is_found_once"
        ),
    ),
    Planted(
        "a transaction counts as deleted although a query shows it",
        "hub/posting/recovery/single_read.py",
        "        _require_unlisted(posting_session, kind, id)\n    else:",
        "        pass\n    else:",
        (
            "tests/unit/posting/test_changes.py::"
            "test_one_answer_that_a_listed_transaction_is_not_there_is_not_believed"
        ),
    ),
    Planted(
        "a batch that may have arrived twice is sent again document by document",
        "hub/qbo/batch.py",
        "    if whole.code == BUSINESS_RULE_CODE:",
        "    if False:",
        (
            "tests/unit/posting/test_batches.py::"
            "test_a_batch_that_is_refused_although_it_is_done_has_nothing_sent_again"
        ),
    ),
    Planted(
        "after a restore a document is posted beside its transaction of another kind",
        "hub/posting/preflight/checks.py",
        "    (duplicate_checks.check_other_kinds, CREATIONS_ONLY),\n",
        "",
        (
            "tests/unit/posting/test_recovery.py::test_after_a_restore_a_document_of_another_kind"
            "_is_not_posted_beside_the_first"
        ),
    ),
    Planted(
        "what was checked before a search after a restore is sent without another check",
        "hub/posting/recovery/restore.py",
        "where(is_chosen).values(checked_at=None)",
        "where(is_chosen).values(checked_at=Posting.checked_at)",
        (
            "tests/unit/posting/test_recovery.py::test_after_a_restore_a_document_of_another_kind"
            "_is_not_posted_beside_the_first"
        ),
    ),
    Planted(
        "a document that was withdrawn before its transaction was found is not read again",
        "hub/posting/outcome/record.py",
        "    if snapshot.posting.state in POSSIBLY_OUTDATED:",
        "    if snapshot.posting.state not in outbox.IN_FLIGHT + POSSIBLY_OUTDATED:",
        (
            "tests/stories/test_adopted_documents.py::"
            "test_a_transaction_that_its_source_no_longer_wants_is_removed"
        ),
    ),
    Planted(
        "a transaction that is found is not compared in the records that its document waits for",
        "hub/posting/outcome/response_comparison.py",
        "describe_differences(expected_summary, current, name_of=name_of)",
        "describe_differences(posting.summary, current, name_of=name_of)",
        (
            "tests/stories/test_adopted_documents.py::"
            "test_a_person_is_asked_about_a_transaction_whose_document_has_a_new_supplier_since"
        ),
    ),
    Planted(
        "a bill is posted without the order that could not be read yet",
        "hub/collect/links.py",
        "        if not creation.kind:\n            return None\n",
        "",
        (
            "tests/stories/test_waiting_documents.py::"
            "test_a_document_that_could_not_be_read_at_first_is_linked_once_it_can"
        ),
    ),
    Planted(
        "a permission to overwrite covers versions that the person has not seen",
        "hub/posting/protocol/candidates.py",
        'history.overwrite_permitted == f"{current.id}:{current.token}"',
        'history.overwrite_permitted.startswith(f"{current.id}:")',
        (
            "tests/unit/posting/test_changes.py::"
            "test_a_permission_to_overwrite_ends_with_the_next_edit"
        ),
    ),
    Planted(
        "a removal of a transaction that a bank reconciliation covers is sent without a question",
        "hub/posting/preflight/bank_checks.py",
        "    if posting.operation in REMOVALS:\n        return True\n",
        "    if posting.operation in REMOVALS:\n        return False\n",
        (
            "tests/stories/test_reconciled_transactions.py::"
            "test_a_removal_asks_a_person_and_is_carried_out_if_it_is_permitted"
        ),
    ),
    Planted(
        "a permission to overwrite covers content that the source has given since",
        "hub/outbox/planning.py",
        '    posting.overwrite_permitted = ""\n',
        "    pass\n",
        (
            "tests/stories/test_reconciled_transactions.py::"
            "test_a_permission_ends_when_the_source_changes_the_document_again"
        ),
    ),
    Planted(
        "a page that was opened before an edit permits to overwrite it",
        "hub/posting/actions/overwrites.py",
        "or current.token != sync_token",
        "or not sync_token",
        (
            "tests/unit/web/test_inbox.py::"
            "test_a_page_that_was_opened_before_an_edit_does_not_permit_to_overwrite_it"
        ),
    ),
    Planted(
        "a transaction is rejected that nobody was asked about",
        "hub/posting/actions/manual.py",
        "        _require_match_in_question(session, posting, quickbooks_id)",
        "        pass",
        (
            "tests/unit/posting/test_manual.py::"
            "test_a_transaction_that_no_case_asks_about_cannot_be_rejected"
        ),
    ),
    Planted(
        "two documents with one number are both posted if they come in one run",
        "hub/posting/preflight/unsent_twins.py",
        "                if is_number_conflict(posting, kind, other.party, other.total):",
        "                if not other.id:",
        (
            "tests/unit/posting/test_number_twins.py::"
            "test_one_number_twice_in_a_run_is_the_case_of_a_later_run"
        ),
    ),
    Planted(
        "an item of a lost batch is sent again with a key that protects nothing",
        "hub/posting/outcome/record.py",
        "        if snapshot.batch_key and not snapshot.history.rekey:",
        "        if not snapshot.batch_key:",
        (
            "tests/unit/posting/test_batches.py::"
            "test_a_lost_batch_is_not_posted_twice_while_the_index_is_behind"
        ),
    ),
)
