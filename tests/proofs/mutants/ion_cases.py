"""Mutants of the ION rows about cases and mails about them."""

from tests.proofs.mutants.mutant import Mutant

ION_CASES: tuple[Mutant, ...] = (
    Mutant(
        row="ION-21",
        place="hub/collect/findings.py",
        old="cause=build_match_cause(installation.id, missing.field, missing.code)",
        new='cause=build_match_cause(installation.id, missing.field, f"{missing.code} {title}")',
        bug="Each order opens a case of its own for one cause.",
    ),
    Mutant(
        row="ION-21",
        place="hub/reasons/catalogue/collecting.py",
        old='title="QuickBooks has no {code:called}"',
        new='title="QuickBooks has no such record"',
        bug="A case does not name what is out of step.",
    ),
    Mutant(
        row="ION-22",
        place="hub/notifications/mail.py",
        old='{"mailed_at": current_hub().clock.now()}',
        new='{"mailed_at": None}',
        bug="The same cause is mailed again and again.",
    ),
    Mutant(
        row="ION-22",
        place="hub/notifications/case_news.py",
        old='        if is_enough(role, "operator"):\n',
        new='        if role != "operator":\n',
        bug="Those who look only are mailed, operators are not.",
    ),
    Mutant(
        row="ION-22",
        place="hub/notifications/case_news.py",
        old='        if is_enough(role, "operator"):\n',
        new='        if is_enough(role, "viewer"):\n',
        bug="Those who look only are mailed, too.",
    ),
    Mutant(
        row="ION-22",
        place="hub/notifications/case_news.py",
        old="        role = rights.role(subject)\n",
        new="        role = max((right.role for right in rights.rights), default='')\n",
        bug="Operators of other apps and companies are mailed, too.",
    ),
    Mutant(
        row="ION-22",
        place="hub/notifications/mail.py",
        old=(
            "            subject = case_news.compose_title(missing, news.company_names)\n"
            "            text = case_news.compose_text(missing, news)\n"
            "        if _try_to_send(address, subject, text, outcome):\n"
        ),
        new=(
            "            pass\n"
            "        for one in missing:\n            _try_to_send(address, "
            "case_news.compose_title([one], news.company_names), "
            "case_news.compose_text([one], news), outcome)\n"
            "        if not outcome.is_server_down:\n"
        ),
        bug="Each cause is a message of its own.",
    ),
    Mutant(
        row="ION-23",
        place="hub/web/cases/case_acts.py",
        old="    reasons = retry(ids, person_name())\n",
        new="    reasons = retry(ids[:1], person_name())\n",
        bug="The button of a cause sends one order only.",
    ),
    Mutant(
        row="ION-23",
        place="hub/web/cases/case_acts.py",
        old="    retries.retry(posting_id, person_name())\n",
        new="",
        bug="The button of one order does nothing.",
    ),
    Mutant(
        row="ION-23",
        place="hub/collect/reread.py",
        old="RELEASED_BY_READING = (Holder.SOURCE, Holder.MAPPING, Holder.PREFLIGHT)",
        new="RELEASED_BY_READING = (Holder.SOURCE, Holder.PREFLIGHT)",
        bug="What a missing code stopped is not sent once the code is there.",
    ),
)
