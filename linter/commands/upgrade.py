"""``medplum-lint upgrade``: what an upgrade of the server changes in configurations, as text, JSON or a Markdown task list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from ..documents.inputs import Input, Inputs, read_inputs
from ..model import ABSENT, UNKNOWN, Document
from ..options import Given
from ..output import write_standard_output
from ..output.say import Failed, fail_for, say
from ..redaction.mask import shown_span
from ..release import MAIN, NEWEST, Release, ServerVersion
from ..reporters._words import place
from ..run import LoadedDocuments, load_documents
from ..run.discover import Search
from ..settings.releases import KNOWN, parse_release, without_v
from ..text import inert, printable
from ..typed import Any, Final
from ..upgrade.notes import UpgradeChange
from ..upgrade.plan import Plan
from .inputs import inputs
from .layout import json_text
from .show import json_value, value_cell

VERSION: Final = 1


def run(given: Given) -> int:
    """Print what an upgrade of the server changes.

    PATH is a file, a folder to search, a glob, or "-" for standard input; without one the current folder is searched.
    dump.json#prod is one environment of a file, or one of its services or containers. aws:eu-west-1:/medplum/prod/ is what is deployed.

    Give all files of one server: only what concerns them is printed. The exit code is 1 if something needs action. Downgrades are
    not supported.

    Examples:
      # From the release that an image in the files names to the newest
      medplum-lint upgrade deploy
      # A list of tasks for a ticket
      medplum-lint upgrade --from 4.3.5 --to 5.1.23 --format markdown dump.json
    """
    found = inputs(given.paths or (".",), given)
    files, errors = _files(found, given.max_size)
    nothing = f"{', '.join(given.paths) or 'the current folder'}: no file is a Medplum configuration"

    def load(release: Release | None = None) -> LoadedDocuments:
        server = ServerVersion(release, release, "the upgrade") if release is not None else None
        return load_documents(files, given.kind, given.max_size, server, start=found.start)

    def today() -> list[Document]:
        loaded = load()
        documents = [*loaded.documents, *loaded.without_settings.values()]
        if not documents:
            fail_for([*errors, *loaded.errors] or [nothing], loaded.bugs)
        return documents

    try:
        oldest, newest = _releases(given, today)
    except ValueError as error:
        raise Failed(*errors, str(error)) from None
    before = load(oldest)
    plan = Plan(lambda release: load(release).documents, oldest, newest, before.without_settings.values())
    changes = plan.changes()
    errors += [error for error in before.errors if error not in before.without_settings]
    if before.documents or before.without_settings:
        text = {"json": as_json, "markdown": as_markdown}.get(given.format, as_text)
        write_standard_output(text(plan, changes))
        say("note", f"knows the {KNOWN}")
    elif not errors:
        errors.append(nothing)
    fail_for(errors, before.bugs)
    return 1 if any(change.needs_hand for change in changes) else 0


def _files(given: Inputs, max_size: int) -> tuple[list[Input], list[str]]:
    """The files that paths, folders and globs stand for, with their content, and an error for each that cannot be found or read."""
    found, errors = Search().find(given.files)
    ways = {one.path.as_posix(): one for one in found if not one.too_large}
    read, unread = read_inputs([*given.read, *ways], max_size)

    def as_found(given: Input) -> Input:
        way = ways.get(given.uri, given)
        return given._replace(searched=way.searched, by_content=way.by_content, environments=way.environments)

    return list(map(as_found, read)), [*errors, *unread]


# --- From which release to which. ---------------------------------------------------------------------------------------------------


def _releases(given: Given, documents: Callable[[], Iterable[Document]]) -> tuple[Release, Release]:
    """The first and the last release. Raises ValueError, with a suggestion.

    Without ``--from`` the first is the release that the ``documents`` name, and without ``--to`` the last is the newest one.
    """
    if given.oldest is not None:
        first, said = _release(*given.oldest), " ".join(given.oldest)
    else:
        first, by = _release_of(documents())
        said = f"{by} says {first}, which"
    last = _release("--to", given.newest) if given.newest is not None else NEWEST
    if last < first:
        way_out = "give the release that the server has now as --from; downgrades are not supported"
        raise ValueError(f"{said} is later than --to {last}: {way_out}")
    return first, last


def _release_of(documents: Iterable[Document]) -> tuple[Release, str]:
    """The release that documents are for, and what names it."""
    known = (document.server for document in documents if document.server.is_known)
    found = {(server.oldest, server.release, server.newer): server for server in known}
    one = next(iter(found.values()), None)
    if one is None:
        wrong = "no file says which release the server has"
    elif len(found) > 1:
        wrong = f"the files are for several releases, {' and '.join(f'{one.newer or one.text} ({one.reason})' for one in found.values())}"
    elif one.newer or one.oldest != one.release:
        wrong = f"{one.reason} says {f'{one.newer}, which is not known' if one.newer else f'one of {one.oldest} to {one.text}'}"
    else:
        return one.release, one.reason
    raise ValueError(f"{wrong}: add --from with the release that the server has now, such as --from 4.3.5")


def _release(option: str, text: str) -> Release:
    moves, is_range = text in ("latest", str(MAIN)), text[:1] in ("<", ">", "=") or "," in text
    if moves or is_range:
        why = "not one fixed release: give the number of one" if moves else "a range: give the number of one release"
        raise ValueError(f"{option} {text} is {why}, such as {NEWEST}")
    try:
        return parse_release(without_v(text))
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from None


# --- Forms. -------------------------------------------------------------------------------------------------------------------------


def as_json(plan: Plan, changes: Sequence[UpgradeChange]) -> str:
    """The contract that docs/upgrade.md describes: values in JSON's own types; secrets and fields that do not apply are null."""
    rows = [_json_row(change) for change in changes]
    oldest, newest = map(str, plan.releases)
    return json_text({"version": VERSION, "from": oldest, "to": newest, "whole": plan.is_whole, "changes": rows})


def _json_row(change: UpgradeChange) -> dict[str, Any]:
    document, span = change.document, change.span
    return {
        "release": str(change.release),
        "kind": change.kind,
        "setting": change.setting or None,
        "before": json_value(change.before),
        "after": json_value(change.after),
        "message": change.message,
        "link": change.link or None,
        "path": document.uri if document is not None else None,
        "range": document.text.extent(shown_span(document, change.path, span)) if document is not None and span is not None else None,
        "needs_hand": change.needs_hand,
    }


def as_text(plan: Plan, changes: Sequence[UpgradeChange]) -> str:
    """The changes of each release: what changes, where, both values, and a link."""
    lines = [f"From {' to '.join(map(str, plan.releases))}:"]
    for release, own in groupby(changes, attrgetter("release")):
        lines += ["", str(release)]
        for change in own:
            lines.append(f"  {change.kind}{'!' * change.needs_hand}: {printable(change.message)}")
            details = {"at": _place(change), "value": _values(change), "see": change.link}
            lines += [f"    = {name}: {text}" for name, text in details.items() if text]
    hands = sum(change.needs_hand for change in changes)
    if len(changes) == 1:
        summary = f"1 change, which needs {'action (marked with !)' if hands else 'no action'}."
    else:
        summary = f"{len(changes)} changes, of which {hands or 'none'} {'needs' if hands == 1 else 'need'} action (marked with !)."
    return _joined(plan, changes, [*lines, "", summary, *([] if plan.is_whole else [_PART])])


def as_markdown(plan: Plan, changes: Sequence[UpgradeChange]) -> str:
    """A task list for a ticket: a box for each change that needs action."""
    lines = [f"# Medplum server: upgrade from {' to '.join(map(str, plan.releases))}"]
    for release, own in groupby(changes, attrgetter("release")):
        lines += ["", f"## {release}", ""]
        for change in own:
            box = "[ ] " if change.needs_hand else ""
            lines.append(f"- {box}**{change.kind}**: {_escaped(change.message)} ([more]({change.link}))")
            lines += [f"  - {_code(text)}" for text in (_place(change), _values(change)) if text]
    return _joined(plan, changes, [*lines, *([] if plan.is_whole else ["", _PART])])


_PART: Final = (
    "Only these files were checked, and they are not a whole configuration: give all files of the server, so that the settings in the "
    "others count, and the defaults of settings that are in none of them."
)


def _joined(plan: Plan, changes: Sequence[UpgradeChange], lines: list[str]) -> str:
    """The lines as a text, or a note that there are no changes."""
    if not changes:
        where = "for this configuration." if plan.is_whole else f"in these files. {_PART}"
        lines = [f"From {' to '.join(map(str, plan.releases))} nothing changes {where}"]
    return inert("\n".join([*lines, ""]))


def _place(change: UpgradeChange) -> str:
    """The file, line and column, as in the report of a check; empty where it is about no document."""
    if change.document is None:
        return ""
    return place(change.document, change.span) if change.span is not None else printable(change.document.uri)


def _values(change: UpgradeChange) -> str:
    """The value before and after; empty if there is none, or if the message has it."""
    if change.before is ABSENT and (change.after in (ABSENT, UNKNOWN) or change.kind == "requirement"):
        return ""
    after = "" if change.after is ABSENT and change.kind != "removed" else f" → {value_cell(change.after)}"
    return f"{value_cell(change.before)}{after}"


def _escaped(text: str) -> str:
    """A text with Markdown escaped, and without automatic links for mentions and addresses."""
    return re.sub(r"[\\`*_{}\[\]<>#|~!&@]", r"\\\g<0>", printable(text))


def _code(text: str) -> str:
    """A text as Markdown code, fenced by more backticks than it contains in a row."""
    marks = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    blank = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{marks}{blank}{text}{blank}{marks}"
