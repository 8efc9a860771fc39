"""Scenarios: a folder with files, and command lines to run in it. They cover every command, option and format, and every kind of input.

A scenario follows from a seed and a number alone. The sources of files, the files of each and the ways to use them take turns, in another
order in each round: a thousand scenarios have every command and option, and some thousands have every file.
"""

from __future__ import annotations

import copy
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple, TypeVar

import click

from linter import reporters
from linter.cli import cli
from linter.options import options_of

from . import cases, corpus
from .canaries import Canaries
from .corpus import ROOT
from .oracle import KINDS_TO_TRY, POLICY, SERVERS
from .renderers import RENDERERS, Tree, kubernetes, listed, listing, parameters

sys.path.insert(0, str(ROOT / "tests"))

from support.shapes import SHAPES  # noqa: E402

One = TypeVar("One")
Files = dict[str, bytes | str | None]
"""What is in a folder, by path: the content of a file, the target of a link, None for a folder."""


class Step(NamedTuple):
    """A command line, and what it is run with. ``terminal``: standard output is one."""

    arguments: tuple[str, ...]
    stdin: bytes = b""
    environment: Mapping[str, str] = {}
    terminal: bool = False


class Scenario(NamedTuple):
    """The files of a folder, and the command lines that are run in it, one after the other; ``name`` says what they are."""

    name: str
    files: Files
    steps: tuple[Step, ...]


def scenario(seed: int, number: int) -> Scenario:
    """The scenario of a number."""
    random = Random(f"{seed} {number}")
    turn, place = divmod(number, len(_TURNS))
    source = _TURNS[place]
    make, uses = _SOURCES[source]
    before = turn * _TURNS.count(source) + _TURNS[:place].count(source)
    given = make(before, random)
    use = _turn(list(uses), before, f"{seed} {source}")
    steps = [_changed(step, random) for step in uses[use](given, random)]
    files = {f"{HERE}/{name}": content for name, content in given.files.items()}
    words = {word for step in steps for word in step.arguments}
    files |= {name[3:]: content for name, content in _BESIDE.items() if words & {name, name.partition("/everything")[0]}}
    return Scenario(f"{given.name}: {use}", {HERE: None, **files}, tuple(steps))


HERE: Final = "here"
"""The folder in the folder of a scenario in which its commands are run."""
_BESIDE: Final[Files] = {"../policies/everything.yaml": POLICY.encode(), "../lint.toml": b'pedantic = true\nsecret-names = ["port"]\n'}
"""Files that options name; they lie outside of the folder, so that a search does not find them."""


def _turn(choices: Sequence[One], number: int, name: str) -> One:
    """The choice of a number: each takes its turn, in another order in each round."""
    turn, place = divmod(number, len(choices))
    return Random(f"{name} {turn}").sample(choices, len(choices))[place]


# Files


class Given(NamedTuple):
    """Files of a source: which of them the command line names, a rule that has to do with them, and options that they need."""

    name: str
    files: Files
    paths: tuple[str, ...]
    rule: str = "missing-trailing-slash"
    options: tuple[str, ...] = ()


@cache
def _folders() -> tuple[Path, ...]:
    """The folders of the tests and of the documentation that hold files to check."""
    parents = ("tests/fixtures", "tests/fixtures/real", "tests/sums")
    folders = [folder for parent in parents for folder in sorted((ROOT / parent).iterdir()) if folder.is_dir() and folder.name != "real"]
    return (*folders, ROOT / "tests/deployment", ROOT / "examples")


def _folder(number: int, random: Random) -> Given:
    """A folder as it is, now and then with one more."""
    files: Files = {}
    folders = [_turn(_folders(), number, "folder"), *random.sample(_folders(), random.choice([0, 0, 0, 0, 1]))]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != "expected.txt":
                files[path.relative_to(folder).as_posix().replace("input.", "medplum.")] = path.read_bytes()
    return _surrounded(Given(folders[0].name, files, tuple(files), _rule(random)), random)


def _example(number: int, random: Random) -> Given:
    """The example of a rule."""
    return _surrounded(_files_of(_turn(corpus.examples(), number, "example"), random), random)


def _fixable(number: int, random: Random) -> Given:
    """The example of a rule whose fix it shows; settings of a server as a dump of Parameter Store, for which there are commands."""
    example = _turn([one for one in corpus.examples() if "fixed" in one.given], number, "fixable")
    given = _files_of(example, random)
    if "data" in example.given and example.kinds[0] == "server":
        name, text = "ssm.json", parameters(example.given["data"], random)
        given = given._replace(files={name: text.encode("utf-8", "surrogatepass")}, paths=(name,))
    return _surrounded(given, random)


def _files_of(example: corpus.Example, random: Random) -> Given:
    """The files of an example, in some format that its rule is for."""
    given, kind = example.given, example.given.get("kind", example.kinds[0])
    if "text" in given:
        text = given["text"].encode(given.get("encoding", "utf-8"), "surrogatepass")
        files: Files = {_name_of_text(given["text"], example.name): text}
    else:
        documents = given["data"] if kind == "deployment" else {kind: given["data"]}
        files = dict(_rendered(each, data, random) for each, data in documents.items())
    options = ["--kind", kind] if "/" in kind and random.random() < 0.3 else []
    options += [word for key, option in _OPTIONS_OF_EXAMPLES.items() if key in given for word in (option, str(given[key]))]
    return Given(f"example of {example.rule}", files, tuple(files), example.rule, tuple(options))


_OPTIONS_OF_EXAMPLES: Final = {"now": "--now", "server": "--server-version", "target": "--target"}
_MARKS: Final = {
    "FROM ": "Dockerfile",
    "services:": "compose.yaml",
    "apiVersion:": "manifest.yaml",
    "jobs:": "deploy.yml",
    "{": "medplum.json",
}
"""By what is in a text of a rule's example a name for it."""


def _name_of_text(text: str, name: str) -> str:
    found = next((known for mark, known in _MARKS.items() if re.search(f"^{mark}", text, re.MULTILINE)), name)
    return found.replace("input.", "medplum.")


def _rendered(kind: str, data: Any, random: Random) -> tuple[str, bytes]:
    """A name and the content of a file with a configuration, in any format that it can have."""
    if kind not in RENDERERS:
        name, text = f"medplum-{kind.replace('/', '-')}.json", json.dumps(data, indent=2)
    else:
        name, _, render = random.choice(RENDERERS[kind])
        text = render(data, random)
    return name, text.encode("utf-8", "surrogatepass")


def _made_up(_number: int, random: Random) -> Given:
    """Files of the fuzzer."""
    made = [cases.make(seed, Canaries(seed)) for seed in (random.getrandbits(48) for _ in range(random.choice([1, 1, 1, 2, 3])))]
    files: Files = {f"{number or ''}{_possible(one.name)}": one.data for number, one in enumerate(made)}
    options = ("--kind", made[0].kind) if made[0].kind and random.random() < 0.3 else ()
    return _surrounded(Given("made up", files, tuple(f"./{name}" for name in files), _rule(random), options), random)


def _possible(name: str) -> str:
    """A name that a file can have."""
    return re.sub(r"[/\0]", "_", name)


def _environments(_number: int, random: Random) -> Given:
    """One dump of many environments, or one file of many containers, each nearly as the one before."""
    trees = enumerate(islice(_neighbours(random), _skewed(20, 60, random)))
    if random.random() < 0.7:
        text = listing([one for number, tree in trees for one in listed(tree, f"e{number}", random)], random)
        files: Files = {"ssm-dump.json": text.encode("utf-8", "surrogatepass")}
    else:
        each = (kubernetes(tree, random).replace("name: medplum", f"name: medplum-{number}") for number, tree in trees)
        files = {"manifest.yaml": "---\n".join(each).encode("utf-8", "surrogatepass")}
    return _surrounded(Given("many environments", files, tuple(files), _rule(random)), random)


def _near_files(number: int, random: Random) -> Given:
    """A folder of many files, each nearly as the one before."""
    name, _, render = _turn(RENDERERS["server"], number, "near files")
    manner = random.getrandbits(32)
    files: Files = {}
    for at, tree in enumerate(islice(_neighbours(random), _skewed(9, 40, random))):
        text = render(tree, Random(manner if at % 10 else at))
        files[f"e{at}/{name}"] = text.encode("utf-8", "surrogatepass")
    return _surrounded(Given(f"many files, {name}", files, tuple(files), _rule(random)), random)


def _skewed(least: int, most: int, random: Random) -> int:
    """A number between two, mostly a small one."""
    return least + int((most - least + 1) * random.random() ** 5)


def _clean() -> Tree:
    """A configuration without a fault, to which each change brings one at most."""
    tree: Tree = json.loads((ROOT / "tests/fixtures/clean-production-json/input.template.json").read_text(encoding="utf-8"))
    return tree


def _neighbours(random: Random) -> Iterator[Tree]:
    """Configurations, each of which differs from the one before in at most one setting."""
    tree = cases.configuration("server", random) if random.random() < 0.3 else _clean()
    values = corpus.values("server")
    while True:
        yield tree
        tree = copy.deepcopy(tree)
        there = [name for name, _ in corpus.leaves(tree) if name in values]
        name = random.choice(there) if there and random.random() < 0.6 else random.choice(list(values))
        if random.random() < 0.15:
            tree.pop(random.choice(list(tree)), None) if tree else None
        elif random.random() < 0.9:
            cases.put(tree, name.split("."), copy.deepcopy(random.choice(values[name])))


def _hostile(number: int, random: Random) -> Given:
    """A shape from the scaling tests, or an unreadable file."""
    shape = _turn([*SHAPES, *_ODD_FOLDERS], number, "hostile")
    if shape in _ODD_FOLDERS:
        files = _ODD_FOLDERS[shape]
        return Given(shape, dict(files), tuple(files) or ("missing.json",))
    sample = SHAPES[shape].make(random.choice([3, 20, 200]))
    options = ("--kind", sample.kind) if sample.kind else ()
    return Given(shape, {sample.name: sample.text.encode("utf-8", "surrogatepass")}, (sample.name,), _rule(random), options)


_ODD_FOLDERS: Final[dict[str, Files]] = {
    "no file": {},
    "an empty file": {"medplum.config.json": b""},
    "a folder for a file": {"medplum.config.json": None, "compose.yaml": None},
    "a link to nothing": {"medplum.config.json": "gone.json"},
    "a link to itself": {"medplum.config.json": "medplum.config.json", "loop": "."},
    "a link to a file": {"medplum.config.json": "other.json", "other.json": b'{"baseUrl": "http://api.example.com"}\n'},
    "bytes": {"medplum.config.json": bytes(range(256)), ".env": b"\xff\xfe\x00"},
    "no configuration": {"package.json": b'{"name": "x"}', "notes.txt": b"hello\n"},
    "a broken configuration file": {".medplum-lint.toml": b"select = [\n", "medplum.config.json": b"{}"},
    "a configuration file that is a folder": {".medplum-lint.toml": None, "medplum.config.json": b"{}"},
}


def _rule_file(number: int, random: Random) -> Given:
    """The file of a rule as a policy of one's own, sometimes with mistakes, beside a file that it has to do with."""
    path = _turn(_rule_files(), number, "rule")
    text = re.sub(r"^id: ", "id: acme/", path.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
    for _ in range(random.choice([0, 0, 0, 1, 2])):
        text = _mistaken(text, random)
    about_files = corpus.examples()
    given = _files_of(random.choice([one for one in about_files if one.rule == path.stem] or about_files), random)
    files: Files = {f"policies/{path.name}": text.encode(), **given.files}
    if random.random() < 0.3:
        files[".medplum-lint.toml"] = b'rules = ["policies"]\n'
    return given._replace(name=f"rule {path.stem}", files=files, rule=f"acme/{path.stem}")


@cache
def _rule_files() -> tuple[Path, ...]:
    """Those of rules that have an example of a file."""
    about_files = {one.rule for one in corpus.examples()}
    return tuple(sorted(path for path in (ROOT / "rules").rglob("*.yaml") if path.stem in about_files))


def _mistaken(text: str, random: Random) -> str:
    """The text of a rule with a line less, a line twice, a line of another rule, or another word."""
    lines = text.split("\n")
    at = random.randrange(len(lines))
    change = random.random()
    if change < 0.2:
        del lines[at]
    elif change < 0.3:
        lines.insert(at, lines[at])
    elif change < 0.7:
        lines[at] = random.choice(random.choice(_rule_files()).read_text(encoding="utf-8").split("\n"))
    else:
        words = sorted(set(re.findall(r"[\w@$.*-]+", text)))
        lines[at] = re.sub(r"[\w@$.*-]+", lambda match: random.choice([match[0], random.choice(words)]), lines[at])
    return "\n".join(lines)


def _rule(random: Random) -> str:
    return random.choice(_rule_files()).stem


def _surrounded(given: Given, random: Random) -> Given:
    """The same files, now and then with a configuration file, a comment that accepts a finding, or in a repository."""
    files = dict(given.files)
    if random.random() < 0.25:
        pyproject = random.random() < 0.2
        text = _configuration_file(given, random)
        table = "[tool.medplum-lint]\n" + re.sub(r"^(\[+)", r"\1tool.medplum-lint.", text, flags=re.MULTILINE)
        files["pyproject.toml" if pyproject else ".medplum-lint.toml"] = (table if pyproject else text).encode()
    for name, content in list(files.items()):
        if random.random() < 0.1 and isinstance(content, bytes) and not name.endswith((".json", ".toml")):
            lines = content.split(b"\n")
            words = random.choice([" on purpose", " by=Jane until=2099-01-31 on purpose", ""])
            comment = f"# medplum-lint: ignore[{random.choice([given.rule, _rule(random)])}]{words}"
            lines.insert(random.randrange(len(lines)), comment.encode())
            files[name] = b"\n".join(lines)
    if random.random() < 0.05:
        files[".git"] = None
    return given._replace(files=files)


def _configuration_file(given: Given, random: Random) -> str:
    """A configuration file with some options, now and then a wrong one."""
    rules = json.dumps([random.choice([given.rule, _rule(random), "tls", "urls", "values"]) for _ in range(random.randint(1, 3))])
    name = json.dumps(random.choice([*given.files, "*", "**/*.json"]))
    levels = ["error", "warning", "note", "off"]
    top = (
        f"select = {rules}",
        f"extend-select = {rules}",
        f"ignore = {rules}",
        f"include = [{name}]",
        f"exclude = [{name}]",
        "force-exclude = true",
        'secret-names = ["port", "database.host", "x.*.y"]',
        f'fail-on = "{random.choice(levels[:3])}"',
        'target = "development"',
        "pedantic = true",
        f'server-version = "{random.choice(SERVERS)}"',
        f'severity = {{ "{given.rule}" = "{random.choice(levels)}", tls = "note" }}',
    )
    mistakes = (
        'slect = ["tls"]',
        "pedantic = 1",
        'ignore = ["nothing/such"]',
        'severity = { tls = "fatal" }',
        'baseline = "gone.jsonl"',
    )
    tables = (
        f"[per-file.{name}]\nignore = {rules}\npedantic = true",
        f'[environment.{random.choice(["prod", "e1", "server"])}]\nignore = {rules}\ntarget = "development"',
        f'[[accept]]\nrule = "{given.rule}"\nreason = "it is right"',
        f'[[accept]]\nrule = "{_rule(random)}"\npath = {name}\nreason = "it is right"\nuntil = {random.choice([2020, 2099])}-01-31',
    )
    wrong = random.sample(mistakes, 1) if random.random() < 0.1 else []
    chosen = [*wrong, *random.sample(top, random.randint(0, 3)), *random.sample(tables, random.choice([0, 0, 1, 2]))]
    return "\n".join(chosen) + "\n"


_LINES: Final = """\
--version
--help
schema
schema server
schema rule
lsp --stdio
aws-policy eu-west-1 /medplum/prod/
schema configuration
schema cnfiguration
rules
rules --format json
rules tls mail
rules nothing
rules --isolated --rules ../policies
rules --config ../lint.toml
init
new-rule acme/x
new-rule x
new-rule acme/x --folder rules --for server --setting logLevel
new-rule acme/x --for deployment
new-rule --isolated acme/x
new-rule --config ../lint.toml acme/x
test
test --no-built-in
test missing
test --isolated --quiet
test --config ../lint.toml
test ../policies
tset
--fromat json
missing.json
-
show missing
diff a b
upgrade --from 4.1.0 missing
upgrade --max-size 1 --kind server/json --from 4.1.0 --to 5.0.0 -
accept a b
accept a b --reason x --until 2020-01-01
accept a b c --reason x --environment prod --until x
explain
explain nothing
explain fuzz/everything --rules ../policies
explain --isolated --config ../lint.toml missing-setting
"""


def _nothing(number: int, random: Random) -> Given:
    """A command line without files, which is at its ``options``: one of those above, the help of a command, or a rule explained."""
    lines = [*(tuple(line.split()) for line in _LINES.splitlines()), *((command, "--help") for command in cli.commands)]
    line = _turn(lines, number, "line") if random.random() < 0.7 else ("explain", _rule(random))
    files: Files = {".medplum-lint.toml": b"# empty\n"} if random.random() < 0.1 else {}
    return Given("no files", files, (), options=line)


# Command lines

Use = Callable[[Given, Random], list[Step]]


def _paths(given: Given, random: Random) -> tuple[str, ...]:
    if random.random() < 0.04:
        return random.choice([("*",), (*given.paths, "missing.json")])
    return random.choice([given.paths, given.paths, given.paths, (), (".",)])


def _check_as(form: str) -> Use:
    """One run of ``check`` with a report in a format, and options that only this format has."""
    found = reporters.reporter(form)
    own: list[tuple[str, ...]] = [("--statistics",), ("--no-statistics",)] if getattr(found, "TABLE", False) else []
    own += [("--show-suppressed",)] if getattr(found, "SHOWS_SUPPRESSED", False) else []
    own += [("--sarif-category", "medplum/prod")] if form == "sarif" else []
    return lambda given, random: [_checking(given, random, "--format", form, *random.choice([(), (), *own]))]


def _check(*options: str) -> Use:
    """One run of ``check`` with these options; the word itself may be left out."""
    return lambda given, random: [_checking(given, random, *options)]


def _checking(given: Given, random: Random, *options: str) -> Step:
    """``check`` with options, before or after the paths."""
    words = [(*options, *given.options), _paths(given, random)]
    if random.random() < 0.5:
        words.reverse()
    return Step((*random.choice([(), ("check",)]), *words[0], *words[1]))


def _plain(given: Given, random: Random) -> list[Step]:
    return [Step(_paths(given, random))]


def _piped(given: Given, random: Random) -> list[Step]:
    content = next((content for content in given.files.values() if isinstance(content, bytes)), b"")
    more = random.choice([(), ("--diff",), ("--format", random.choice(list(reporters.names()))), ("--stdin-filename", given.paths[0])])
    return [Step(("-", *more, *given.options), content)]


def _baseline(given: Given, random: Random) -> list[Step]:
    """Write a baseline of some findings, perhaps fix something, and check with the baseline."""
    some = random.choice([(), ("--ignore", given.rule), ("--select", "tls,secrets,urls"), ("--pedantic",)])
    between = random.choice([[], [Step(("--fix", *given.options, *given.paths))]])
    more = random.choice([(), ("--fail-on-stale-baseline",), ("--format", random.choice(list(reporters.names())))])
    return [
        _checking(given, random, "--write-baseline", "known.jsonl", *some),
        *between,
        _checking(given, random, "--baseline", "known.jsonl", *more),
    ]


def _outputs(given: Given, random: Random) -> list[Step]:
    formats = random.sample(list(reporters.names()), 4)
    outputs = [word for number, form in enumerate(formats[:3]) for word in ("--output", f"{form}:report-{number}")]
    return [_checking(given, random, *outputs, *random.choice([(), ("--format", formats[3]), ("--output", "../report")]))]


def _fix_script(given: Given, random: Random) -> list[Step]:
    return [_checking(given, random, "--fix-script", "fix.sh", *random.choice([(), ("--unsafe-fixes",)]))]


def _fix_twice(given: Given, random: Random) -> list[Step]:
    return [_checking(given, random, "--fix", *random.choice([(), ("--unsafe-fixes",)])), _checking(given, random, "--diff")]


def _fixed(*words: str) -> Use:
    """One command line, with all paths at its end."""
    return lambda given, random: [Step((*words, *given.paths))]


def _show(form: str) -> Use:
    return lambda given, random: [Step(("show", "--format", form, *_kind(given), *given.paths))]


def _kind(given: Given) -> tuple[str, ...]:
    """The option for the kind of files that need it."""
    return given.options[:2] if given.options[:1] == ("--kind",) else ()


def _diff(form: str) -> Use:
    def steps(given: Given, random: Random) -> list[Step]:
        one, other = (random.choice(given.paths) + random.choice(["", "", "#prod", "#staging", "#e1", "#e2", "#medplum-3"]) for _ in "ab")
        return [Step(("diff", "--format", form, one, other))]

    return steps


def _upgrade(form: str) -> Use:
    def steps(given: Given, random: Random) -> list[Step]:
        since = ("--from", random.choice(["3.0.0", "4.1.12", "4.3.5"])) if random.random() < 0.8 else ()
        until = random.choice([(), (), ("--to", random.choice(["5.0.5", "5.1.23"]))])
        return [Step(("upgrade", "--format", form, *since, *until, *_kind(given), *given.paths))]

    return steps


def _explain(given: Given, random: Random) -> list[Step]:
    return [Step(("explain", *given.options, random.choice([given.rule, given.rule, _rule(random)]), *given.paths))]


def _accept(given: Given, random: Random) -> list[Step]:
    """Accept a finding, and check again."""
    more = random.choice([(), (), ("baseUrl",), ("--until", "2099-01-31"), ("--environment", "prod")])
    path = random.choice(given.paths)
    accepting = Step(("accept", *_kind(given), path, given.rule, *more, "--by", "IT staff", "--reason", "it is right"))
    how = random.choice([("text",), ("json", "--baseline", "known.jsonl")])
    listing = Step(("accepted", *_kind(given), "--format", *how, *given.paths))
    return [accepting, listing, _checking(given, random)]


_USES: Final[dict[str, Use]] = {
    **{f"check {form}": _check_as(form) for form in reporters.names()},
    "plain": _plain,
    "piped": _piped,
    "fix": _check("--fix"),
    "fix, unsafe too": _check("--fix", "--unsafe-fixes"),
    "fix twice": _fix_twice,
    "diff of fixes": _check("--diff"),
    "diff of fixes, unsafe too": _check("--diff", "--unsafe-fixes"),
    "fix script": _fix_script,
    "baseline": _baseline,
    "several outputs": _outputs,
    "files": _fixed("--show-files"),
    "settings": _fixed("--show-settings"),
    **{f"show {form}": _show(form) for form in ("text", "json")},
    **{f"diff {form}": _diff(form) for form in ("text", "json")},
    **{f"upgrade {form}": _upgrade(form) for form in ("text", "json", "markdown")},
    "explain": _explain,
    "accept": _accept,
}


def _with_policies(*words: str) -> Use:
    return lambda given, random: [Step((*words, "--rules", "policies", *given.options, *given.paths))]


_USES_OF_RULES: Final[dict[str, Use]] = {
    "test": lambda given, random: [Step(("test", *random.choice([(), ("--no-built-in",)]), *random.choice([("policies",), ()])))],
    "check": _with_policies("check"),
    "check json": _with_policies("--format", "json"),
    "fix": _with_policies("--fix", "--unsafe-fixes"),
    "explain": lambda given, random: [Step(("explain", "--rules", "policies", given.rule))],
    "explain of files": lambda given, random: [Step(("explain", "--rules", "policies", *given.options, given.rule, *given.paths))],
    "rules": lambda given, random: [Step(("rules", "--rules", "policies", *random.choice([(), ("acme",), ("--format", "json")])))],
}

_SOURCES: Final[dict[str, tuple[Callable[[int, Random], Given], dict[str, Use]]]] = {
    "folder": (_folder, _USES),
    "example": (_example, _USES),
    "fixable": (_fixable, {name: use for name, use in _USES.items() if "fix" in name or name in ("accept", "check json", "check text")}),
    "made up": (_made_up, _USES),
    "environments": (_environments, _USES),
    "near files": (_near_files, _USES),
    "hostile": (_hostile, _USES),
    "rule": (_rule_file, _USES_OF_RULES),
    "nothing": (_nothing, {"as it is": lambda given, random: [Step(given.options)]}),
}
_TURNS: Final = (
    *("folder", "example", "made up", "environments", "folder", "example", "made up", "rule", "folder", "fixable"),
    *("hostile", "folder", "example", "made up", "near files", "example", "made up", "rule", "nothing", "rule"),
    *("folder", "example", "made up", "near files", "folder", "example", "made up", "rule", "folder", "fixable"),
    *("hostile", "folder", "example", "made up", "near files", "example", "made up", "rule", "nothing", "rule"),
)
"""The sources of forty scenarios in a row."""


# Options

_OWN: Final = frozenset(
    "--format --output --fix --unsafe-fixes --diff --fix-script --baseline --write-baseline --fail-on-stale-baseline --show-files"
    " --show-settings --show-suppressed --sarif-category --statistics --stdin-filename --kind --reason --from --to --help --version".split()
)
"""Options that belong to a use, and come to another one only now and then."""

_VALUES: Final[dict[str, tuple[str, ...]]] = {
    "--also": ("app.example.com",),
    "--baseline": ("known.jsonl",),
    "--by": ("IT staff", "jane@clinic.example"),
    "--cluster": ("medplum",),
    "--config": ("../lint.toml",),
    "--control": ("164.312", "AC-3,AU"),
    "--endpoint-url": ("http://127.0.0.1:9",),
    "--environment": ("prod", "e1"),
    "--mutants": ("1", "5"),
    "--seed": ("1", "7"),
    "--extend-select": ("missing-setting", "hardening"),
    "--fix-script": ("fix.sh",),
    "--folder": ("rules",),
    "--from": SERVERS,
    "--ignore": ("tls", "missing-*,urls"),
    "--jobs": ("1", "2", "3"),
    "--kind": KINDS_TO_TRY,
    "--max-size": ("64MiB", "1KiB"),
    "--setting": ("logLevel", "database.host", "none"),
    "--now": ("2026-01-31", "2031-06-30T12:00:00Z"),
    "--output": ("../report", "json:report", "sarif:-"),
    "--reason": ("it is right",),
    "--rules": ("../policies",),
    "--sarif-category": ("medplum/prod",),
    "--select": ("tls,secrets", "database-*,values", "urls", "control:164.312"),
    "--server-version": SERVERS,
    "--start": ("file:medplum.config.json,env", "aws:/medplum/prod/,env"),
    "--stdin-filename": ("server.json",),
    "--to": SERVERS,
    "--until": ("2099-01-31",),
    "--write-baseline": ("known.jsonl",),
}
"""Values of options that accept more than a few words."""
_NO_VALUES: Final = ("x", "", "-", " ", "2020-01-31", "package:nothing", "main")
_ENVIRONMENTS: Final[tuple[dict[str, str], ...]] = (
    {"NO_COLOR": "1"},
    {"FORCE_COLOR": "1"},
    {"GITHUB_STEP_SUMMARY": "report-0"},
    {"MEDPLUM_LINT_SERVER_VERSION": "4.3.5"},
    {"MEDPLUM_LINT_SERVER_VERSION": "x"},
    {"_MEDPLUM_LINT_COMPLETE": "bash_source"},
    {"_MEDPLUM_LINT_COMPLETE": "bash_complete", "COMP_WORDS": "medplum-lint --select tls,", "COMP_CWORD": "2"},
    {"_MEDPLUM_LINT_COMPLETE": "zsh_complete", "COMP_WORDS": "medplum-lint explain da", "COMP_CWORD": "2"},
    {"_MEDPLUM_LINT_COMPLETE": "fish_complete", "COMP_WORDS": "medplum-lint --", "COMP_CWORD": "--"},
)


def _changed(step: Step, random: Random) -> Step:
    """The same command line with a few more options, or in another environment."""
    first = step.arguments[0] if step.arguments else ""
    rest = step.arguments[1:] if first in cli.commands else step.arguments
    command = first if first in cli.commands else "check"
    known = [one for one in cli.commands[command].params if isinstance(one, click.Option)]
    choices = {one.key: one.words for one in options_of(command)}
    own = {*rest} if random.random() < 0.03 else {*_OWN, *rest}
    chosen = [one for one in known if not own & {*one.opts}]
    more = [word for one in random.sample(chosen, min(len(chosen), random.choice(_HOW_MANY))) for word in _words(one, choices, random)]
    if random.random() < 0.04:
        step = step._replace(environment=random.choice(_ENVIRONMENTS))
    elif random.random() < 0.05:
        step = step._replace(environment={"COLUMNS": random.choice(["", "40", "80", "140"]), "TERM": "xterm"}, terminal=True)
    return step._replace(arguments=(*step.arguments[: len(step.arguments) - len(rest)], *more, *rest))


_HOW_MANY: Final = (0, 0, 0, 1, 1, 2, 3)


def _words(option: click.Option, choices: Mapping[str, list[str]], random: Random) -> tuple[str, ...]:
    """An option as it is written on a command line."""
    if option.is_flag:
        return (random.choice([*option.opts, *option.secondary_opts]),)
    values = choices[option.name or ""] or _VALUES[max(option.opts, key=len)]
    if random.random() < 0.03:
        values = _NO_VALUES
    return random.choice(option.opts), random.choice(list(values))
