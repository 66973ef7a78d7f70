"""The rules for passwords: length, common words, and the person's own name."""

import pytest

from hub.errors import Refused
from hub.security import passwords
from hub.security.password_hashing import MAX_PASSWORD_LENGTH


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "at least 12 characters"),
        ("elevenchars", "at least 12 characters"),
        ("x" * 1001, "at most 1,000 characters"),
        ("correct horse \ud800 staple", "cannot be stored"),
        ("correct horse \0 staple", "cannot be stored"),
        ("password1234", "too easy to guess"),
        ("aaaaaaaaaaaaaaaa", "too easy to guess"),
        ("abcdefghijklmnop", "too easy to guess"),
        ("123456789012345", "too easy to guess"),
        ("qwertyuiop123", "too easy to guess"),
        ("P@ssw0rd12345", "too easy to guess"),
        ("sommersommer1", "too easy to guess"),
        ("Velkommen2026", "too easy to guess"),
        ("Sommer2026!!", "too easy to guess"),
        ("olga.nordvik2026", "little more than your name"),
        ("OlgaNordvik1!", "little more than your name"),
        ("quickbookshub1", "little more than your name"),
        ("QuickBooks2026", "little more than your name"),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused(password, reason):
    with pytest.raises(Refused, match=reason):
        passwords.require_good(password, "Olga.Nordvik@example.com")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "X7f-Kq2mVz9p",
        "kjæledyr på månen igjen",
        "🐎 akkumulator stift 🐎 mynte",
        "".join(f"{number * 7919:x}" for number in range(1, 300))[:1000],
    ],
)
def test_a_password_that_is_hard_to_guess_is_accepted(password):
    passwords.require_good(password, "Olga.Nordvik@example.com")


def test_the_longest_password_is_checked_in_little_time():
    """The analysis takes longer than linear time, so it ends after a fixed number of characters."""
    assert passwords.ANALYSED_LENGTH < MAX_PASSWORD_LENGTH
    assert "too easy" in passwords.find_problem("1234567890" * 25)
