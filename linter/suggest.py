"""Suggestions for misspelt words, from the known words that ``difflib`` finds similar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from os.path import commonprefix


@lru_cache(maxsize=128)
def _prepared(known: tuple[str, ...]) -> tuple[int, list[tuple[str, int, int]]]:
    """The length of the longest word, and each word with its length and letters, cached because the same words are asked for often."""
    longest = max(map(len, known), default=0)
    return longest, [(one, len(one), _letters(one, longest)) for one in dict.fromkeys(known)]


@lru_cache(maxsize=5_000)
def _near(word: str, known: tuple[str, ...], cutoff: float) -> list[str]:
    """All known words with a ratio of at least ``cutoff``, the nearest first, as in ``difflib.get_close_matches``.

    Only words that share enough letters are compared, so a file full of unknown names costs some 50 microseconds for each, and a very long
    word costs nothing. Several rules and fixes ask for the same word in a row.
    """
    longest, every = _prepared(known)
    if 2 * longest < cutoff * (len(word) + longest) - 1:
        return []
    size, letters = len(word), _letters(word, longest)
    likely = [one for one, length, its in every if 2 * (its & letters).bit_count() >= cutoff * (length + size) - 1]
    if not likely:
        return []
    from difflib import get_close_matches  # only where some are

    return get_close_matches(word, likely, len(likely), cutoff)


def _letters(word: str, longest: int) -> int:
    """A multiset of letters as bits, some letters in common fields: two words share at most as many letters as bits."""
    fields: Counter[int] = Counter(ord(letter) % 32 for letter in word)
    return sum((1 << min(count, longest)) - 1 << field * longest for field, count in fields.items())


def nearest(word: str, known: Iterable[str], cutoff: float) -> str | None:
    """The known word with the highest ``SequenceMatcher.ratio``; None where none is at least ``cutoff`` (0 to 1)."""
    return next(iter(_near(word, tuple(known), cutoff)), None)


def only_near(word: str, known: Iterable[str], cutoff: float) -> str | None:
    """The only known word that is similar to this one; None if there are none or several."""
    near = _near(word, tuple(known), cutoff)
    return near[0] if len(near) == 1 else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean "x"?`` for the nearest known word, else nothing."""
    near = nearest(word, known, 0.6)
    return f'; did you mean "{near}"?' if near is not None else ""


def choice_meant(word: str, choices: Iterable[str]) -> str:
    """The same for one of a few words, where a prefix is enough: ``prod`` is ``production``."""
    choices = list(choices)
    begun = [one for one in choices if len(word) > 1 and one.startswith(word.lower())]
    return f'; did you mean "{begun[0]}"?' if len(begun) == 1 else did_you_mean(word.lower(), choices)


def is_slip(word: str, other: str) -> bool:
    """Whether a word differs from another only by one missing, extra or wrong letter, or by two swapped letters."""
    for _ in range(2):  # without the letters that both begin with, then without those that both end with
        same = len(commonprefix((word, other)))
        word, other = word[same:][::-1], other[same:][::-1]
    return max(len(word), len(other)) <= 1 or (len(word) == len(other) == 2 and word == other[::-1])
