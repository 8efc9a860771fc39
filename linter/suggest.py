"""What was probably meant by a word that nobody knows: the only user of ``difflib``, which is imported after a mistake only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from itertools import takewhile


class Words:
    """Words among which the one is looked for that is most like another.

    The answer is that of ``difflib.get_close_matches(word, known, n=1, cutoff=cutoff)``; but what cannot be near is passed over before
    anything is compared, so that a file full of unknown names costs a few microseconds for each. A word of any length is as cheap as the
    longest known one.
    """

    __slots__ = ("_fields", "_known", "_longest")

    def __init__(self, known: Iterable[str]) -> None:
        counted = [(one, Counter(one)) for one in dict.fromkeys(known)]
        self._fields = _fields(letters for _, letters in counted)
        self._known = [(one, self._letters(letters)) for one, letters in counted]
        self._longest = max((len(one) for one, _ in self._known), default=0)

    def nearest(self, word: str, cutoff: float) -> str | None:
        """The known word that is most like this one, if it is at least as like as ``cutoff`` (0 to 1) asks."""
        if not self._could_be(2 * self._longest, len(word) + self._longest, cutoff):
            return None  # longer than anything that it could be near to
        letters = self._letters(Counter(word))
        likely = [
            one
            for one, its_letters in self._known
            if self._could_be(2 * (letters & its_letters).bit_count(), len(word) + len(one), cutoff)
            and self._could_be(2 * _in_common(word, one), len(word) + len(one), cutoff)
        ]
        if not likely:
            return None
        import difflib

        return next(iter(difflib.get_close_matches(word, likely, n=1, cutoff=cutoff)), None)

    @staticmethod
    def _could_be(twice_in_common: int, letters: int, cutoff: float) -> bool:
        """Whether two words with so many letters in all can be near enough, by the formula of ``SequenceMatcher.ratio``."""
        return not letters or twice_in_common / letters >= cutoff

    def _letters(self, letters: Counter[str]) -> int:
        """A multiset of letters as bits: the bits that two of them share are the letters that they share."""
        bits = 0
        for letter, count in letters.items():
            start, width = self._fields.get(letter, (0, 0))
            bits |= ((1 << min(count, width)) - 1) << start
        return bits


def _fields(words: Iterable[Counter[str]]) -> dict[str, tuple[int, int]]:
    """For each letter where its bits start, and how many it has: as many as some word has of it."""
    most: Counter[str] = Counter()
    for letters in words:
        most |= letters
    fields: dict[str, tuple[int, int]] = {}
    start = 0
    for letter, width in most.items():
        fields[letter] = (start, width)
        start += width
    return fields


def _in_common(word: str, other: str) -> int:
    """The length of the longest common subsequence; no matching of ``difflib`` has more letters (Hyyrö, "Bit-parallel LCS", 2004)."""
    places: dict[str, int] = {}
    for index, letter in enumerate(other):
        places[letter] = places.get(letter, 0) | 1 << index
    everything = (1 << len(other)) - 1
    row = everything
    for letter in word:
        matched = row & places.get(letter, 0)
        row = (row + matched | row - matched) & everything
    return len(other) - row.bit_count()


@lru_cache(maxsize=32)
def _words(known: tuple[str, ...]) -> Words:
    """The same words again and again: rules, operators, settings. They are made from what is built in and from rule files only."""
    return Words(known)


def nearest(word: str, known: Iterable[str], cutoff: float) -> str | None:
    """The known word that is most like this one; see :class:`Words`."""
    return _words(tuple(known)).nearest(word, cutoff)


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
    same = takewhile(lambda pair: pair[0] == pair[1], zip(word, other, strict=False))
    start = sum(1 for _ in same)
    word, other = word[start:], other[start:]
    while word and other and word[-1] == other[-1]:
        word, other = word[:-1], other[:-1]
    return max(len(word), len(other)) <= 1 or (len(word) == len(other) == 2 and word == other[::-1])
