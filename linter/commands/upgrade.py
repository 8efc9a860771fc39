"""``medplum-lint upgrade``: what an upgrade of the server changes for configurations, for people, as JSON, and for a ticket."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from ..discover import NoWishes, find_files
from ..load import Input, LoadedDocuments, load_documents, read_inputs
from ..model import ABSENT, UNKNOWN, Document
from ..options import SERVER_VARIABLE, Given
from ..output import write_standard_output
from ..redaction.mask import shown_span
from ..release import MAIN, NEWEST, Release, ServerVersion
from ..say import Failed, fail_for, say
from ..settings.releases import KNOWN, parse_release
from ..text import inert, printable
from ..typed import Any, Final, NamedTuple
from ..upgrade.change import UpgradeChange
from ..upgrade.plan import Plan
from .inputs import inputs, mask_configured_secrets, server_by_configuration
from .show import json_value, value_cell

VERSION: Final = 1


def run(given: Given) -> int:
    """Print what an upgrade of the server changes.

    PATH is a file, a folder to search, a glob, or "-" for standard input; without one the current folder is searched. Give all files of one
    server: only what concerns them is printed. The exit code is 1 if something needs a hand.

    Examples:
      # From the release that an image in the files names to the newest
      medplum-lint upgrade deploy
      # A list of tasks for a ticket
      medplum-lint upgrade --from 4.3.5 --to 5.1.23 --format markdown dump.json
    """
    files, errors = _files(given.paths or (".",), given.max_size)
    mask_configured_secrets(one.path for one in files)
    nothing = f"{', '.join(given.paths) or 'the current folder'}: no file is a Medplum configuration"

    def load(release: Release) -> LoadedDocuments:
        return load_documents(files, given.kind, given.max_size, ServerVersion(release, release, "the upgrade"))

    def today() -> list[Document]:
        loaded = load_documents(files, given.kind, given.max_size, None, server_by_configuration())
        found = [*loaded.documents, *loaded.without_settings.values()]
        if not found:
            fail_for([*errors, *loaded.errors] or [nothing], loaded.bugs)
        return found

    try:
        between = upgrade_between(given.oldest, given.newest, today, (SERVER_VARIABLE, os.environ.get(SERVER_VARIABLE) or None))
    except ValueError as error:
        raise Failed(*errors, str(error)) from None
    before = load(between.oldest)
    plan = Plan(lambda release: load(release).documents, between.oldest, between.newest, before.without_settings.values())
    changes = plan.changes()
    errors += [error for error in before.errors if error not in before.without_settings]
    if before.documents or before.without_settings:
        text = {"json": as_json, "markdown": as_markdown}.get(given.format, as_text)
        write_standard_output(text(between._replace(whole=plan.is_whole), changes))
        say("note", f"knows the {KNOWN}")
    elif not errors:
        errors.append(nothing)
    fail_for(errors, before.bugs)
    return 1 if needs_a_hand(changes) else 0


def _files(paths: Sequence[str], max_size: int) -> tuple[list[Input], list[str]]:
    """The files that paths, folders and globs stand for, read, and an error for each that stands for nothing or cannot be read."""
    piped = inputs((path for path in paths if path == "-"), max_size)
    found, errors = find_files([path for path in paths if path != "-"], NoWishes())
    read, unread = read_inputs([*piped, *(str(one.path) for one in found if not one.too_large)], max_size)
    ways = {one.path.as_posix(): one for one in found}
    searched = [
        one._replace(searched=way.searched, by_content=way.by_content) if (way := ways.get(one.uri)) is not None else one for one in read
    ]
    return searched, [*errors, *unread]


class Upgrade(NamedTuple):
    """From which release to which: the second is later, or the same one. ``whole``: the files show the whole configuration."""

    oldest: Release
    newest: Release
    whole: bool = True

    @property
    def text(self) -> str:
        """Both, for people."""
        return f"{self.oldest} to {self.newest}"


def upgrade_between(
    oldest: str | None, newest: str | None, documents: Callable[[], Iterable[Document]], variable: tuple[str, str | None] = ("", None)
) -> Upgrade:
    """The upgrade that the options ask for. Raises ValueError, with a suggestion, where that is none.

    Without ``oldest`` it is the release that the ``variable`` of the environment (its name and text) has, else that which the ``documents``
    say they are for, and without ``newest`` the newest one.
    """
    name, text = variable if oldest is None and variable[1] is not None else ("--from", oldest)
    first, said = (_release(name, text), f"{name} {text}") if text is not None else _release_of(documents())
    last = _release("--to", newest) if newest is not None else NEWEST
    if last < first:
        is_later = f"{said} is later than" if text is not None else f"{said} says {first}, which is later than"
        raise ValueError(f"{is_later} --to {last}: give the release that the server has now as --from")
    return Upgrade(first, last)


def _release_of(documents: Iterable[Document]) -> tuple[Release, str]:
    """The release that documents are for, and what says so."""
    found = {(one.server.oldest, one.server.release, one.server.newer): one.server for one in documents if one.server.is_known}
    wanted = "add --from with the release that the server has now, such as --from 4.3.5"
    if not found:
        raise ValueError(f"no file says which release the server has: {wanted}")
    if len(found) > 1:
        named = " and ".join(f"{one.newer or one.text} ({one.reason})" for one in found.values())
        raise ValueError(f"the files are for several releases, {named}: {wanted}")
    [one] = found.values()
    if one.newer or one.oldest != one.release:
        which = f"{one.newer}, which is not known" if one.newer else f"one of {one.oldest} to {one.text}"
        raise ValueError(f"{one.reason} says {which}: {wanted}")
    return one.release, one.reason


def _release(option: str, text: str) -> Release:
    if text in ("latest", str(MAIN)):
        raise ValueError(f"{option} {text} is not one release, for it moves: give the number of one, such as {NEWEST}")
    if text[:1] in ("<", ">", "=") or "," in text:
        raise ValueError(f"{option} {text} is a range: give the number of one release, such as {NEWEST}")
    try:
        return parse_release(text.removeprefix("v") if text[1:2].isdigit() else text)
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from None


def needs_a_hand(changes: Iterable[UpgradeChange]) -> bool:
    """Whether somebody has to do something, or decide."""
    return any(change.needs_hand for change in changes)


def as_json(upgrade: Upgrade, changes: Sequence[UpgradeChange]) -> str:
    """The contract that README.md describes: values in JSON's own types; those of secrets, and what does not apply, are null."""
    rows = [_json_row(change) for change in changes]
    report = {"version": VERSION, "from": str(upgrade.oldest), "to": str(upgrade.newest), "whole": upgrade.whole, "changes": rows}
    return inert(json.dumps(report, indent=2)) + "\n"


def _json_row(change: UpgradeChange) -> dict[str, Any]:
    return {
        "release": str(change.release),
        "kind": change.kind,
        "setting": change.setting or None,
        "before": json_value(change.before),
        "after": json_value(change.after),
        "message": change.message,
        "link": change.link or None,
        "path": change.document.uri if change.document is not None else None,
        "range": _range(change),
        "needs_hand": change.needs_hand,
    }


def _range(change: UpgradeChange) -> dict[str, Any] | None:
    document, span = change.document, change.span
    if document is None or span is None:
        return None
    start, end = (document.position(offset) for offset in shown_span(document, change.path, span))
    return {"start": start._asdict(), "end": end._asdict()}


def as_text(upgrade: Upgrade, changes: Sequence[UpgradeChange]) -> str:
    """The changes of each release: what it is, where it stands, both values, and where more is said."""
    if not changes:
        return inert(_nothing(upgrade))
    lines = [f"From {upgrade.text}:"]
    for release, own in groupby(changes, lambda change: change.release):
        lines += ["", str(release)]
        for change in own:
            place, values = _place(change), _values(change)
            details = {"at": place, "value": values, "see": change.link}
            lines.append(f"  {_marked(change)}: {printable(change.message)}")
            lines += [f"    = {name}: {text}" for name, text in details.items() if text]
    return inert("\n".join([*lines, "", _summary(changes), *([] if upgrade.whole else [_PART]), ""]))


def _nothing(upgrade: Upgrade) -> str:
    if upgrade.whole:
        return f"From {upgrade.text} nothing changes for this configuration.\n"
    return f"From {upgrade.text} nothing changes in what is given. {_PART}\n"


_PART: Final = (
    "Only that was looked at, and it is no whole configuration: give all files of the server, so that the settings in the others count, "
    "and the defaults of those that none gives."
)


def _marked(change: UpgradeChange) -> str:
    return f"{change.kind}{'!' if change.needs_hand else ''}"


def _place(change: UpgradeChange) -> str:
    """The file, line and column, as in the report of a check; empty where it is about no document."""
    document, span = change.document, change.span
    if document is None:
        return ""
    if span is None:
        return printable(document.uri)
    start = document.position(span.start)
    return f"{printable(document.uri)}:{start.line}:{start.column}"


def _values(change: UpgradeChange) -> str:
    """The value before and after; empty where there is none, or the message says it."""
    if change.before is ABSENT and (change.after is ABSENT or change.after is UNKNOWN or change.kind == "requirement"):
        return ""
    if change.after is ABSENT and change.kind != "removed":
        return value_cell(change.before)
    return f"{value_cell(change.before)} → {value_cell(change.after)}"


def _summary(changes: Sequence[UpgradeChange]) -> str:
    hands = sum(change.needs_hand for change in changes)
    if len(changes) == 1:
        return f"1 change, which needs {'a hand (marked with !)' if hands else 'no hand'}."
    return f"{len(changes)} changes, of which {hands or 'none'} {'needs' if hands == 1 else 'need'} a hand (marked with !)."


def as_markdown(upgrade: Upgrade, changes: Sequence[UpgradeChange]) -> str:
    """A list of tasks for a ticket: a box for each change that needs a hand."""
    if not changes:
        return inert(_nothing(upgrade))
    lines = [f"# Medplum server: upgrade from {upgrade.text}"]
    for release, own in groupby(changes, lambda change: change.release):
        lines += ["", f"## {release}", ""]
        for change in own:
            box = "[ ] " if change.needs_hand else ""
            lines.append(f"- {box}**{change.kind}**: {_escaped(change.message)} ([more]({change.link}))")
            place, values = _place(change), _values(change)
            lines += [f"  - {_code(text)}" for text in (place, values) if text]
    lines += [] if upgrade.whole else ["", _PART]
    return inert("\n".join([*lines, ""]))


_SIGNS: Final = "\\`*_{}[]<>#|~!&@"


def _escaped(text: str) -> str:
    """A text in which nothing is Markdown, no name is a link to a person, and no address one to a page."""
    return "".join(f"\\{sign}" if sign in _SIGNS else sign for sign in printable(text))


def _code(text: str) -> str:
    """A text in code marks: more of them than it has in a row."""
    longest = max((len(list(run)) for sign, run in groupby(text) if sign == "`"), default=0)
    marks = "`" * (longest + 1)
    blank = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{marks}{blank}{text}{blank}{marks}"
