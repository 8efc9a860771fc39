"""What the catalogue says of releases, held against tables that others made of the history of the server and the CDK.

``newer-releases.md`` has what became known of the releases after ``LAST_READ``, and counts where a table says "after" that one.

The tables lie beside the project where they are at hand; where they are not, these tests are skipped, and ``test_releases.py`` has the
claims that matter most. A difference on purpose is in ``DELIBERATE`` with its reason: the code of the release decides.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

import pytest
from support.checkout import ROOT

from linter.model import SettingPath, dotted
from linter.redaction.numbers import number_text
from linter.release import LAST_READ, MAIN, OLDEST, Release
from linter.server.loader import coercion_of
from linter.settings import Setting, catalogue
from linter.settings.env_names import setting_of, variable_of
from linter.settings.releases import DATES, RELEASES

FACTS = ROOT.parent / "shared" / "facts"
TABLES = {"server": "settings-by-version.tsv", "infra": "cdk-by-version.tsv"}
BACK_PORTED_IN: Final = [Release.of(text) for text in ("4.1.16", "4.1.17", "4.1.18")]
"""The maintenance releases of 4.1, which the main branch does not have."""
pytestmark = pytest.mark.skipif(not FACTS.is_dir(), reason="the tables are not at hand")

_ONLY_TYPED = "it is in the types alone: packages/cdk/src has no line that reads it"
_GENERATED = "the key that the loader makes up depends on other settings, so with_defaults has it and not the catalogue"
DELIBERATE: Final = {
    "server env MEDPLUM_ENABLE_STRICT_MIGRATION_VERSION_CHECKS": "this is a variable of the process, and no setting",
    "server readonlyDatabase.runMigrations": "the type has it; no release runs migrations on the read-only copy",
    "server readonlyDatabase.disableRunPostDeployMigrations": "the type has it; no release runs migrations on the read-only copy",
    "server signingKey default": _GENERATED,
    "server signingKeyId default": _GENERATED,
    "server signingKeyPassphrase default": _GENERATED,
    "infra additionalContainers.*.cpu": _ONLY_TYPED,
    "infra additionalContainers.*.memory": _ONLY_TYPED,
    "infra workerServices.*.additionalContainers.*.cpu": _ONLY_TYPED,
    "infra workerServices.*.additionalContainers.*.memory": _ONLY_TYPED,
    "infra workerServices.*.workers.enabled": "createWorkerService asks only whether there is a workers",
    "infra workerServices.*.workers.bullmq": "createWorkerService asks only whether there is a workers",
    "infra fireLens.logDriverConfig.secretOptions": _ONLY_TYPED,
    "infra rdsNewInstanceVersion": "no release has it",
    "infra rdsReplaceClusterStep": "no release has it",
}
"""What differs, as a difference begins, with the reason why the catalogue is right."""

_SAID_OTHERWISE: Final[dict[str, Any]] = {
    "the realtime transcription endpoint of OpenAI": "wss://api.openai.com/v1/realtime?intent=transcription",
    "concurrency 10, removeOnComplete count 1, removeOnFail count 1": {
        "concurrency": 10,
        "removeOnComplete": {"count": 1},
        "removeOnFail": {"count": 1},
    },
    "concurrency 20, the rest unchanged": {"concurrency": 20, "removeOnComplete": {"count": 1}, "removeOnFail": {"count": 1}},
    "count 1": {"count": 1},
    "empty list": [],
    "info": "INFO",
    "smtp when smtp is set, otherwise awsses": "smtp when there is an smtp object, otherwise awsses",
    "none in the loader; 5": 5,
    "no parameter group": None,
    "a parameter group with statement_timeout 60000 and REPEATABLE READ, the setting laid over it": {
        "statement_timeout": "60000",
        "default_transaction_isolation": "REPEATABLE READ",
    },
    "rdsInstanceType": "that of rdsInstanceType",
    "serverImage": "that of serverImage",
    "serverCpu": "that of serverCpu",
    "serverMemory": "that of serverMemory",
}
"""The defaults that a table has in other words than the catalogue."""
_SAID_ABOUT_IT: Final = re.compile(
    r"^Aurora PostgreSQL |^none \(BullMQ decides: | \((?!BullMQ).*\)| ms\)?$"
    r"| per minute.*| by plain concatenation.*| without a doubled slash"
)
"""What a table says around the default itself."""
_CHANGED: Final = re.compile(r'([0-9.]+): default changed from "([^"]*)" to "([^"]*)"')


def rows(file: str) -> list[dict[str, str]]:
    lines = (FACTS / file).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def release_of(text: str) -> Release:
    return OLDEST if text == "≤3.0" else Release.of(text)


class Span(NamedTuple):
    """The first release that has something, and the last one that has not, where more lie between."""

    first: Release
    after: Release | None = None

    def __str__(self) -> str:
        return str(self.first) if self.after is None else f"after {self.after}, by {self.first}"

    @classmethod
    def of(cls, text: str) -> Span | None:
        """``5.1.27``, ``5.1.25 or 5.1.27``, ``5.1.38 < x ≤ 5.2.13``; None for any other text."""
        if either := re.match(r"([0-9.]+) or ([0-9.]+)", text):
            return cls(Release.of(either[2]), before(Release.of(either[1])))
        if between := re.match(r"([0-9.]+) < x ≤ ([0-9.]+)", text):
            after, by = Release.of(between[1]), Release.of(between[2])
            return cls(by, None if after == before(by) else after)
        match = re.match(r"[0-9.]+(?= |\Z)", text)
        return cls(Release.of(match[0])) if match and "changed" not in text else None


def before(release: Release) -> Release:
    return RELEASES[RELEASES.index(release) - 1]


class Newer(NamedTuple):
    """What ``newer-releases.md`` says of a new setting; of those of the CDK it has no way to read a text."""

    span: Span
    type: str
    default: str
    text: str = ""


def cells(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading of ``newer-releases.md``."""
    _, _, rest = (FACTS / "newer-releases.md").read_text(encoding="utf-8").partition(f"\n{heading}")
    lines = re.search(r"(?:^\|.*\n)+", rest, re.MULTILINE)
    assert lines is not None, heading
    return [[cell.strip() for cell in line.strip("|\n").split(" | ")] for line in lines[0].splitlines()[2:]]


@cache
def newer(kind: str) -> dict[str, Newer]:
    """The new settings of the releases after ``LAST_READ``, by name."""
    found = {}
    for names, type_, default, *rest in cells("### New") if kind == "server" else cells("## (c)"):
        text, first = rest[:2] if kind == "server" else ("", rest[0])
        for name in names.split(", "):
            if (span := Span.of(first)) is not None and type_ != "-":
                found[name] = Newer(span, type_, default, text)
    return found


def changed(pattern: str) -> Iterator[tuple[re.Match[str], str, Span]]:
    """The changes of settings in a text: the match, the name, and since when."""
    for name, change, release, *_ in cells("### Changed"):
        if (match := re.match(pattern, change)) and (span := Span.of(re.sub(r"^.*`: ", "", change)) or Span.of(release)):
            yield match, name.replace("[]", ".*"), span


def differences(kind: str) -> Iterator[str]:
    """A line for each difference, which begins with the kind of document, the name and, of a setting that is known, the field."""
    for row in rows(TABLES[kind]):
        name = row["name"].replace("[]", ".*")
        setting = catalogue(kind).get(tuple(name.split(".")))
        if setting is None:
            yield f"{kind} {name}: is not in the catalogue; it is read from {row['first_release']} to {row['last_release']}"
        elif row["first_release"].startswith(("never", "before")):
            if setting.is_read_by(MAIN) or setting.last != MAIN:
                yield f"{kind} {name}: is read by no release"
        else:
            yield from (f"{kind} {name}{difference}" for difference in (*_of_span(kind, row, setting), *_of_defaults(row, setting)))


def _of_span(kind: str, row: dict[str, str], setting: Setting) -> Iterator[str]:
    if setting.status == "obsolete" and setting.last == MAIN:
        yield f": is read by no release to the catalogue, from {row['first_release']} to the table"
        return
    is_newer = row["first_release"].startswith("after ")
    span, last = newer(kind)[setting.name].span if is_newer else Span(release_of(row["first_release"])), _last(row)
    if Span(setting.first, setting.after) != span:
        yield f" first: {Span(setting.first, setting.after)} in the catalogue, {span} in the table"
    if setting.last != last:
        yield f" last: {setting.last} in the catalogue, {last} in the table"
    is_read = [setting.is_read_by(release) for release in BACK_PORTED_IN]
    if row.get("in_4.1_maintenance") == "4.1.16 to 4.1.18" and not all(is_read):
        yield " back_ported: 4.1.16 to 4.1.18 read it"


def _last(row: dict[str, str]) -> Release:
    """The last release that reads a setting: a maintenance release where those after the last of the main branch still do."""
    if not row["last_release"]:
        _, is_replaced, replacement = row["replaced_by"].partition(f"after {LAST_READ}: ")
        return before(newer("server")[replacement].span.first) if is_replaced else MAIN
    last = release_of(row["last_release"])
    return max(last, BACK_PORTED_IN[-1]) if row.get("in_4.1_maintenance") and last < Release.of("4.2.0") else last


def _of_defaults(row: dict[str, str], setting: Setting) -> Iterator[str]:
    """The differences of the first default, of the newest, and of each change between them; nothing where the table has no default."""
    if not row["default_first"] and not row["default_last"]:
        return
    first = release_of(row["first_release"])
    said = {first: row["default_first"], max(first, min(setting.last, MAIN)): row["default_last"]}
    for text, before, after in _CHANGED.findall(row["changes"]):
        changed = Release.of(text)
        said |= {RELEASES[RELEASES.index(changed) - 1]: before, changed: after}
    for release, default in said.items():
        if not _is_default(setting.default_in(release), default):
            yield f" default: {setting.default_in(release)!r} in {release} in the catalogue, {default!r} in the table"
    for text in setting.default_history.steps if setting.default_history is not None else ():
        if Release.of(text) > max(first, setting.first) and Release.of(text) not in said:
            yield f" default: changes in {text} in the catalogue alone"


def _is_default(value: Any, said: str) -> bool:
    plain = _SAID_ABOUT_IT.sub("", said).replace("joined with /", "+ ")
    if plain in _SAID_OTHERWISE:
        return bool(value == _SAID_OTHERWISE[plain])
    return plain == ("none" if value is None else number_text(value))


@pytest.mark.parametrize("kind", TABLES)
def test_which_releases_read_each_setting_and_its_defaults(kind: str) -> None:
    _fail_for([line for line in differences(kind) if line.partition(":")[0] not in DELIBERATE])


def test_every_deliberate_difference_is_one() -> None:
    found = {line.partition(":")[0] for kind in TABLES for line in differences(kind)}
    assert sorted(DELIBERATE.keys() - found) == []


def test_every_release_and_its_date() -> None:
    assert {str(release): date for release, date in DATES.items()} == {row["version"]: row["date"] for row in rows("releases.tsv")}


def test_how_every_release_reads_the_text_of_each_setting() -> None:
    """From the oldest one examined to the last whose source was read, and the newest, where no later change is known."""
    releases = [one for one in RELEASES if Release.of("4.1.0") <= one <= LAST_READ]
    later = {name for name, new in newer("server").items() if new.text} | {name for _, name, _ in changed("typed as ")}
    wrong = []
    for row in rows("coercion-by-version.tsv"):
        path, (steps, back_ported) = tuple(row["setting"].split(".")), _steps(row)
        for release in releases if row["setting"] in later else (*releases, MAIN):
            if release in BACK_PORTED_IN and not back_ported:
                continue
            said = back_ported if release in BACK_PORTED_IN else next(read for first, read in reversed(steps) if first <= release)
            found = _reading(row["source"], path, release)
            if found != said:
                wrong.append(f"{row['source']} {dotted(path)} {release}: {found} in the catalogue, {said} in the table")
    _fail_for(wrong)


def _fail_for(wrong: list[str]) -> None:
    """Fail with all the lines; an assertion would show only the first."""
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def _steps(row: dict[str, str]) -> tuple[list[tuple[Release, str]], str]:
    """``4.1.0 none; 4.3.5 integer; 4.1.16 to 4.1.18 (back-port) object``: in order, and what the maintenance releases do; ``newest`` is
    the main branch."""
    (column,) = (name for name in row if name.startswith("coercion by version"))
    main, _, back_ported = row[column].partition(f"; {BACK_PORTED_IN[0]} to {BACK_PORTED_IN[-1]} (back-port) ")
    steps = (step.strip().split(" ", 1) for step in main.split(";"))
    return [(MAIN if first == "newest" else Release.of(first), read) for first, read in steps], back_ported


def _reading(source: str, path: SettingPath, release: Release) -> str:
    """What a release makes of a text, or where it puts a variable instead."""
    if source == "ssm":
        return coercion_of(path, "ssm_coercion", release)
    landed = setting_of(variable_of(tuple(map(str, path))), release)
    return coercion_of(path, "env_coercion", release) if landed == path else f"lands on {dotted(landed)}"


_READ_AS: Final = {"boolean": "boolean", "integer": "integer", "comma list": "csv", "whole: JSON text": "object"}
"""How a text is read, by how ``newer-releases.md`` begins to say it; by what else it says, that is not known."""
_TYPES: Final = {"boolean": "boolean", "integer": "integer", "number": "number", "list": "array", "object": "object", "string": "string"}


@pytest.mark.parametrize("kind", TABLES)
def test_the_new_settings_of_later_releases(kind: str) -> None:
    assert len(newer(kind)) >= 4
    wrong = []
    for name, said in newer(kind).items():
        setting = catalogue(kind).get(tuple(name.split(".")))
        assert setting is not None, name
        texts = {coercion.newest for coercion in (setting.ssm_coercion, setting.env_coercion)} if said.text else set()
        found = (Span(setting.first, setting.after), setting.types[0], texts)
        read = next((read for begins, read in _READ_AS.items() if said.text.startswith(begins)), "unknown")
        types = {_TYPES[said.type.split(",")[0].split()[0]]} | ({"integer"} if said.type.startswith("number") else set())
        if found[0] != said.span or found[1] not in types or found[2] != ({read} if said.text else set()):
            wrong.append(f"{kind} {name}: {found} in the catalogue, {said} in the notes")
        if re.fullmatch("true|false|[0-9]+", said.default) and number_text(setting.real_default) != said.default:
            wrong.append(f"{kind} {name}: default {setting.real_default} in the catalogue, {said.default} in the notes")
    _fail_for(wrong)


def test_what_later_releases_change() -> None:
    features = catalogue().get(("defaultProjectFeatures", 0))
    assert features is not None
    values = [(match[1], span) for match, _, span in changed("further value `([a-z-]+)`")]
    assert len(values) == 3
    assert values == [(word, Span(features.enum_first[word], features.enum_after.get(word))) for word, _ in values]
    ((match, name, span),) = changed("new fields ([^;]+);")
    settings = [catalogue().get((*name.split("."), field)) for field in match[1].split(", ")]
    assert [Span(one.first, one.after) for one in settings if one is not None] == [span] * 3
    ((match, name, span),) = changed("typed as ([a-z]+) from text")
    for by in ("ssm_coercion", "env_coercion"):
        readings = [coercion_of((name,), by, release) for release in (before(span.first), span.first)]
        assert readings == ["none", match[1]]


def test_what_no_release_reads_is_not_in_the_catalogue() -> None:
    names = [
        name for cell, _ in cells("### Named somewhere") for name in re.split(r",\s(?![^{]*\})", cell) if " " not in name.partition(".{")[0]
    ]
    assert len(names) >= 7
    assert [name for name in names if catalogue().get(tuple(name.partition(".{")[0].split("."))) is not None] == []
