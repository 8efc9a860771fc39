"""What was probably meant by a word that nobody knows, as ``difflib`` says it; that is imported for very long words only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import takewhile

from .typed import Any, Final

_MOST_KEPT: Final = 5_000
"""Answers that are kept at most: several rules and fixes ask for the same word, one after the other."""
_FEW: Final = 4
"""Words that are looked for one by one among the known ones: to know the letters of all of these takes as long."""
_LONG: Final = 200
"""Letters from which on ``difflib`` passes over those that are frequent in a word."""


class Words:
    """Words among which the one is looked for that is most like another.

    The answer is that of ``difflib.get_close_matches(word, known, n=1, cutoff=cutoff)``; but what cannot be near is passed over before
    anything is compared, so that a file full of unknown names costs a few microseconds for each. A word of any length is as cheap as the
    longest known one.
    """

    __slots__ = ("_answers", "_index", "_known", "_longest")

    def __init__(self, known: Iterable[str]) -> None:
        self._known = list(dict.fromkeys(known))
        self._longest = max(map(len, self._known), default=0)
        self._index: _Index | None = None
        self._answers: dict[tuple[str, float], tuple[str, ...]] = {}

    def nearest(self, word: str, cutoff: float) -> str | None:
        """The known word that is most like this one, if it is at least as like as ``cutoff`` (0 to 1) asks."""
        near = self.near(word, cutoff)
        return near[0] if near else None

    def near(self, word: str, cutoff: float) -> tuple[str, ...]:
        """All known words that are as like this one as ``cutoff`` asks, the nearest first."""
        if not _is_enough(2 * self._longest, len(word) + self._longest, cutoff):
            return ()  # longer than anything that it could be near to
        key = (word, cutoff)
        near = self._answers.get(key)
        if near is None:
            _make_room(self._answers)
            near = self._answers[key] = self._near(word, cutoff)
        return near

    def _near(self, word: str, cutoff: float) -> tuple[str, ...]:
        found: list[tuple[float, str]] = []
        places = _places(word)
        least: dict[int, int] = {}
        """The letters in common that are enough, by the length of the other word."""
        for one in self._likely(word, cutoff):
            length = len(one)
            if length not in least:
                least[length] = _enough(len(word) + length, cutoff)
            if (
                # Most words have too many letters of their own: that is seen sooner.
                sum(map(places.__contains__, one)) >= least[length]
                and sum(map(one.__contains__, word)) >= least[length]
                and _in_common(word, places, one) >= least[length]
                and (likeness := _likeness(one, word)) >= cutoff
            ):
                found.append((likeness, one))
        return tuple(one for _, one in sorted(found, reverse=True))

    def _likely(self, word: str, cutoff: float) -> Iterable[str]:
        """The known words of which some may be near to a word."""
        if self._index is None:
            if len(self._answers) < _FEW:
                length = len(word)
                return [one for one in self._known if _is_enough(2 * min(length, len(one)), length + len(one), cutoff)]
            self._index = _Index(self._known)
        return self._index.likely(word, cutoff)


class _Index:
    """Words by their lengths and letters."""

    __slots__ = ("_by_length", "_fields", "_likely")

    def __init__(self, known: Iterable[str]) -> None:
        counted = [(one, Counter(one)) for one in known]
        self._fields = _fields(letters for _, letters in counted)
        self._by_length: dict[int, list[tuple[str, int]]] = {}
        for one, letters in counted:
            self._by_length.setdefault(len(one), []).append((one, self._letters(letters)))
        self._likely: dict[tuple[int, int, float], list[str]] = {}
        """The words that have enough letters of another one, by those letters, its length and the cutoff."""

    def likely(self, word: str, cutoff: float) -> list[str]:
        """The words that have enough letters of another one to be near to it."""
        key = (self._letters(Counter(word)), len(word), cutoff)
        likely = self._likely.get(key)
        if likely is None:
            _make_room(self._likely)
            likely = self._likely[key] = self._with_letters(*key)
        return likely

    def _with_letters(self, letters: int, length: int, cutoff: float) -> list[str]:
        """The known words that share so many letters with a word of some length that they can be near to it."""
        likely: list[str] = []
        for other, words in self._by_length.items():
            if _is_enough(2 * min(length, other), length + other, cutoff):
                likely += [one for one, its_letters in words if _is_enough(2 * (letters & its_letters).bit_count(), length + other, cutoff)]
        return likely

    def _letters(self, letters: Counter[str]) -> int:
        """A multiset of letters as bits: the bits that two of them share are the letters that they share."""
        bits = 0
        for letter, count in letters.items():
            start, width = self._fields.get(letter, (0, 0))
            bits |= ((1 << min(count, width)) - 1) << start
        return bits


def _make_room(kept: dict[Any, Any]) -> None:
    """Forget what is kept where it is much: what follows each other in a file asks for the same."""
    if len(kept) >= _MOST_KEPT:
        kept.clear()


def _is_enough(twice_in_common: int, letters: int, cutoff: float) -> bool:
    """Whether two words with so many letters in all can be near enough, by the formula of ``SequenceMatcher.ratio``."""
    return not letters or twice_in_common / letters >= cutoff


def _enough(letters: int, cutoff: float) -> int:
    """How many letters two words must have in common at least to be near enough, that have so many in all."""
    fewest = max(int(cutoff * letters / 2) - 1, 0)
    return next(common for common in range(fewest, letters + 1) if _is_enough(2 * common, letters, cutoff))


def _likeness(one: str, word: str) -> float:
    """``SequenceMatcher(a=one, b=word).ratio()``."""
    if len(word) >= _LONG:
        from difflib import SequenceMatcher  # only for words that have no name

        return SequenceMatcher(None, one, word).ratio()
    letters = len(one) + len(word)
    return 2 * _matching(one, word) / letters if letters else 1.0


def _matching(one: str, other: str) -> int:
    """How many letters ``SequenceMatcher`` matches: those of the longest part of both, and in the same way of what is on either side.

    Of several longest parts it is the first in one word, and of that the first in the other.
    """
    if not one or not other:
        return 0
    for length in range(min(len(one), len(other)), 0, -1):
        for start in range(len(one) - length + 1):
            at = other.find(one[start : start + length])
            if at >= 0:
                return length + _matching(one[:start], other[:at]) + _matching(one[start + length :], other[at + length :])
    return 0


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


def _places(word: str) -> dict[str, int]:
    """The places of each letter in a word, as bits."""
    places: dict[str, int] = {}
    for index, letter in enumerate(word):
        places[letter] = places.get(letter, 0) | 1 << index
    return places


def _in_common(word: str, places: Mapping[str, int], other: str) -> int:
    """The length of the longest common subsequence; no matching of ``difflib`` has more letters (Hyyrö, "Bit-parallel LCS", 2004)."""
    everything = (1 << len(word)) - 1
    row = everything
    for letter in other:
        matched = row & places.get(letter, 0)
        row = (row + matched | row - matched) & everything
    return len(word) - row.bit_count()


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
    same = takewhile(lambda pair: pair[0] == pair[1], zip(word, other, strict=False))
    start = sum(1 for _ in same)
    word, other = word[start:], other[start:]
    while word and other and word[-1] == other[-1]:
        word, other = word[:-1], other[:-1]
    return max(len(word), len(other)) <= 1 or (len(word) == len(other) == 2 and word == other[::-1])
