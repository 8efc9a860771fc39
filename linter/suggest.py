"""Suggestions for misspelt words: what ``difflib`` finds among the known ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from os.path import commonprefix

_MOST_KEPT = 5_000
"""Answers of a :class:`Words` that are cached: several rules and fixes ask for the same word, one after the other."""


class Words:
    """Words among which the nearest to another word is looked for.

    The answers are those of ``difflib.get_close_matches``. Only words that share enough letters with another are compared with it, so a
    file full of unknown names costs some 50 microseconds for each, and a very long word costs nothing.
    """

    def __init__(self, known: Iterable[str]) -> None:
        known = list(dict.fromkeys(known))
        self._longest = max(map(len, known), default=0)
        self._known = [(one, len(one), self._letters(one)) for one in known]
        self.near = lru_cache(_MOST_KEPT)(self._near)

    def nearest(self, word: str, cutoff: float) -> str | None:
        """The known word with the highest ``SequenceMatcher.ratio``; None where none is at least ``cutoff`` (0 to 1)."""
        return next(iter(self.near(word, cutoff)), None)

    def _near(self, word: str, cutoff: float) -> list[str]:
        """All known words with a ratio of at least ``cutoff``, the nearest first."""
        if 2 * self._longest < cutoff * (len(word) + self._longest) - 1:
            return []
        size, letters = len(word), self._letters(word)
        likely = [one for one, length, its in self._known if 2 * (its & letters).bit_count() >= cutoff * (length + size) - 1]
        if not likely:
            return []
        from difflib import get_close_matches  # only where some are

        return get_close_matches(word, likely, len(likely), cutoff)

    def _letters(self, word: str) -> int:
        """A multiset of letters as bits, some letters in common fields: two words share at most as many letters as bits."""
        fields: Counter[int] = Counter(ord(letter) % 32 for letter in word)
        return sum((1 << min(count, self._longest)) - 1 << field * self._longest for field, count in fields.items())


@lru_cache(maxsize=128)
def _words(known: tuple[str, ...]) -> Words:
    """The same words again and again: rules, operators, settings. They are made from what is built in and from rule files only."""
    return Words(known)


def nearest(word: str, known: Iterable[str], cutoff: float) -> str | None:
    """The known word that is most like this one; see :class:`Words`."""
    return _words(tuple(known)).nearest(word, cutoff)


def only_near(word: str, known: Iterable[str], cutoff: float) -> str | None:
    """The only known word that is like this one; None where none is, or several are."""
    near = _words(tuple(known)).near(word, cutoff)
    return near[0] if len(near) == 1 else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean "x"?`` for the nearest known word, else nothing."""
    near = nearest(word, known, 0.6)
    return f'; did you mean "{near}"?' if near is not None else ""


def choice_meant(word: str, choices: Iterable[str]) -> str:
    """The same for one of a few words, of which the beginning of one is enough: ``prod`` is ``production``."""
    choices = list(choices)
    begun = [one for one in choices if len(word) > 1 and one.startswith(word.lower())]
    return f'; did you mean "{begun[0]}"?' if len(begun) == 1 else did_you_mean(word.lower(), choices)


def is_slip(word: str, other: str) -> bool:
    """Whether a word is another one but for a letter that is missing, one too many or wrong, or for two that have changed places."""
    for _ in range(2):  # without the letters that both begin with, then without those that both end with
        same = len(commonprefix((word, other)))
        word, other = word[same:][::-1], other[same:][::-1]
    return max(len(word), len(other)) <= 1 or (len(word) == len(other) == 2 and word == other[::-1])
