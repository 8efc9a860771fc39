"""What the catalogue says of releases, held against tables that others made of the history of the server and the CDK.

The tables lie beside the project where they are at hand; where they are not, these tests are skipped, and ``test_releases.py`` has the
claims that matter most. A difference on purpose is in ``DELIBERATE`` with its reason: the code of the release decides.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from support.checkout import ROOT

from linter.model import SettingPath, dotted
from linter.redaction.numbers import number_text
from linter.release import MAIN, NEWEST, OLDEST, Release
from linter.server.assembly import coercion_of
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
    "server shards": "no release reads it, and the main branch only prepares it",
    "server signingKey default": _GENERATED,
    "server signingKeyId default": _GENERATED,
    "server signingKeyPassphrase default": _GENERATED,
    "server redis.tls first": "3.0.0 hands the whole section to ioredis (redis.ts), and the types got it later",
    "server redis.db first": "3.0.0 hands the whole section to ioredis (redis.ts), and the types got it later",
    "server database.queryTimeout default": "PostgreSQL refuses the statement that 3.0.6 sends for it: there is no timeout before 3.0.7",
    "infra additionalContainers.*.cpu": _ONLY_TYPED,
    "infra additionalContainers.*.memory": _ONLY_TYPED,
    "infra additionalContainers.*.essential first": "addContainer is given it since 3.2.19; the types had it before",
    "infra workerServices.*.additionalContainers.*.cpu": _ONLY_TYPED,
    "infra workerServices.*.additionalContainers.*.memory": _ONLY_TYPED,
    "infra workerServices.*.workers.enabled": "createWorkerService asks only whether there is a workers",
    "infra workerServices.*.workers.bullmq": "createWorkerService asks only whether there is a workers",
    "infra fireLens.logDriverConfig.secretOptions": _ONLY_TYPED,
    "infra rdsClusterParameters first": "the stack of 3.2.7 and 3.2.8 reads rdsInstanceParameters",
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
    return OLDEST if text == "≤3.0" else MAIN if text.startswith("after ") else Release.of(text)


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
            yield from (f"{kind} {name}{difference}" for difference in (*_of_span(row, setting), *_of_defaults(row, setting)))


def _of_span(row: dict[str, str], setting: Setting) -> Iterator[str]:
    if setting.status == "obsolete" and setting.last == MAIN:
        yield f": is read by no release to the catalogue, from {row['first_release']} to the table"
        return
    first, last = release_of(row["first_release"]), _last(row)
    if setting.first != first:
        yield f" first: {setting.first} in the catalogue, {first} in the table"
    if setting.last != last:
        yield f" last: {setting.last} in the catalogue, {last} in the table"
    is_read = [setting.is_read_by(release) for release in BACK_PORTED_IN]
    if row.get("in_4.1_maintenance") == "4.1.16 to 4.1.18" and not all(is_read):
        yield " back_ported: 4.1.16 to 4.1.18 read it"


def _last(row: dict[str, str]) -> Release:
    """The last release that reads a setting: a maintenance release where those after the last of the main branch still do."""
    if not row["last_release"]:
        return NEWEST if row["replaced_by"].startswith(f"after {NEWEST}: ") else MAIN
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
    """Those of the main branch, from the oldest that was looked at."""
    releases = [one for one in (*RELEASES, MAIN) if one >= Release.of("4.1.0") and one not in BACK_PORTED_IN]
    wrong = []
    for row in rows("coercion-by-version.tsv"):
        path, steps = tuple(row["setting"].split(".")), _steps(row)
        for release in releases:
            said = next(read for first, read in reversed(steps) if first <= release)
            found = _reading(row["source"], path, release)
            if found != said:
                wrong.append(f"{row['source']} {dotted(path)} {release}: {found} in the catalogue, {said} in the table")
    _fail_for(wrong)


def _fail_for(wrong: list[str]) -> None:
    """Fail with all the lines, of which an assertion would show the first alone."""
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def _steps(row: dict[str, str]) -> list[tuple[Release, str]]:
    """``4.1.0 none; 4.3.5 integer``, in order; ``newest`` is the main branch."""
    (column,) = (name for name in row if name.startswith("coercion by version"))
    steps = (step.strip().split(" ", 1) for step in row[column].split(";"))
    return [(MAIN if first == "newest" else Release.of(first), read) for first, read in steps]


def _reading(source: str, path: SettingPath, release: Release) -> str:
    """What a release makes of a text, or where it puts a variable instead."""
    if source == "ssm":
        return coercion_of(path, "ssm_coercion", release)
    landed = setting_of(variable_of(tuple(map(str, path))), release)
    return coercion_of(path, "env_coercion", release) if landed == path else f"lands on {dotted(landed)}"
