"""What a newer release holds otherwise than an older one of the same configuration, worked out by loading it as each of them does."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from ..conformance.mismatch import mismatch_of
from ..conformance.values import outcome
from ..model import ABSENT, UNKNOWN, Document, SettingPath
from ..policy.operators.compare import same
from ..redaction.numbers import number_text
from ..release import Release
from ..server.assembly import Stop, coercion_of, converted
from ..server.effective import Effective, effective_settings, visible_effective
from ..server.shown import catalogue_of, shown_name, visible
from ..settings import Catalogue, Setting, page_link
from ..settings.env_names import landings, variable_of
from ..settings.kinds import DOCUMENT_KINDS, catalogue_kind
from ..settings.releases import RELEASES
from ..typed import Any, Final, NamedTuple
from .change import UpgradeChange
from .notes import Notes, SettingNote

Key = tuple[str, str, str | None, int]
"""Which of the documents of a run one is, whatever release loads them: file, kind, environment, and a number where that is not enough."""
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
        return {one.path: one for one in effective_settings(self.document, defaults=True)}

    @cached_property
    def given(self) -> frozenset[SettingPath]:
        """The paths of what it gives, of their holders too."""
        paths = [path for path, row in self.rows.items() if row.line is not None]
        return frozenset(path[:length] for path in paths for length in range(1, len(path) + 1))

    @cached_property
    def entries(self) -> frozenset[SettingPath] | None:
        """The paths of its entries, where its source is a flat list of names."""
        written = self.document.given
        return frozenset(path for path, _ in written) if written is not None else None

    @cached_property
    def read(self) -> Mapping[SettingPath, Effective]:
        """What it gives and the release is known to read."""
        return {path: row for path, row in self.rows.items() if _is_given(row) and _is_read(self.known, path, self.release)}

    def leaves_open(self, path: SettingPath) -> bool:
        """Whether it is not known if the release reads what stands at a path."""
        return _is_read(self.known, path, self.release) is None

    def default(self, path: SettingPath) -> Any:
        """What the release uses for a setting that is not given; ``ABSENT`` where that is nothing, or only known in words."""
        row = self.rows.get(path)
        if row is not None:
            return row.effective
        setting = self.known.get(path)
        return ABSENT if setting is None else default_where_read(setting, self.release)


def default_where_read(setting: Setting, release: Release) -> Any:
    """The default of a setting in a release that reads it, or that has one all the same; ``UNKNOWN`` where that is not known.

    ``ABSENT`` where there is none, or it is only known in words.
    """
    reads = setting.is_read_by(release)
    if reads is None:
        return UNKNOWN
    default = setting.default_in(release) if reads or setting.default_history else None
    return ABSENT if default is None or isinstance(default, str) else default


def _is_given(row: Effective) -> bool:
    """Whether a document gives a setting: what is null is as good as left out."""
    return row.line is not None and row.written is not None


_LIMITS: Final = frozenset({("defaultRateLimit",), ("defaultAuthRateLimit",), ("defaultLoginRateLimit",)})
_NUMBERS_ONLY: Final = Release((5, 1, 8))
"""The first release that takes a limit for given only where it is a number (``getRateLimitForRequest`` in ``ratelimit.ts``)."""


def is_ignored(path: SettingPath, value: Any, release: Release) -> bool:
    """Whether a release passes over a value, which is text, in favour of its default."""
    return release >= _NUMBERS_ONLY and isinstance(value, str) and path in _LIMITS


def _is_read(known: Catalogue, path: SettingPath, release: Release) -> bool | None:
    """Whether a release reads what stands at a path: the setting, all that holds it, or what it is handed on in. None: not known."""
    holder: Setting | None = None
    answer: bool | None = True
    for length in range(1, len(path) + 1):
        setting = known.get(path[:length])
        if setting is None:
            return answer if holder is not None and (holder.pass_through or isinstance(path[length - 1], int)) else False
        reads = setting.is_read_by(release)
        if reads is False:
            return False
        answer = answer and reads
        holder = setting
    return answer


class History:
    """The documents of a run as each release holds them, each release asked once."""

    def __init__(self, load: Callable[[Release], Iterable[Document]], oldest: Release, newest: Release) -> None:
        self._load = load
        self._views: dict[Release, dict[Key, View]] = {}
        self._between = [*(release for release in RELEASES if oldest < release < newest), newest]
        self.oldest = oldest
        self.newest = newest

    def at(self, release: Release) -> Mapping[Key, View]:
        """The documents as a release holds them."""
        if release not in self._views:
            views: dict[Key, View] = {}
            numbers: Counter[tuple[str, str, str | None]] = Counter()
            for document in self._load(release):
                name = (document.uri, document.kind, document.environment)
                views[(*name, numbers[name])] = View(document)
                numbers[name] += 1
            self._views[release] = views
        return self._views[release]

    def began(self, key: Key, holds: Callable[[View], bool], turns: Iterable[Release] = ()) -> Release:
        """The release from which on something holds of a document that does not of the oldest, and does of the newest.

        ``turns`` are the releases in which it can begin, where they are known: of one alone nothing has to be loaded.
        """
        within = {release for release in turns if self.oldest < release <= self.newest}
        if len(within) == 1:
            return within.pop()

        def holds_in(release: Release) -> bool:
            view = self.at(release).get(key)
            return view is not None and holds(view)

        return self.turn(holds_in)

    def turn(self, holds: Callable[[Release], bool]) -> Release:
        """The release from which on something holds that does not of the oldest, and does of the newest."""
        return self._between[bisect_left(self._between, True, hi=len(self._between) - 1, key=holds)]


def _turns_of_reading(view: View, path: SettingPath) -> set[Release]:
    """The releases that begin or cease to read what stands at a path."""
    above = [path[:length] for length in range(1, len(path) + 1)]
    settings = [setting for one in above if (setting := view.known.get(one)) is not None]
    ends = {RELEASES[at] for setting in settings if (at := bisect_right(RELEASES, setting.last)) < len(RELEASES)}
    back_ported = {setting.back_ported for setting in settings if setting.back_ported is not None}
    landed = set(landings(variable_of(tuple(map(str, path))))) if view.document.kind == "server/env" else set()
    return {setting.first for setting in settings} | ends | back_ported | landed


def _turns_of_coercion(view: View, path: SettingPath) -> set[Release]:
    """The releases that begin to make something else of the text at a path, of that of what holds it, or use another default."""
    by = DOCUMENT_KINDS[view.document.kind].coercion
    if by is None:
        return set()
    names = [path[-1:], *(path[:length] for length in range(1, len(path) + 1))]
    settings = [setting for one in names if (setting := view.known.get(one)) is not None]
    facts = [fact for one in settings for fact in (getattr(one, by), one.default_history) if fact is not None]
    return {Release.of(step) for fact in facts for step in fact.steps}


class Pair(NamedTuple):
    """One document as the oldest and as the newest release holds it."""

    key: Key
    old: View
    new: View


def pairs(history: History) -> list[Pair]:
    """The documents that both releases have, in the order of the newest."""
    before = history.at(history.oldest)
    return [Pair(key, before[key], view) for key, view in history.at(history.newest).items() if key in before]


def read_changes(history: History, pair: Pair, notes: Notes) -> Iterator[UpgradeChange]:
    """The settings that stop or begin to be read, and the values that are read differently."""
    old, new = pair.old.read, pair.new.read
    told: set[SettingPath] = set()
    for path in (*old, *new):
        if (path in old) == (path in new) or pair.old.leaves_open(path) or pair.new.leaves_open(path):
            continue
        whole = _whole(pair, path)
        if path in new and is_ignored(path, new[path].effective, pair.new.release):
            continue  # what is told of is the default
        if whole not in told:
            told.add(whole)
            yield (_removed if path in old else _added)(history, pair, whole, path, notes)
    for path in old.keys() & new.keys():
        if _differ(old[path].effective, new[path].effective):
            yield _read_differently(history, pair, path)


def _whole(pair: Pair, path: SettingPath) -> SettingPath:
    """The setting that only one of the two releases reads: what holds the one at a path, where that is so and stands in the text."""
    for length in range(1, len(path)):
        setting = pair.new.known.get(path[:length])
        if setting is None or (pair.new.entries is not None and path[:length] not in pair.new.entries):
            continue
        if setting.is_read_by(pair.old.release) != setting.is_read_by(pair.new.release):
            return path[:length]
    return path


def _removed(history: History, pair: Pair, whole: SettingPath, path: SettingPath, notes: Notes) -> UpgradeChange:
    release = history.began(pair.key, lambda view: path not in view.read, _turns_of_reading(pair.old, path))
    view = pair.old
    name = shown_name(view.known, whole)
    note = notes.settings.get(catalogue_kind(view.document.kind), {}).get(name)
    setting = view.known.get(whole)
    use = setting.use if setting is not None else ""
    rest = note.message if note is not None else f"write {use} instead" if use else "remove it"
    message = f"{name} has no effect from {release} on: {rest}"
    return UpgradeChange(
        release,
        "removed",
        message,
        _link(note, setting, release),
        note is None or note.needs_hand,
        name,
        before=_shown(view, whole),
        document=view.document.written_in(whole)[0],
        path=whole,
        span=view.document.locate(whole),
    )


def _added(history: History, pair: Pair, whole: SettingPath, path: SettingPath, notes: Notes) -> UpgradeChange:
    release = history.began(pair.key, lambda view: path in view.read, _turns_of_reading(pair.new, path))
    view = pair.new
    name = shown_name(view.known, whole)
    setting = view.known.get(whole)
    what = _variable(view, whole) or name
    sets = f" and sets {name}" if what != name else ""
    note = notes.settings.get(catalogue_kind(view.document.kind), {}).get(name)
    if note is not None and note.default:
        note = None
    after = setting.after if setting is not None else None
    when, older = (f"in {release}", "older releases") if after is None else (f"in {release} at the latest", f"releases up to {after}")
    message = f"{what} begins to take effect {when}{sets}, and {older} ignore it"
    return UpgradeChange(
        release,
        "added",
        f"{message}: {note.message if note is not None else _what_follows(view, whole)}",
        _link(note, setting, release),
        note is None or note.needs_hand,
        name,
        after=_shown(view, whole),
        document=view.document.written_in(whole)[0],
        path=whole,
        span=view.document.locate(whole),
    )


def _what_follows(view: View, path: SettingPath) -> str:
    """What comes of a value that begins to count: what is wrong with it, what a switch does, or what it is about."""
    name, setting = shown_name(view.known, path), view.known.get(path)
    mismatch = mismatch_of(view.document, path)
    if mismatch is not None:
        wrong = setting.consequence_of(mismatch.mistake, view.release) if setting is not None else ""
        return f"{name} {mismatch.reason}{f', and {wrong}' if wrong else ''}"
    row = view.rows.get(path)
    value = row.effective if row is not None else ABSENT
    if setting is not None and isinstance(value, bool) and (effect := outcome(setting, value, view.release)):
        return f"it is {'on' if value else 'off'}{effect}"
    return "check that its value is what you want"


def _variable(view: View, path: SettingPath) -> str:
    """The environment variable that gives a setting, if one does."""
    names = tuple(map(str, path))
    return variable_of(names, view.release) if view.document.kind == "server/env" and view.known.get(path) is not None else ""


def _shown(view: View, path: SettingPath) -> Any:
    """What a document gives at a path, as it may be shown."""
    row = view.rows.get(path)
    return visible_effective(view.known, row) if row is not None else visible(view.known, path, view.document.get(path))


def _read_differently(history: History, pair: Pair, path: SettingPath) -> UpgradeChange:
    old, new = pair.old.rows[path], pair.new.rows[path]

    def holds(view: View) -> bool:
        row = view.rows.get(path)
        return row is not None and is_same(row.effective, new.effective)

    release = history.began(pair.key, holds, _turns_of_coercion(pair.new, path))
    name = shown_name(pair.new.known, path)
    held = ABSENT if _stops(pair.new, new) else new.effective
    return UpgradeChange(
        release,
        "read-differently",
        f"{name} {_how(pair, path, held, release)}",
        _link(None, pair.new.known.get(path), release),
        True,
        name,
        before=visible_effective(pair.old.known, old),
        after=visible_effective(pair.new.known, new._replace(effective=held)),
        document=pair.new.document.written_in(path)[0],
        path=path,
        span=pair.new.document.locate(path),
    )


def _stops(view: View, row: Effective) -> bool:
    """Whether the server stops at a text that it fails to parse; a default can take its place here."""
    by = DOCUMENT_KINDS[view.document.kind].coercion
    return by is not None and isinstance(converted(row.written, coercion_of(row.path, by, view.release)), Stop)


def _how(pair: Pair, path: SettingPath, after: Any, release: Release) -> str:
    """How a newer release reads a value, as a clause behind the name of the setting."""
    before, setting = pair.old.rows[path].effective, pair.new.known.get(path)
    if after is ABSENT:
        return f"must be JSON from {release} on: the server fails to parse this value and does not start; write valid JSON"
    if not isinstance(before, str):
        return f"is read differently from {release} on: check that the new value is what you want"
    if isinstance(after, bool):
        effect = outcome(setting, after, pair.new.release) if setting is not None else ""
        held = "text, which counted as true" if before else "an empty text, which is not the same as false everywhere"
        return f"is {'on' if after else 'off'} from {release} on{effect}: until then it was {held}"
    if isinstance(after, float) and after != after:
        return f"is read as a whole number from {release} on, and this text has none at its beginning; {_number_alone(before, setting)}"
    if isinstance(after, int | float):
        return _as_number(before, after, setting, pair.old.release, release)
    if isinstance(after, dict):
        return f"is parsed as JSON from {release} on: older releases hold the text; check that what it says is what you want"
    if isinstance(after, list):
        return f"is read as a list from {release} on: older releases hold it as one text; check that its items are what you want"
    return f"is read differently from {release} on: check that the new value is what you want"


def _as_number(before: str, after: float, setting: Setting | None, old: Release, release: Release) -> str:
    """How a release reads a number that older ones hold as text."""
    if before != number_text(after):
        return f"is read as a whole number from {release} on, and only the digits at its beginning count; {_number_alone(before, setting)}"
    wrong = setting.consequence_of("text", old) if setting is not None else ""
    return f"is that number from {release} on: older releases hold it as text{f', and {wrong}' if wrong else ''}"


_FACTORS: Final = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000}


def _number_alone(text: str, setting: Setting | None) -> str:
    """What to write in place of a text: the number, in the unit of the setting, and which one that is where the text has another."""
    unit = setting.unit if setting is not None else ""
    match = re.fullmatch("([0-9]{1,7})(ms|s|min|h)", text)
    if match and unit == "milliseconds" and setting is not None and not setting.secret:
        return f"write the number of milliseconds alone, {int(match[1]) * _FACTORS[match[2]]}"
    return f"write the number of {unit} alone" if unit else "write the number alone"


def _differ(before: Any, after: Any) -> bool:
    """Whether two values mean something else to the server: digits in quotes are that number, and "true" is true."""
    if UNKNOWN in (before, after) or is_same(before, after):
        return False
    if isinstance(before, str) and isinstance(after, bool):
        return before != "true"
    if isinstance(before, str) and isinstance(after, int | float):
        return before != number_text(after) or not before.isdecimal()
    return True


def is_same(left: Any, right: Any) -> bool:
    """Equality, where NaN is NaN."""
    return same(left, right) or (left != left and right != right)


def default_changes(history: History, pair: Pair, notes: Notes) -> Iterator[UpgradeChange]:
    """The defaults that change under settings which a document that configures no server lacks, of those that matter to somebody."""
    for name, note in notes.settings.get(catalogue_kind(pair.new.document.kind), {}).items():
        path: SettingPath = tuple(name.split("."))
        before, after = pair.old.default(path), pair.new.default(path)
        if note.default and path not in pair.new.given and changes_default(before, after):
            release = history.began(pair.key, _with_default(path, after))
            yield default_change(pair, path, note, release, (before, after))


def _with_default(path: SettingPath, default: Any) -> Callable[[View], bool]:
    return lambda view: is_same(view.default(path), default)


def changes_default(before: Any, after: Any) -> bool:
    """Whether another default is a change."""
    return UNKNOWN not in (before, after) and after is not ABSENT and not is_same(before, after)


def default_change(pair: Pair, path: SettingPath, note: SettingNote, release: Release, values: tuple[Any, Any]) -> UpgradeChange:
    """The change of a default under a setting that is not given; ``values`` are the old one and the new one."""
    before, after = values
    name = shown_name(pair.new.known, path)
    comes = f"{release} brings a default for it" if before is ABSENT else f"its default changes in {release}"
    return UpgradeChange(
        release,
        "default",
        f"{name} is not given, and {comes}: {note.message}",
        _link(note, pair.new.known.get(path), release),
        note.needs_hand,
        name,
        before=visible(pair.old.known, path, before),
        after=visible(pair.new.known, path, after),
        document=pair.new.document,
        path=path,
    )


def _link(note: SettingNote | None, setting: Setting | None, release: Release) -> str:
    """Where more is said: of a note, of a setting, or else of the release."""
    if note is not None and note.link:
        return note.link
    return (page_link(setting) if setting is not None else "") or _RELEASE_PAGE.format(release)
