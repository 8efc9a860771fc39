"""Read: from files to inputs, and from inputs to their documents; and which inputs are reported as not read."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path

from ..documents.inputs import Input, as_text, bytes_of
from ..documents.source import Nearby, Surroundings
from ..files import Unreadable, read_file, read_regular
from ..release import ANY_SERVER, ServerVersion
from .discover import Found
from .load import Reading, load
from .state import File, Options, Run

_TOO_LARGE = "more than 64 MiB, too large for the search of a folder: name the file to check it"
"""Why a search leaves a file alone; see :data:`linter.run.discover.LARGEST_SEARCHED`."""


def surroundings(run: Run, found: Iterable[Found], given: Iterable[Input] = ()) -> Surroundings:
    """The surroundings of the run's files and texts; a pipe can be read only once."""
    small = (file for file in found if not file.too_large and (file.identity or os.path.isfile(file.path)))
    inputs = {file.path.as_posix(): Nearby(file.path, partial(_read_again, run.options, file.path)) for file in small}
    inputs |= {text.uri: Nearby(text.path, partial(bytes_of, text)) for text in given}
    return Surroundings(inputs, run.search.excluded)


def _read_again(options: Options, path: Path) -> bytes | None:
    try:
        return _bytes_of(options, path, read_regular)
    except Unreadable:
        return None  # reported when the file itself is read


def _bytes_of(options: Options, path: Path, read: Callable[[Path, int], bytes]) -> bytes:
    uri = path.as_posix()
    return options.instead[uri] if uri in options.instead else read(path, options.max_size)


def read_all(run: Run, found: list[Found]) -> list[File]:
    """The files with their documents."""
    files: list[File] = []
    for number, candidate in enumerate(found):
        run.step("reading", number, len(found), candidate.path.as_posix())
        reported = len(run.log.files)
        given = _read(run, candidate)
        file = load_input(run, given) if given is not None else None
        if file is not None:
            files.append(file)
        if not candidate.searched or (file is not None and not file.reading.silent) or len(run.log.files) > reported:
            run.log.read(candidate.path, candidate.identity)
    return files


def _read(run: Run, found: Found) -> Input | None:
    """A file with its text; None, which is logged, if it cannot be read or is too large for a search."""
    uri = found.path.as_posix()
    if found.too_large:
        report_unread(run, uri, _TOO_LARGE, skipped=True)
        return None
    try:
        # A search only takes ordinary files, but a named path may be a pipe.
        data = _bytes_of(run.options, found.path, read_regular if found.searched else read_file)
    except Unreadable as error:
        run.log.errors.append(f"{found.path}: cannot be read: {error}")
        run.log.unchecked(uri, "failed", f"cannot be read: {error}")
        return None
    if run.options.keep_contents:
        run.contents[uri] = data
    return as_text(
        Input(uri, data, found.path, found.searched, by_content=found.by_content, included=found.included, environments=found.environments)
    )


def load_input(run: Run, given: Input) -> File | None:
    """Recognise a text and load its documents; None for a bug in medplum-lint."""
    config, rules = run.choices.of(given.path)
    with run.log.surviving(given.uri):
        reading = read_as(run, given, rules.overrides.server or ANY_SERVER)
        # Nothing else is needed for files that are left alone, and there can be many.
        given = given._replace(data=b"") if reading.silent and not reading.images else given
        return File(given, config, rules, reading)
    run.log.unchecked(given.uri, "failed", "a bug in medplum-lint")
    return None


def read_as(run: Run, given: Input, server: ServerVersion) -> Reading:
    """The documents of an input as a server reads them."""
    kind = given.kind or (None if given.beside else run.options.kind)
    reading = load(given, kind, server, guess=not run.options.allow_unrecognized, around=run.around)
    if given.searched or given.kind or run.options.kind or run.options.start is None:
        return reading
    # Files given with a start argument are a server's, though a client could have them too, and it says what they are.
    from ..documents.recognise import has_settings  # only with a start argument
    from ..server.start import layers

    named = layers(run.options.start, server.release)
    is_file = given.path.name in (layer.file_name for layer in named)
    of_vault = ["server/azure"] if any(layer.kind in ("azure", "gcp") for layer in named) and not is_file else []
    is_sure = bool(reading.loaded) and (not of_vault or reading.loaded[0].document.kind != "server/json")
    for wanted in [] if is_sure else ["server/json"] if is_file else of_vault if reading.loaded else [*of_vault, "server/env"]:
        as_servers = load(given, wanted, server, around=run.around)
        is_one = has_settings if wanted == "server/azure" else bool  # a file for another program can be flat too
        if any(is_one(loaded.document.data) for loaded in as_servers.loaded):
            return as_servers
    return reading


def report_unloaded(run: Run, files: Iterable[File], in_sums: Collection[str]) -> None:
    """Report the files, and parts of files, that are not read, unless they are parts of other documents."""
    for file in files:
        reading, uri = file.reading, file.given.uri
        asked = bool(file.given.environments)
        is_read = not reading.unread if reading.loaded or file.given.beside else uri in in_sums and not asked
        if reading.silent or is_read:
            continue
        if reading.unread:
            report_unread(run, uri, reading.note, skipped=file.given.searched and not reading.loaded, asked=asked)
        else:
            run.log.unchecked(uri, "ignored", reading.note)


def report_unread(run: Run, uri: str, reason: str, *, skipped: bool = False, asked: bool = False) -> None:
    """Report that a file, or a part of it, is not read: an error, unless a search may skip it or the caller handles it.

    ``asked``: the user names what is in it.
    """
    run.log.skipped += skipped
    ignored = skipped or (run.options.allow_unrecognized and not asked)
    run.log.unchecked(uri, "ignored" if ignored else "failed", reason)
    if not ignored:
        run.log.error(f"{uri}: {reason}")


def found_nothing(run: Run) -> bool:
    """Whether a search found no file that is worth reporting."""
    if run.options.allow_unrecognized or run.log.errors:
        return False
    files = [file for file in run.log.files if Path(file.path) not in run.options.addresses]
    if len(files) == run.log.skipped:
        return True
    return run.options.kind is not None and all(file.status == "ignored" for file in files)
