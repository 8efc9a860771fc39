"""What is measured: rows of commands that do the same work, and the goals of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

from .inputs import MISTAKES, ROOT, Sizes
from .install import NOW, Installed, Version
from .measure import Case

SCHEMA: Final = ROOT / "schemas" / "medplum-server-config.schema.json"
BARE: Final = "python -c pass"
LOAD: Final = "json.load"
_SCHEMA_CHECK: Final = "check-jsonschema"
_LOAD: Final = "import json, sys\nfor name in sys.argv[1:]:\n    with open(name, encoding='utf-8') as file: json.load(file)"
_LOAD_YAML: Final = "import sys, yaml\nwith open(sys.argv[1], encoding='utf-8') as file: yaml.load(file, yaml.CSafeLoader)"
_LOOSE: Final = "{extends: relaxed, rules: {line-length: disable}}"

Unit = Literal["times", "ms", "MiB", "MB/s", "of the text"]
"""Times another command, milliseconds, peak memory, text a second, or memory beyond a bare interpreter's as a multiple of the text."""


class Goal(NamedTuple):
    """What a command of ours must keep to, at most, or at least if the unit is MB/s; ``to`` is what "times" is a multiple of."""

    command: str
    unit: Unit
    limit: float
    to: str = ""


class Row(NamedTuple):
    """Commands that do the same work. The first is what the others are multiples of; ``text`` is the file whose size counts."""

    name: str
    title: str
    cases: Sequence[Case]
    goals: Sequence[Goal] = ()
    text: str = ""
    note: str = ""


def rows(installed: Installed, folder: Path, sizes: Sizes) -> list[Row]:
    """All rows. ``folder`` is where their files are, and where the commands run."""
    return [make(installed, folder, sizes) for make in ROWS.values()]


def _ours(installed: Installed, name: str, *arguments: str, found: str = "", then: int = 1) -> Iterator[Case]:
    """A command of each of our versions; what it finds is asked only of this checkout, for the rules of older ones differ."""
    for version in installed.versions:
        is_now = version.name == NOW
        statuses, says = ((then,) if found else (0,), found or "No findings in") if is_now else ((0, 1), "")
        yield _of(version, name, *arguments, statuses=statuses, says=says)


def _of(version: Version, name: str, *arguments: str, statuses: tuple[int, ...], says: str) -> Case:
    return Case(name, [version.commands / "medplum-lint", *arguments], statuses, says, version.name)


def _python(installed: Installed, name: str, *arguments: str) -> Case:
    return Case(name, [installed.versions[0].commands / "python", "-c", *arguments])


def _bare(installed: Installed) -> Case:
    return _python(installed, BARE, "pass")


# --- Other tools ---


def _others(installed: Installed, cases: Mapping[str, tuple[Sequence[str | Path], str]]) -> Iterator[Case]:
    """The tools that are there; each is given its arguments, and what it must say."""
    for name, (arguments, says) in cases.items():
        if name in installed.tools:
            yield Case(name, [installed.tools[name], *arguments], says=says)


def _ajv(schema: str | Path, files: str) -> Sequence[str | Path]:
    return ["validate", "--spec=draft7", "-c", "ajv-formats", "--strict=false", "-s", schema, "-d", files]


def _on_dump(name: str, template: str) -> dict[str, tuple[Sequence[str | Path], str]]:
    """How each tool checks a dump; cfn-lint gets a template of the same size. zizmor has nothing of that size to check."""
    return {
        "jsonvet": (["--no-config", name], r"\A\Z"),
        "biome": (["lint", "--config-path", "biome.json", name], r"Checked 1 file .*\s*\Z"),
        "check-jsonschema": (["--schemafile", "dump.schema.json", name], "ok -- validation done"),
        "ajv": (_ajv("dump.schema.json", name), rf"\A{name} valid"),
        "spectral": (["lint", "-r", "dump-ruleset.yaml", name], "No results with a severity of 'error' found"),
        "yamllint": (["-d", _LOOSE, name], r"\A\Z"),
        "cfn-lint": ([*_WHAT_SSM_REFUSES, "--", template], r"\A\Z"),
    }


_WHAT_SSM_REFUSES: Final = ("--ignore-checks", "E1002", "E3033")
"""Size of a template, length of a text: a template of megabytes is found too large, in the end."""


def proofs(installed: Installed) -> list[Case]:
    """Each tool with a file that has a mistake, which it must find: so one that says nothing of what is measured has read it."""
    broken: dict[str, tuple[Sequence[str | Path], str]] = {
        "jsonvet": (["--no-config", "broken.json"], "duplicate-key"),
        "biome": (["lint", "--config-path", "biome.json", "broken.json"], "noDuplicateObjectKeys"),
        "check-jsonschema": (["--schemafile", "dump.schema.json", "broken-dump.json"], "validation errors"),
        "ajv": (_ajv("dump.schema.json", "broken-dump.json"), "broken-dump.json invalid"),
        "spectral": (["lint", "-r", "dump-ruleset.yaml", "broken-dump.json"], "name-is-a-path|has-a-value"),
        "yamllint": (["-d", _LOOSE, "broken.json"], "key-duplicates"),
        "cfn-lint": (["broken-template.json"], "E3003|E3002"),
        "zizmor": (["--offline", "--no-progress", "broken-repository"], "template-injection"),
    }
    return [case._replace(statuses=tuple(range(1, 16))) for case in _others(installed, broken)]


# --- Rows ---


def _clean(installed: Installed, folder: Path, sizes: Sizes) -> Row:
    name = "clean.json"
    others = _others(
        installed,
        {
            "jsonvet": (["--no-config", name], r"\A\Z"),
            "biome": (["lint", "--config-path", "biome.json", name], r"Checked 1 file .*\s*\Z"),
            "zizmor": (["--offline", "--no-progress", "repository"], "No findings to report"),
            "yamllint": (["-d", _LOOSE, name], r"\A\Z"),
            "check-jsonschema": (["--schemafile", SCHEMA, name], "ok -- validation done"),
            "ajv": (_ajv(SCHEMA, name), rf"\A{name} valid"),
            "spectral": (["lint", "-r", "ruleset.yaml", name], "No results with a severity of 'error' found"),
            "cfn-lint": (["template.json"], r"\A\Z"),
        },
    )
    ours = _ours(installed, "medplum-lint", name)
    cases = [_bare(installed), _python(installed, LOAD, _LOAD, name), *others, *ours]
    return Row("clean", "One clean file of 3 KB", cases, [Goal("medplum-lint", "times", 5.0, BARE)], name, _OTHER_KINDS)


_OTHER_KINDS: Final = "zizmor reads GitHub workflows and cfn-lint CloudFormation templates: they get those, of the same size."


def _files(installed: Installed, folder: Path, sizes: Sizes) -> Row:
    count = sizes.files
    names = [f"files/medplum-{number}.config.json" for number in range(count)]
    templates = [f"templates/template-{number}.json" for number in range(count)]
    others = _others(
        installed,
        {
            "jsonvet": (["--no-config", *names], r"\A\Z"),
            "biome": (["lint", "--config-path", "biome.json", "files"], rf"Checked {count} files .*\s*\Z"),
            "zizmor": (["--offline", "--no-progress", "repositories"], "No findings to report"),
            "yamllint": (["-d", _LOOSE, *names], r"\A\Z"),
            "check-jsonschema": (["--schemafile", SCHEMA, *names], "ok -- validation done"),
            "ajv": (_ajv(SCHEMA, "files/*.json"), "config.json valid"),
            "spectral": (["lint", "-r", "ruleset.yaml", "files/*.json"], "No results with a severity of 'error' found"),
            "cfn-lint": (["--", *templates], r"\A\Z"),
        },
    )
    cases = [_python(installed, LOAD, _LOAD, *names), *others, *_ours(installed, "medplum-lint", "files")]
    return Row("files", f"{count:,} clean files of 3 KB", cases, [Goal("medplum-lint", "times", 1.0, _SCHEMA_CHECK)], "files", _OTHER_KINDS)


def _dump(installed: Installed, folder: Path, sizes: Sizes) -> Row:
    name = "dump.json"
    others = _others(installed, _on_dump(name, "dump-template.json"))
    cases = [_python(installed, LOAD, _LOAD, name), *others, _bare(installed), *_ours(installed, "medplum-lint", name)]
    goals = [Goal("medplum-lint", "times", 0.5, _SCHEMA_CHECK)]
    title = f"A dump of {sizes.parameters:,} parameters with one environment"
    return Row("dump", title, cases, goals, name, _TEMPLATE)


_TEMPLATE: Final = (
    "cfn-lint gets a CloudFormation template of the same size, in which values are long, because 500 resources are allowed. "
    "A GitHub workflow of this size there is not, so zizmor gets none."
)


def _environments(installed: Installed, folder: Path, sizes: Sizes) -> Row:
    names = {"one key for all": "same-key.json", "a key for each": "own-keys.json"}
    ours = [case for says, name in names.items() for case in _ours(installed, f"medplum-lint, {says}", name)]
    loads = _python(installed, LOAD, _LOAD, "own-keys.json")
    goals = [Goal(f"medplum-lint, {says}", "ms", 1_500) for says in names]
    title = f"A dump of {20 * sizes.environments:,} parameters in {sizes.environments:,} environments, each with an encrypted signing key"
    return Row("environments", title, [loads, _bare(installed), *ours], goals, "own-keys.json")


def _huge(installed: Installed, folder: Path, sizes: Sizes) -> Row:
    name = "huge.json"
    others = _others(installed, _on_dump(name, "huge-template.json"))
    cases = [_python(installed, LOAD, _LOAD, name), *others, _bare(installed), *_ours(installed, "medplum-lint", name)]
    goals = [Goal("medplum-lint", "ms", 2_500), Goal("medplum-lint", "MiB", 600), Goal("medplum-lint", "of the text", 4)]
    return Row("huge", f"A dump of {sizes.huge:,} parameters with one environment", cases, goals, name, _TEMPLATE)


def _findings(installed: Installed, folder: Path, sizes: Sizes) -> Row:
    clean, seven = "medplum-lint, clean", "medplum-lint, seven findings and a signing key"
    ten, sarif = "medplum-lint, ten findings", "medplum-lint, ten findings as SARIF"
    cases = [
        _bare(installed),
        *_ours(installed, clean, "clean.json"),
        *_ours(installed, seven, "seven.json", found=r"Found 6 errors and 1 warning in 1 file"),
        *_ours(installed, ten, "ten.json", found=r"Found 8 errors and 2 warnings in 1 file"),
        *_ours(installed, sarif, "--format", "sarif", "ten.json", found=rf'(?s)\A(?:.*?"ruleIndex"){{{MISTAKES}}}'),
    ]
    goals = [Goal(seven, "times", 9.5, BARE), Goal(ten, "times", 1.3, clean), Goal(sarif, "times", 3.5, clean)]
    return Row("findings", "A few findings", cases, goals, "ten.json")


def _report(installed: Installed, folder: Path, sizes: Sizes) -> Row:
    count = MISTAKES * sizes.wrong
    config, dump = f"{count:,} findings in a config file", f"{count:,} findings in a dump"
    errors, warnings = 9 * sizes.wrong, sizes.wrong
    of_dump = f"Found {errors:,} errors and {warnings:,} warnings in 1 file"
    sarif = r'"results": \['
    only_now = installed._replace(versions=installed.versions[:1])
    cases = [
        _bare(installed),
        *_ours(installed, config, "wrong.json", found=f"Found {count:,} errors in 1 file"),
        *_ours(installed, f"{config}, as SARIF", "--format", "sarif", "wrong.json", found=sarif),
        *_ours(installed, dump, "wrong-dump.json", found=of_dump),
        # Older versions take minutes for it.
        *_ours(only_now, f"{dump}, as SARIF", "--format", "sarif", "wrong-dump.json", found=sarif),
    ]
    goals = [Goal(name + more, "ms", 6_000) for name in (config, dump) for more in ("", ", as SARIF")]
    return Row("report", f"{count:,} findings", cases, goals, "wrong.json", "The dump has ten findings in each environment.")


def _yaml(installed: Installed, folder: Path, sizes: Sizes) -> Row:
    name = "dump.yaml"
    cases = [_python(installed, "yaml.load, by libyaml", _LOAD_YAML, name), *_ours(installed, "medplum-lint", name)]
    title = f"A dump of {2 * sizes.parameters:,} parameters as YAML"
    return Row("yaml", title, cases, [Goal("medplum-lint", "MB/s", 8)], name)


ROWS: Final[Mapping[str, Callable[[Installed, Path, Sizes], Row]]] = {
    "clean": _clean,
    "files": _files,
    "dump": _dump,
    "environments": _environments,
    "huge": _huge,
    "findings": _findings,
    "report": _report,
    "yaml": _yaml,
}
