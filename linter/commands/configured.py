"""``--show-settings`` and ``--show-files``: the options for a file and the files a search takes, each with its origin."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..deployment.members import environment_of
from ..files import relative_to_here
from ..log import Log
from ..model import gathered
from ..options import Given
from ..options.choose import Choices, Configurations
from ..options.config import Config, Overrides
from ..options.config_file import OPTIONS
from ..output import write_standard_output
from ..output.say import fail_for
from ..redaction.mask import holder_text
from ..release import ServerVersion
from ..run import Options, Outcome, lint_paths, read_paths
from ..run.discover import SKIPPED_FOLDERS, Found, LeftOut, what_is_searched_for
from ..text import count, inert, printable
from ..typed import Final
from .inputs import why_no_file
from .layout import columns


def show(given: Given, options: Options) -> None:
    """Print the options for files, or what a search takes. Raises :exc:`~linter.output.say.Failed` for what cannot be shown."""
    log = Log()
    if given.show_settings:
        blocks = [_settings(path, options, log) for path in given.paths]
    else:
        blocks = [_files(list(given.paths) or ["."], options, log)]
    write_standard_output("\n".join("".join(f"{inert(printable(line))}\n" for line in lines) for lines in blocks if lines))
    fail_for(log.errors, log.bugs)


_Row = tuple[str, str, str]
"""An option, its value, and its origin."""
_DEFAULTS: Final = {
    "rules": "the built-in ones",
    "select": "every rule",
    "extend-select": "none",
    "ignore": "none",
    "severity": "",
    "target": "auto",
    "pedantic": "false",
    "server-version": "that of an image, else the newest",
    "fail-on": "error",
    "secret-names": "none",
    "baseline": "none",
}
"""The options in the order in which they are shown, with their defaults."""


# --- The options for a file. --------------------------------------------------------------------------------------------------------


def _settings(path: str, options: Options, log: Log) -> list[str]:
    """The options for a file, one per line, with the file and line or the command-line option that sets it."""
    if error := why_no_file(path):
        log.errors.append(error)
        return []
    outcome = lint_paths([path], options._replace(force_exclude=False, without_baseline=True))
    log.bugs += outcome.bugs
    if not outcome.started:
        log.errors += outcome.errors
        return []
    config = Configurations(options.config, isolated=options.isolated).of(Path(path, os.pardir))
    environments = dict.fromkeys(environment_of(document) or "" for document in outcome.result.documents)
    groups = gathered((name if name in config.environments else "", name) for name in environments)
    lines = [path, *_about_file(Path(path), config, outcome)]
    for environment, names in (groups or {"": [""]}).items():
        named = ", ".join(filter(None, names))
        title = [f"In {f'environment {named}' if named else 'documents without an environment'}:"] if len(groups) > 1 else []
        lines += ["", *title, *(f"  {line}" for line in columns(_rows(Path(path), config, options, environment)))]
    return lines


def _about_file(path: Path, config: Config, outcome: Outcome) -> Iterator[str]:
    for status in outcome.result.files:
        words = [status.kind, holder_text(status), status.target, status.server.described if status.server is not None else ""]
        yield f"  {', '.join(filter(None, words)) if status.status == 'checked' else f'{status.status}: {status.note}'}"
    how = "--config names it" if config.trusted else "the nearest one above the file"
    yield f"  configuration {relative_to_here(config.path)}: {how}" if config.path is not None else "  no configuration file applies"
    for glob in config.fitting("exclude", path):
        yield f"  a search skips it: {_excluding(config, glob)}"
    if outcome.result.documents:
        yield f"  {count(len(outcome.result.rules), 'rule is', 'rules are')} checked"


def _rows(path: Path, config: Config, options: Options, environment: str) -> Iterator[_Row]:
    """Each option with its value and origin."""
    asked = options.overrides
    held = asked.over(config.environments.get(environment, Overrides()).over(config.overrides_for(path)))
    baseline = str(options.baseline or "") or (relative_to_here(config.baseline) if config.baseline is not None else "")
    values: dict[str, object] = {
        **held._asdict(),
        "rules": (*map(relative_to_here, config.rules), *map(str, options.rules)),
        "secret_names": config.secret_names,
        "baseline": None if options.without_baseline else baseline,
    }
    by_command_line = {
        "rules": "--rules" if options.rules else "",
        "server-version": asked.server.why if asked.server is not None else "",
        "baseline": "--no-baseline" if options.without_baseline else "--baseline" if options.baseline is not None else "",
    }

    def given(*names: str) -> list[str]:
        """The places in the configuration that set an option, each with what its table is for."""
        giving = [keys for keys in config.tables_for(path, environment) if (*keys, *names) in config.places]
        return [f"{_place(config, *keys, *names)}{', ' if keys else ''}{' '.join(map(str, keys))}" for keys in giving]

    for name, default in _DEFAULTS.items():
        if name == "severity":
            yield from ((f"severity.{rule}", _text(level), given(name, rule)[-1]) for rule, level in (held.severity or {}).items())
            continue
        [field] = (one.field for one in OPTIONS if one.name == name)
        option = by_command_line.get(name, f"--{name}" if getattr(asked, field, None) is not None else "")
        by = [*given(name), *([option] if option else [])]
        yield name, _text(values[field]) or default, ", ".join(by if name in ("rules", "extend-select") else by[-1:]) or "default"
    for number, acceptance in enumerate(config.accept):
        if acceptance.path is None or acceptance.path in config.fitting("accept", path):
            at = f" at {acceptance.setting}" if acceptance.setting else ""
            yield "accept", f"{acceptance.rule}{at}", _place(config, "accept", number)


def _text(value: object) -> str:
    """The value of an option; empty if there is none."""
    if isinstance(value, dict):  # a severity by targets
        levels = {target: level or "off" for target, level in value.items()}
        return ", ".join([f"{target} {level}" for target, level in levels.items()] if len({*levels.values()}) > 1 else {*levels.values()})
    if isinstance(value, ServerVersion):
        return value.text
    return ", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value).lower()


def _place(config: Config, *keys: str | int) -> str:
    return f"{relative_to_here(config.path)}:{config.line(*keys)}" if config.path is not None else ""


def _excluding(config: Config, glob: str) -> str:
    return f'exclude "{glob}" ({_place(config, "exclude", config.exclude.index(glob))})'


# --- What a search takes. -----------------------------------------------------------------------------------------------------------


def _left_out(left_out: LeftOut) -> tuple[str, str]:
    """What is left out, and why."""
    why = f"a search never enters a folder called {left_out.path.name}" if left_out.path.name in SKIPPED_FOLDERS else "hidden"
    if left_out.glob:
        why = f"{'force-exclude and ' * left_out.named}{_excluding(left_out.config, left_out.glob)}"
    return f"{left_out.path.as_posix()}{'/' * left_out.path.is_dir()}", why


def _files(paths: list[str], options: Options, log: Log) -> list[str]:
    """The files that the paths of the command line select, and those that are skipped, each with the reason."""
    run, errors, files = read_paths(paths, options)
    log.errors += dict.fromkeys(errors)
    log.bugs += run.log.bugs
    left_out = dict(map(_left_out, run.search.left_out))
    unread = {file.path: file.note for file in run.log.files}
    rows = {name: f"skipped: {why}" for name, why in left_out.items()}
    parts: dict[str, list[str]] = {}
    for one, reading in files.items():
        name, why = one.path.as_posix(), _why_taken(one, run.choices)
        if reading is None:
            rows[name] = f"{'skipped: ' if one.too_large else ''}{unread[name]} ({why})"
        elif reading.loaded:
            rows[name] = f"included: {', '.join(dict.fromkeys(loaded.document.kind for loaded in reading.loaded))} ({why})"
        else:
            note = reading.note or ("its content is ambiguous" if one.by_content else "its content is not a Medplum configuration")
            rows[name] = f"{'skipped' if one.searched else 'not recognised'}: {note} ({why})"
        places = [place for loaded in (reading.loaded if reading else ()) if loaded.parts for place in loaded.places]
        for uri in dict.fromkeys(uri for uri, _ in places if uri != name):
            parts.setdefault(uri, []).append(name)
    for name, wholes in parts.items():
        if rows.get(name, "").startswith(("skipped", "not recognised")):
            rows[name] = f"included: as a part of {' and '.join(wholes)}"
    lines = columns(sorted(rows.items()))
    more = run.search.looked_at - sum(file.searched for file in files) - sum(not name.endswith("/") for name in left_out)
    if more > 0:
        lines.append(f"{count(more, 'file has another name', 'files have other names')}: {what_is_searched_for()}.")
    return lines


def _why_taken(found: Found, choices: Choices) -> str:
    if not found.searched:
        return "named"
    config = choices.config(found.path)
    if found.included and config is not None:
        glob = config.fitting("include", found.path)[0]
        place = _place(config, "include", config.include.index(glob))
        return f'include "{glob}", {place}'
    return "in a folder that is searched by content" if found.by_content else found.pattern
