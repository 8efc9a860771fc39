"""``docs/rules/``: a page for each category, with the documentation and examples of its rules, and an index."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from rule_settings import links_of, words_of

from linter.commands.explain import fix_words, outlines
from linter.commands.rules import built_in_rule_files, level_words
from linter.model import RuleInfo
from linter.policy.controls import lines_about
from linter.policy.example import Example
from linter.policy.operators import listed
from linter.policy.rule_file import RuleFile


class Category(NamedTuple):
    """A folder of rules in words: the title of its page, and a sentence that says what is wrong where its rules find something."""

    title: str
    reason: str


CATEGORIES = {
    "syntax": Category("Syntax", "A file, or a comment in it, cannot be parsed."),
    "settings": Category("Settings", "The right settings are not there: one is missing, unknown, ignored, or in the wrong place."),
    "values": Category("Values", "The name of a setting is right, but its reader does not understand the value as it was meant."),
    "urls": Category("URLs", "An address leads clients or the server to the wrong place."),
    "database": Category("Database and Redis", "The server cannot reach its database or Redis, or overloads them."),
    "storage": Category("Storage", "Attachments cannot be stored or opened, or not the way that was meant."),
    "mail": Category("Mail", "The server sends no mail, or not as configured."),
    "tls": Category("TLS", "A connection is not encrypted, or its certificate is not checked or not usable."),
    "secrets": Category("Secrets", "A secret value is where others can read it, or others know it already."),
    "hardening": Category(
        "Hardening",
        "A public server does what it should not: it lets anyone in, trusts every origin, runs untrusted code, or logs patients' names.",
    ),
    "parameter-store": Category("Parameter Store", "AWS refuses a parameter, or the server does not see it."),
    "variables": Category(
        "Variables", "What passes variables to the server (Docker, Compose, Kubernetes, ECS, Helm) refuses, changes or hides them."
    ),
    "infra": Category(
        "Infrastructure",
        "The CDK or AWS refuses the infra config, or builds a stack that is too weak, or that can change by itself.",
    ),
    "workload": Category(
        "Workload", "What surrounds the server, such as health checks, volumes, its database or the app, does not fit it."
    ),
    "live": Category("Running server", "A running server does not work, or is not what its configuration says."),
    "deployment": Category(
        "Deployment", "Two parts of one deployment, such as the CDK, Parameter Store and the server, do not fit together."
    ),
}
"""Every folder of rules, in the order of the index."""

_LONGEST = 110
_MADE = "<!-- Made by tools/generate.py from the files in rules/: edit those. -->"
_INDEX = f"""\
# Rules

{_MADE}

Every built-in rule, by category. A category selects rules as an id does: `--select tls`, `--ignore mail`; see
[Choose rules](../configuration.md#choose-rules). `medplum-lint explain ID` prints a rule in the terminal. Policies of your own use the same
language: see [Policies of your own](../your-policies.md).
"""
_SEVERITY = """\
A severity with two levels gives the one for production and the one for development servers: see
[Production and development](../deployments.md#production-and-development). What is *pedantic* is checked only with `--pedantic`.
"""


def index() -> str:
    """The text of the index: the categories, and every rule in the order of the ids."""
    lines = [_INDEX, "| category | rules | what is wrong |", "| --- | ---: | --- |"]
    lines += [f"| [{one.title}]({name}.md): `{name}` | {len(_files_of(name))} | {one.reason} |" for name, one in CATEGORIES.items()]
    lines += ["", "## All rules", "", _SEVERITY, "| rule | category | severity | says |", "| --- | --- | --- | --- |"]
    for info in map(_info, _rule_files()):
        lines.append(f"| [`{info.id}`]({info.category}.md#{info.id}) | `{info.category}` | {_severity(info)} | {_cell(info.title)} |")
    return "\n".join(lines) + "\n"


def page(name: str) -> str:
    """The text of the page of a category."""
    category, files = CATEGORIES[name], _files_of(name)
    lines = [f"# {category.title}", "", _MADE, "", category.reason, ""]
    lines += [f"All of them: `--select {name}`; none of them: `--ignore {name}`. The other categories are in the [index](README.md).", ""]
    lines += [_SEVERITY, "| rule | severity | for | says |", "| --- | --- | --- | --- |"]
    lines += [_row(_info(rule_file)) for rule_file in files]
    for rule_file in files:
        lines += ["", *_section(rule_file)]
    return "\n".join(lines) + "\n"


@cache
def _rule_files() -> list[RuleFile]:
    """Every rule; none may be missing because it cannot be read, or because its folder has no page."""
    files = list(built_in_rule_files())
    errors = [error for rule_file in files for error in rule_file.errors]
    unknown = {rule_file.path.parent.name for rule_file in files} - set(CATEGORIES)
    errors += [f"rules/{name}: is no category; describe it in CATEGORIES of tools/rule_docs.py" for name in sorted(unknown)]
    if errors:
        raise ValueError("\n".join(errors))
    return files


def _files_of(category: str) -> list[RuleFile]:
    return [rule_file for rule_file in _rule_files() if _info(rule_file).category == category]


def _info(rule_file: RuleFile) -> RuleInfo:
    assert rule_file.rule is not None  # only such are asked for
    return rule_file.rule.info


def _row(info: RuleInfo) -> str:
    return f"| [`{info.id}`](#{info.id}) | {_severity(info)} | {', '.join(info.kinds)} | {_cell(info.title)} |"


def _severity(info: RuleInfo) -> str:
    return " / ".join(level_words(info))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _section(rule_file: RuleFile) -> Iterator[str]:
    info = _info(rule_file)
    yield from (f"## {info.id}", "", f"{info.title}.", "")
    yield f"Severity: {_severity(info)}. For: {', '.join(f'`{kind}`' for kind in info.kinds)}.{_fix(rule_file)}"
    assert rule_file.rule is not None  # only such are asked for
    settings, words = links_of(info.id), words_of(info.id)
    yield from ("", f"Settings: {settings}.") if settings else ()
    yield from ("", f"Keywords: {', '.join(words)}.") if words else ()
    yield ""
    yield from (f"* {_cell(line)}" for line in outlines(rule_file.rule))
    yield from ("", *([info.docs, ""] if info.docs else []))
    supported = lines_about(info)
    yield from (("This check supports:", "", *supported, "") if supported else ())
    yield from _fix_safety(rule_file)
    examples = rule_file.rule.examples
    yield from _example("Wrong", next(one for one in examples if not one.is_good))
    yield from _example("Right", next(one for one in examples if one.is_good))
    yield from _evidence(rule_file)
    yield "See " + ", ".join(map(_link, info.links)) + "." if info.links else "No page describes it."


_REPOSITORY = "https://github.com/medplum/medplum/blob/main/"


def _evidence(rule_file: RuleFile) -> Iterator[str]:
    """The paragraph that says what shows that the rule is right."""
    shown = [
        {"run": one, "read": _link(one)}.get(where, f"[`{where}/{one}`]({_REPOSITORY}{where}/{one})")
        for where, what in rule_file.data.get("evidence", {}).items()
        for one in listed(what)
    ]
    if shown:
        yield from (f"Evidence: {', '.join(shown)}.", "")


def _link(address: str) -> str:
    """An address without its scheme, which a search for "https" would find."""
    return f"[{address.removeprefix('https://')}]({address})"


def _fix(rule_file: RuleFile) -> str:
    return (
        f" Fix: {fix_words([plan.safe for plan in rule_file.rule.fixes])}."
        if rule_file.rule is not None and any(rule_file.rule.fixes)
        else ""
    )


def _fix_safety(rule_file: RuleFile) -> Iterator[str]:
    """The paragraph that says why the fixes are safe, or are not."""
    plans = rule_file.rule.fixes if rule_file.rule is not None else ()
    says = dict.fromkeys(f"{'safe' if plan.safe else 'unsafe'}, because {plan.reason}" for plan in plans if plan.reason)
    if says:
        yield from (f"Fix safety: {'; else '.join(says)}.", "")


def _example(title: str, example: Example) -> Iterator[str]:
    name = f", {example.name}" if example.name else ""
    lines = example.text(indent=2).replace("\ufeff", "(U+FEFF)").rstrip("\n").split("\n")
    shown = [line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…" for line in lines]
    yield from (f"{title}{name}:", "", "```json", *shown, "```", "")
