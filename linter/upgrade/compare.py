"""What a newer release makes of a configuration compared with an older one, found by loading it as each of them does."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from itertools import count

from .. import model
from ..conformance.mismatch import mismatch_of
from ..conformance.values import outcome, so
from ..model import ABSENT, UNKNOWN, Document, SettingPath, prefixes
from ..redaction.numbers import number_text
from ..release import Release
from ..server.effective import Effective, effective_settings, visible_effective
from ..server.loader import Stop, coercion_of, converted
from ..server.shown import catalogue_of, shown_name, visible
from ..settings import Setting, page_link
from ..settings.env_names import variable_of
from ..settings.kinds import DOCUMENT_KINDS, catalogue_kind
from ..settings.releases import RELEASES
from ..typed import Any, Final, NamedTuple
from .notes import Kind, Note, Notes, SettingNote, UpgradeChange

Key = tuple[str, str, str | None, int]
"""The identity of a document, whatever release loads it: file, kind, environment, and a number if that is not enough."""
_RELEASE_PAGE: Final = "https://github.com/medplum/medplum/releases/tag/v{}"


class View:
    """A document as one release holds it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.release = document.server.release
        self.known = catalogue_of(document)

    @cached_property
    def rows(self) -> Mapping[SettingPath, Effective]:
        """Every setting that it gives, and the defaults of those that it does not."""
        return {row.path: row for row in effective_settings(self.document, defaults=True)}

    @cached_property
    def given(self) -> frozenset[SettingPath]:
        """The paths of what it gives, and of their parents."""
        paths = [path for path, row in self.rows.items() if row.line is not None]
        return frozenset(one for path in paths for one in prefixes(path))

    @cached_property
    def read(self) -> Mapping[SettingPath, Effective]:
        """What it gives and the release is known to read. Null counts as not given."""
        given = {path: row for path, row in self.rows.items() if row.line is not None and row.written is not None}
        return {path: row for path, row in given.items() if self.reads(path)}

    def reads(self, path: SettingPath) -> bool | None:
        """Whether the release reads a path: the setting, all of its parents, or the object it is passed on in. None: not known."""
        holder: Setting | None = None
        answer: bool | None = True
        for one in prefixes(path):
            setting = self.known.get(one)
            if setting is None:
                return answer if holder is not None and (holder.pass_through or isinstance(one[-1], int)) else False
            reads = setting.is_read_by(self.release)
            if reads is False:
                return False
            answer = answer and reads
            holder = setting
        return answer

    def setting(self, path: SettingPath) -> Setting:
        """The setting at a path, or an empty one if it is not known."""
        return self.known.get(path) or NO_SETTING

    def name(self, path: SettingPath) -> str:
        """The name of a setting as it may be shown."""
        return shown_name(self.known, path)

    def shown(self, path: SettingPath) -> Any:
        """The value at a path, as it may be shown."""
        row = self.rows.get(path)
        return visible_effective(self.known, row) if row is not None else visible(self.known, path, self.document.get(path))


NO_SETTING: Final = Setting("", {"status": ""})
"""Stands for a setting that the catalogue lacks."""


def default_where_read(setting: Setting, release: Release) -> Any:
    """The default of a setting in a release that reads it, or has a default all the same; ``UNKNOWN`` if that is not known.

    ``ABSENT`` if there is none, or if it is only known in words.
    """
    reads = setting.is_read_by(release)
    default = setting.literal_default_in(release) if reads or setting.default_history else None
    return UNKNOWN if reads is None else ABSENT if default is None else default


_LIMITS: Final = frozenset({("defaultRateLimit",), ("defaultAuthRateLimit",), ("defaultLoginRateLimit",)})
_NUMBERS_ONLY: Final = Release((5, 1, 8))
"""The first release that accepts a limit only if it is a number (``getRateLimitForRequest`` in ``ratelimit.ts``)."""


def is_ignored(path: SettingPath, value: Any, release: Release) -> bool:
    """Whether a release ignores a value, which is text, in favour of its default."""
    return release >= _NUMBERS_ONLY and isinstance(value, str) and path in _LIMITS


class History:
    """The documents of a run as each release loads them."""

    def __init__(self, load: Callable[[Release], Iterable[Document]], oldest: Release, newest: Release) -> None:
        self._between = [*(release for release in RELEASES if oldest < release < newest), newest]
        self.oldest = oldest
        self.newest = newest
        self.at = cache(lambda release: _views(load(release)))
        """The documents as a release loads them."""

    def began(self, pair: Pair, holds: Callable[[View], bool]) -> Release:
        """The first release in which something is true of a document, if it is false for the oldest and true for the newest."""
        return self.turn(lambda release: holds(self.at(release).get(pair.key, pair.old)))

    def turn(self, holds: Callable[[Release], bool]) -> Release:
        """The first release in which something is true, if it is false for the oldest and true for the newest."""
        return self._between[bisect_left(self._between, True, hi=len(self._between) - 1, key=holds)]


def _views(documents: Iterable[Document]) -> Mapping[Key, View]:
    numbers: dict[tuple[str, str, str | None], Iterator[int]] = defaultdict(count)
    names = ((document, (document.uri, document.kind, document.environment)) for document in documents)
    return {(*name, next(numbers[name])): View(document) for document, name in names}


class Pair(NamedTuple):
    """One document as the oldest and as the newest release loads it."""

    key: Key
    old: View
    new: View


def pairs(history: History) -> list[Pair]:
    """The documents that both releases have, in the order of the newest."""
    before = history.at(history.oldest)
    return [Pair(key, before[key], view) for key, view in history.at(history.newest).items() if key in before]


def change_of(
    view: View,
    path: SettingPath,
    release: Release,
    kind: Kind,
    message: str,
    note: SettingNote | Note | None = None,
    before: Any = ABSENT,
    after: Any = ABSENT,
) -> UpgradeChange:
    """A change that a document shows at a path, with the link of a note about it, of the setting, or of the release."""
    document = view.document
    link = (note.link if note is not None else "") or page_link(view.setting(path)) or _RELEASE_PAGE.format(release)
    hand, span = note is None or note.hand, document.locate(path) if path in view.given else None
    return UpgradeChange(
        release, kind, message, link, hand, view.name(path) if path else "", before, after, document.written_in(path)[0], path or None, span
    )


def read_changes(history: History, pair: Pair, notes: Notes) -> Iterator[UpgradeChange]:
    """The settings that stop or begin to be read, and the values that are read differently."""
    old, new = pair.old.read, pair.new.read
    reported: set[SettingPath] = set()
    for path in (*old, *new):
        if (path in old) == (path in new) or None in (pair.old.reads(path), pair.new.reads(path)):
            continue
        if path in new and is_ignored(path, new[path].effective, pair.new.release):
            continue  # the change is that of the default
        whole = _whole(pair, path)
        if whole not in reported:
            reported.add(whole)
            yield _begins_or_stops(history, pair, whole, path, notes)
    for path in old.keys() & new.keys():
        if _differ(old[path].effective, new[path].effective):
            yield _read_differently(history, pair, path)


def _whole(pair: Pair, path: SettingPath) -> SettingPath:
    """The parent of a path that only one of the two releases reads, if it is in the text; else the path itself."""
    entries = pair.new.document.given
    for whole in prefixes(path[:-1]):
        setting = pair.new.known.get(whole)
        if setting is None or (entries is not None and all(entry != whole for entry, _ in entries)):
            continue
        if setting.is_read_by(pair.old.release) != setting.is_read_by(pair.new.release):
            return whole
    return path


def _begins_or_stops(history: History, pair: Pair, whole: SettingPath, path: SettingPath, notes: Notes) -> UpgradeChange:
    begins = path in pair.new.read
    view = pair.new if begins else pair.old
    release = history.began(pair, lambda one: (path in one.read) == begins)
    name, setting = view.name(whole), view.setting(whole)
    note = notes.settings.get(catalogue_kind(view.document.kind), {}).get(name)
    if not begins:
        rest = note.message if note is not None else f"write {setting.use} instead" if setting.use else "remove it"
        message = f"{name} has no effect from {release} on: {rest}"
        return change_of(view, whole, release, "removed", message, note, before=view.shown(whole))
    if note is not None and note.default:
        note = None
    is_variable = view.document.kind == "server/env" and setting is not NO_SETTING
    what = variable_of(tuple(map(str, whole)), view.release) if is_variable else name
    sets = f" and sets {name}" if what != name else ""
    after, follows = setting.after, note.message if note is not None else _what_follows(view, whole)
    when, older = (f"in {release}", "older releases") if after is None else (f"in {release} at the latest", f"releases up to {after}")
    message = f"{what} begins to take effect {when}{sets}, and {older} ignore it: {follows}"
    return change_of(view, whole, release, "added", message, note, after=view.shown(whole))


def _what_follows(view: View, path: SettingPath) -> str:
    """The consequence of a value that takes effect: what is wrong with it, what a switch does, or what it is about."""
    setting, mismatch = view.setting(path), mismatch_of(view.document, path)
    if mismatch is not None:
        wrong = setting.consequence_of(mismatch.mistake, view.release)
        return f"{view.name(path)} {mismatch.reason.text}{f', and {wrong}' if wrong else ''}"
    value = view.rows[path].effective if path in view.rows else ABSENT
    if isinstance(value, bool) and (effect := outcome(setting, value, view.release)):
        return f"it is {'on' if value else 'off'}{so(effect)}"
    return "check that its value is what you want"


def _read_differently(history: History, pair: Pair, path: SettingPath) -> UpgradeChange:
    old, new, known = pair.old.rows[path], pair.new.rows[path], pair.new.known
    release = history.began(pair, lambda view: path in view.rows and is_same(view.rows[path].effective, new.effective))
    by = DOCUMENT_KINDS[pair.new.document.kind].coercion
    # A default can replace a text that the server fails to parse, and stops at.
    stops = by is not None and isinstance(converted(new.written, coercion_of(path, by, pair.new.release)), Stop)
    held = ABSENT if stops else new.effective
    message = f"{pair.new.name(path)} {_how(pair, path, held, release)}"
    before, after = visible_effective(pair.old.known, old), visible_effective(known, new._replace(effective=held))
    return change_of(pair.new, path, release, "read-differently", message, before=before, after=after)


_FACTORS: Final = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000}


def _how(pair: Pair, path: SettingPath, after: Any, release: Release) -> str:
    """How a newer release reads a value, as a clause behind the name of the setting."""
    before, setting = pair.old.rows[path].effective, pair.new.setting(path)
    if after is ABSENT:
        return f"must be JSON from {release} on: the server fails to parse this value and does not start; write valid JSON"
    if not isinstance(before, str) or not isinstance(after, int | float | dict | list):
        return f"is read differently from {release} on: check that the new value is what you want"
    if isinstance(after, dict):
        return f"is parsed as JSON from {release} on: older releases hold the text; check that what it says is what you want"
    if isinstance(after, list):
        return f"is read as a list from {release} on: older releases hold it as one text; check that its items are what you want"
    if isinstance(after, bool):
        held = "text, which counted as true" if before else "an empty text, which is not the same as false everywhere"
        state = f"is {'on' if after else 'off'} from {release} on{so(outcome(setting, after, pair.new.release))}"
        return f"{state}: until then it was {held}"
    is_number = after == after
    if is_number and before == number_text(after):
        wrong = setting.consequence_of("text", pair.old.release)
        return f"is that number from {release} on: older releases hold it as text{f', and {wrong}' if wrong else ''}"
    match = re.fullmatch("([0-9]{1,7})(ms|s|min|h)", before) if setting.unit == "milliseconds" and not setting.secret else None
    number = f"{f'number of {setting.unit}' if setting.unit else 'number'} alone"
    instead = f"{number}, {int(match[1]) * _FACTORS[match[2]]}" if match else number
    but = "only the digits at its beginning count" if is_number else "this text has none at its beginning"
    return f"is read as a whole number from {release} on, and {but}; write the {instead}"


def _differ(before: Any, after: Any) -> bool:
    """Whether two values mean different things to the server: digits in quotes are that number, and "true" is true."""
    if UNKNOWN in (before, after) or is_same(before, after):
        return False
    if isinstance(before, str) and isinstance(after, bool):
        return before != "true"
    if isinstance(before, str) and isinstance(after, int | float):
        return before != number_text(after) or not before.isdecimal()
    return True


def is_same(left: Any, right: Any) -> bool:
    """Equality, with NaN equal to NaN."""
    return model.is_same(left, right) or (left != left and right != right)
