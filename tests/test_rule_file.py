"""A user's own rule, read strictly: one mistake gives one error, with its line and, where one is near, the word that was meant."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.contract import demand
from support.helpers import golden
from support.rules import built_in_files, run_examples

from linter.policy import rule_set
from linter.policy.rule_file import LARGEST_FILE, read_rule_file
from linter.policy.rule_set import Folder, FoundFolder, read_folders, rule_files, rules_folder

RULE = """\
id: acme/support-email-domain
title: supportEmail is not one of our addresses
severity: error
for: server
when: {baseUrl: present}
must:
  supportEmail: {format: email, ends_with: "@acme.example"}
  "**.password": {min_length: 12}
message: "${@path} ${@reason}"
fix:
  safe: false
  set: {supportEmail: help@acme.example}
docs: Patients must only ever receive mail from our own domain.
links: [https://acme.example/policies]
tags: [mail]
examples:
  good: [{data: {baseUrl: x, supportEmail: help@acme.example}}]
  bad:
    - data: {baseUrl: x, supportEmail: help@gmail.example}
      finds: {supportEmail: unsafe}
      fixed_unsafely: {baseUrl: x, supportEmail: help@acme.example}
"""
NAME = "support-email-domain.yaml"
MUST = '{format: email, ends_with: "@acme.example"}'

CHANGES: dict[str, tuple[str, str]] = {
    # keys
    "unknown key": ("docs:", "doc:"),
    "unknown key without a near one": ("tags: [mail]", "owner: me"),
    "key missing": ("title: supportEmail is not one of our addresses\n", ""),
    "examples missing": (RULE[RULE.index("examples:") :], ""),
    "only good examples": (RULE[RULE.index("  bad:") :], ""),
    "message missing": ('message: "${@path} ${@reason}"\n', ""),
    "must missing": (RULE[RULE.index("must:") : RULE.index("message:")], ""),
    "unknown key of fix": ("safe: false", "save: false"),
    "unknown key of an example": ("finds: {supportEmail: unsafe}", "find: {supportEmail: unsafe}"),
    "finds missing": ("      finds: {supportEmail: unsafe}\n", ""),
    "example without data": ("{data: {baseUrl: x, supportEmail: help@acme.example}}", "{name: nothing}"),
    "example with data and text": ("      finds:", "      text: x\n      finds:"),
    # types
    "title is a number": ("title: supportEmail is not one of our addresses", "title: 12"),
    "title is empty": ("title: supportEmail is not one of our addresses", "title:"),
    "title is an empty text": ("title: supportEmail is not one of our addresses", 'title: ""'),
    "title is too long": ("title: supportEmail", f"title: {'long ' * 30}"),
    "severity unknown": ("severity: error", "severity: eror"),
    "severity off": ("severity: error", "severity: off"),
    "severity for one target": ("severity: error", "severity: {production: error}"),
    "severity for an unknown target": ("severity: error", "severity: {production: error, develop: off, development: off}"),
    "severity of a target unknown": ("severity: error", "severity: {production: error, development: none}"),
    "severity is a number": ("severity: error", "severity: 2"),
    "for is a number": ("for: server", "for: 1"),
    "for an unknown kind": ("for: server", "for: serevr/json"),
    "for one unknown kind of two": ("for: server", "for: [server/json, server/yaml]"),
    "for nothing": ("for: server", "for: []"),
    "must is a list": (RULE[RULE.index("must:") : RULE.index("message:")], "must: [supportEmail]\n"),
    "must is empty": (RULE[RULE.index("must:") : RULE.index("message:")], "must: {}\n"),
    "safe is text": ("safe: false", 'safe: "false"'),
    "set is empty": ("set: {supportEmail: help@acme.example}", "set: {}"),
    "links is text": ("links: [https://acme.example/policies]", "links: https://acme.example/policies"),
    "link without https": ("links: [https://", "links: [http://"),
    "tags is text": ("tags: [mail]", "tags: mail"),
    "finds is text": ("finds: {supportEmail: unsafe}", "finds: supportEmail"),
    "finds nothing": ("finds: {supportEmail: unsafe}", "finds: []"),
    "finds without the fix": ("finds: {supportEmail: unsafe}", "finds: [supportEmail]"),
    "finds with an unknown word": ("finds: {supportEmail: unsafe}", "finds: {supportEmail: usafe}"),
    "yields to a rule that it does not name": ("help@acme.example}}]", "help@acme.example}, yields_to: [invalid-email]}]"),
    "found by a source": ("tags: [mail]", "found_by: source"),
    "found by nobody": ("tags: [mail]", "found_by: me"),
    "id in capitals": ("id: acme/support-email-domain", "id: ACME/support-email-domain"),
    "id with two slashes": ("id: acme/support", "id: acme/x/support"),
    "not a mapping": (RULE, "- a\n- b\n"),
    # operators
    "unknown operator": ("format: email", "fromat: email"),
    "unknown operator in not": ("format: email", "not: {equal: x}"),
    "unknown operator in a list": (MUST, "[absent, {min_lenght: 1}]"),
    "unknown operator in keys": ("format: email", "keys: {a: {starts: b}}"),
    "unknown word for an assertion": (MUST, "presnt"),
    "assertion is a number": (MUST, "12"),
    "assertion is null": (MUST, ""),
    "assertion is an empty mapping": (MUST, "{}"),
    "assertion is an empty list": (MUST, "[]"),
    "operand of present": (MUST, '{present: "true"}'),
    "operand of type": (MUST, "{type: text}"),
    "operand of type in a list": (MUST, "{type: [string, nul]}"),
    "operand of one_of": (MUST, "{one_of: a}"),
    "operand of starts_with": (MUST, "{starts_with: 1}"),
    "operand of matches": (MUST, "{matches: [a]}"),
    "operand of min": (MUST, '{min: "1"}'),
    "operand of min, like a number": (MUST, "{min: 1e3}"),
    "operand of min_length": (MUST, "{min_length: -1}"),
    "operand of max_length": (MUST, "{max_length: 1.5}"),
    "operand of only_keys": (MUST, "{only_keys: a}"),
    "operand of keys": (MUST, "{keys: [a]}"),
    "operand of not": (MUST, "{not: email}"),
    "unknown format": ("format: email", "format: e-mail"),
    "unknown aspect": (MUST, "{fits: tpye}"),
    "then without if": (MUST, "{then: present}"),
    "if without then": (MUST, "{if: present}"),
    "nested too deeply": (MUST, "{not: " * 8 + "present" + "}" * 8),
    "nested too deeply in lists": (MUST, "[" * 8 + "present" + "]" * 8),
    "nested absurdly": (MUST, "{not: " * 60 + "present" + "}" * 60),
    "101 clauses": ("must:\n", "must:\n" + "".join(f"  a{index}: present\n" for index in range(99))),
    "101 clauses in when": ("when: {", f"when: {{{', '.join(f'a{index}: present' for index in range(100))}, "),
    "bad pattern": (MUST, '{matches: "a("}'),
    "pattern that RE2 does not have": (MUST, '{matches: "(?=a)"}'),
    "bad pattern in a condition": ("when: {baseUrl: present}", 'when: {baseUrl: {matches: "a("}}'),
    # paths and templates
    "empty step": ("  supportEmail: {f", "  support..email: {f"),
    "path that ends in a dot": ("  supportEmail: {f", "  supportEmail.: {f"),
    "path with blanks": ("  supportEmail: {f", "  support email: {f"),
    "two stars twice": ('"**.password"', '"**.a.**"'),
    "path from above the parent": ("  supportEmail: {f", "  ^^.supportEmail: {f"),
    "path with a dollar": ("  supportEmail: {f", "  $.supportEmail: {f"),
    "unknown tag": ("  supportEmail: {f", "  <secrt>: {f"),
    "unknown fact": ("  supportEmail: {f", "  supportEmail@tpye: {f"),
    "unknown fact of the document": ("  supportEmail: {f", "  $@environmnet: {f"),
    "lone dollar in the message": ("${@reason}", "$ 5"),
    "unclosed template": ("${@reason}", "${@reason"),
    "empty template": ("${@reason}", "${}"),
    "template to many settings": ("${@reason}", "${*}"),
    "unknown fact in the message": ("${@reason}", "${@reson}"),
    "bad template in an operand": ("@acme.example", "$acme"),
    "fix sets many settings": ("set: {supportEmail:", 'set: {"*.email":'),
    "fix sets a fact": ("set: {supportEmail:", "set: {supportEmail@type:"),
    "fix removes many settings": ("  set:", "  remove: ['**']\n  set:"),
    "bad template in a fix": ("set: {supportEmail: help", "set: {supportEmail: $5, x: y"),
    "unknown type to store as": ("  set:", "  store: SecretString\n  set:"),
    # settings
    "unknown setting": ("  supportEmail: {f", "  suportEmail: {f"),
    "unknown setting in a condition": ("when: {baseUrl: present}", "when: {baseURL: present}"),
    "unknown member": ("  supportEmail: {f", "  database.hosst: {f"),
    "unknown member of a list": ("  supportEmail: {f", "  externalAuthProviders.*.isuer: {f"),
    "unknown setting in the message": ("${@reason}", "${baseURL}"),
    "unknown neighbour in the message": ('  "**.password": {min_length: 12}\nmessage: "${@path} ${@reason}"', "message: ${^.suportEmail}"),
    "unknown setting in an operand": ("@acme.example", "${database.hots}"),
    "unknown setting in a fix": ("set: {supportEmail: help", "set: {supportMail: help"),
    # YAML
    "no rule at all": (RULE, "# nothing\n"),
    "two documents": (RULE, f"{RULE}---\n{RULE}"),
    "alias": ("tags: [mail]", "tags: &tags [mail]\nlinks: *tags"),
    "merge key": ("when: {baseUrl: present}", "when: {<<: {baseUrl: present}}"),
    "duplicate key": ("tags: [mail]", "tags: [mail]\ntitle: Again"),
    "duplicate key deep inside": ("{baseUrl: x, supportEmail: help@acme.example}", "{baseUrl: x, baseUrl: y}"),
    "yes for true": ("safe: false", "safe: no"),
    "off in data": ("{baseUrl: x,", "{baseUrl: off,"),
    "yes in data": ("{baseUrl: x,", "{baseUrl: YES,"),
    "octal number": ("min_length: 12", "min_length: 012"),
    "hexadecimal number": ("min_length: 12", "min_length: 0xC"),
    "number with underscores": ("min_length: 12", "min_length: 1_2"),
    "time as a number": ("{baseUrl: x,", "{baseUrl: 12:30:45,"),
    "time as a number with a point": ("{baseUrl: x,", "{baseUrl: 190:20:30.15,"),
    "number too large": ("min_length: 12", f"min_length: {'9' * 5000}"),
    "not a number": ("{baseUrl: x,", "{baseUrl: .nan,"),
    "Python object": ("tags: [mail]", "tags: !!python/object/apply:os.system [mail]"),
    "Python name": ("title: supportEmail", "title: !!python/name:os.system supportEmail"),
    "Python object as a mapping": ("when: {", "when: !!python/object:os.x {"),
    "set": ("tags: [mail]", "tags: !!set {mail}"),
    "binary": ("title: supportEmail is not one of our addresses", "title: !!binary aGVsbG8="),
    "tag of one's own": ("title: supportEmail", "title: !vault supportEmail"),
    "tagged key": ("tags: [mail]", "!!python/name:os.system tags: [mail]"),
    "key that is a list": ("tags: [mail]", "? [tags]\n: [mail]"),
    "unclosed quote": ('"@acme.example"', '"@acme.example'),
    "unclosed bracket": ("tags: [mail]", "tags: [mail"),
    "tab for indentation": ("  safe: false", "\tsafe: false"),
    "unquoted star": ('"**.password"', "**.password"),
    "unquoted percent": ("title: supportEmail", "title: %supportEmail"),
    "control character": ("title: supportEmail", "title: \x07supportEmail"),
}


def text_of(change: tuple[str, str]) -> str:
    old, new = change
    assert old in RULE
    return RULE.replace(old, new, 1)


def errors(folder: Path, content: str | bytes, name: str = NAME) -> list[str]:
    """What reading a rule file says, without the folder."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    _, found = read_folders([folder])
    return [error.replace(f"{folder}/", "") for error in found]


def test_the_rule_without_a_mistake(tmp_path: Path) -> None:
    assert errors(tmp_path, RULE) == []
    assert run_examples([tmp_path]) == ([], [], "2 examples of 1 rule: all passed.")


@pytest.mark.parametrize(
    "must",
    [
        "'\"acmeFlag\"': absent",
        "redis.tls.servername: present",
        "database.ssl.reactUnauthorized: absent",
        "externalAuthProviders.0.issuer: {equals: '${^.tokenUrl}x'}",
        "database: {keys: {host: present}}",
        "'*': {type: string}",
        "<secret>: absent",
    ],
)
def test_settings_that_are_meant(must: str, tmp_path: Path) -> None:
    """Names in quotes, options that are handed on to a library, and names that no server reads any more."""
    before = "  supportEmail: {format: email"
    assert before in RULE
    line = next(line for line in RULE.splitlines() if line.startswith("  supportEmail: {"))
    rule = RULE.replace(line, f"  {must}").split("examples:")[0]
    examples = "examples: {good: [{data: {}}], bad: [{data: {}}]}\n"
    assert [error for error in errors(tmp_path, rule + examples) if "there is no setting" in error] == []


def test_what_is_reported_of_mistakes(tmp_path: Path) -> None:
    """One mistake gives one error: every section has exactly one line."""
    reported = {name: errors(tmp_path, text_of(change)) for name, change in CHANGES.items()}
    assert {name: said for name, said in reported.items() if len(said) != 1} == {}
    golden("rule-mistakes.txt", [line for name, said in reported.items() for line in (f"{name}:", *(f"    {error}" for error in said))])


def test_a_literal_with_the_name_of_an_operator_as_key(tmp_path: Path) -> None:
    assert errors(tmp_path, text_of((MUST, '{equals: {matches: "a("}}'))) == []


def test_every_mistake_is_reported_in_the_order_of_the_lines(tmp_path: Path) -> None:
    broken = RULE.replace("severity: error", "severity: eror").replace("safe: false", "safe: 1").replace("format: email", "max: 1e3")
    broken = broken.replace("title: ", "titel: ").replace("docs: ", "note: ")
    assert errors(tmp_path, broken) == [
        f'{NAME}:2: "titel" is not a key of the rule; did you mean "title"?',
        f'{NAME}:3: severity must be one of error, warning, note, pedantic, not "eror"; did you mean "error"?',
        f'{NAME}:7: max must be a number, a size such as 50mb, another setting: "${{path}}", or a word that has an order, not "1e3"',
        f"{NAME}:11: safe must be true or false",
        f'{NAME}:13: "note" is not a key of the rule',
    ]


# --- Files and folders. -------------------------------------------------------------------------------------------------------------


def test_not_utf_8(tmp_path: Path) -> None:
    assert errors(tmp_path, RULE.replace("Patients", "Pati\xebnts").encode("latin-1")) == [f"{NAME}:13: is not UTF-8"]


def test_a_byte_order_mark_and_crlf_do_no_harm(tmp_path: Path) -> None:
    assert errors(tmp_path, b"\xef\xbb\xbf" + RULE.replace("\n", "\r\n").encode()) == []


def test_64_kb_at_most(tmp_path: Path) -> None:
    filling = "#" * (LARGEST_FILE - len(RULE))
    assert errors(tmp_path, RULE + filling) == []
    assert errors(tmp_path, f"{RULE}{filling}#") == [f"{NAME}:1: a rule file can have at most 65,536 bytes (it has 65,537)"]


def test_the_file_is_named_after_the_rule(tmp_path: Path) -> None:
    assert errors(tmp_path, RULE, "support-email.yaml") == [
        'support-email.yaml:1: the file of the rule "acme/support-email-domain" must be called support-email-domain.yaml'
    ]
    (tmp_path / "support-email.yaml").unlink()
    assert errors(tmp_path, RULE, "support-email-domain.yml") == []


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    assert errors(tmp_path, RULE) == ["folder.yaml:1: cannot be read: is a directory"]


def test_ids_are_taken_once(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / NAME).write_text(RULE)
    (tmp_path / "b" / "missing-setting.yaml").write_text(RULE.replace("acme/support-email-domain", "missing-setting"))
    rules, found = read_folders([tmp_path / "a", tmp_path / "b"])
    assert [rule.info.id for rule in rules] == ["acme/support-email-domain"]
    assert found == [
        f'{tmp_path}/b/missing-setting.yaml:1: the id "missing-setting" is taken by a built-in rule',
        f'{tmp_path}/b/{NAME}:1: the id "acme/support-email-domain" is taken by {tmp_path}/a/{NAME}',
    ]


def test_rules_may_be_in_subfolders(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / NAME).write_text(RULE)
    (tmp_path / "a" / "own.yml").write_text(RULE.replace("acme/support-email-domain", "acme/own"))
    rules, found = read_folders([tmp_path])
    assert [rule.info.id for rule in rules] == ["acme/support-email-domain", "acme/own"]
    assert found == []


def test_folders_may_be_nested_beyond_the_recursion_limit(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(1_200):
        deep = deep / "f"
        deep.mkdir()
    (deep / NAME).touch()
    assert rule_files(tmp_path) == [deep / NAME]
    (deep / NAME).unlink()
    os.removedirs(deep)  # what clears up after tests calls itself for each folder


def test_links_to_folders_and_hidden_folders_are_skipped(tmp_path: Path) -> None:
    elsewhere, folder, hidden = tmp_path / "elsewhere", tmp_path / "folder", tmp_path / "folder" / ".git"
    for one in (elsewhere, hidden):
        one.mkdir(parents=True)
        (one / NAME).write_text(RULE)
    (folder / "link").symlink_to(elsewhere)
    (folder / "circle").symlink_to(folder)
    assert read_folders([folder]) == ([], [f"{folder}: there is no rule file (*.yaml) in this folder"])
    (tmp_path / "named").symlink_to(elsewhere)
    assert rule_files(tmp_path / "named") == [tmp_path / "named" / NAME]


def test_a_folder_in_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    (tmp_path / NAME).write_text(RULE)
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if path == str(closed):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert read_folders([tmp_path]) == ([], [f"{closed}: cannot be read: permission denied"])


def test_a_search_for_rules_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rule_set.built_in_rules()  # which are more
    monkeypatch.setattr(rule_set, "MOST_ENTRIES", 5)
    inner = tmp_path / "inner"
    inner.mkdir()
    for number in range(4):
        (inner / f"{number}.txt").touch()
    (inner / NAME).write_text(RULE)
    assert read_folders([tmp_path]) == (
        [],
        [f"{tmp_path}: holds more than 5 files and folders, too many to search for rules"],
    )
    (inner / "0.txt").unlink()
    assert read_folders([tmp_path])[1] == []


def test_a_file_is_read_once(tmp_path: Path) -> None:
    """However many of the folders it is in; that the user names one of them counts."""
    (tmp_path / "all" / "strict").mkdir(parents=True)
    (tmp_path / "all" / "strict" / NAME).write_text(RULE)
    every, strict = tmp_path / "all", tmp_path / "all" / "strict"
    rules, found = read_folders([every, strict])
    assert ([rule.info.id for rule in rules], found) == (["acme/support-email-domain"], [])
    merely_found = FoundFolder(every, tmp_path, "")
    mixed: list[list[Folder]] = [[merely_found, strict], [strict, merely_found]]
    for folders in mixed:
        rules, found = read_folders(folders)
        assert ([rule.trusted for rule in rules], found) == ([True], [])


def test_folders_without_rules(tmp_path: Path) -> None:
    (tmp_path / "rule.yaml.bak").write_text(RULE)
    assert read_folders([tmp_path, tmp_path / "nowhere"]) == (
        [],
        [f"{tmp_path}: there is no rule file (*.yaml) in this folder", f"{tmp_path}/nowhere: no such file or folder"],
    )


# --- Nothing in a file raises. ------------------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(12)
@pytest.mark.parametrize("levels", [39, 40, 41, 200, 480, 490, 495, 1000, 30_000])
@pytest.mark.parametrize(("opener", "closer"), [("[", "]"), ("{a: ", "}"), ("{not: ", "}"), ("- ", "")])
def test_deep_nesting(levels: int, opener: str, closer: str, tmp_path: Path) -> None:
    content = RULE.replace(MUST, opener * levels + "present" + closer * levels)
    assert len(errors(tmp_path, content)) == 1


def test_an_error_is_one_line(tmp_path: Path) -> None:
    [error] = errors(tmp_path, RULE.replace("${@reason}", r"$\n5"))
    assert error.endswith(r'9: a dollar in "${@path} $\u000a5" begins neither "${path}" nor "$$" (which is a dollar)')


def test_a_deep_example_is_not_a_mistake(tmp_path: Path) -> None:
    assert errors(tmp_path, RULE.replace("{baseUrl: x,", "{x: " + "{a: " * 30 + "1" + "}" * 30 + ",", 1)) == []


PIECES = [
    "id",
    "must",
    "when",
    ": ",
    ":\n  ",
    "\n- ",
    "\n",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "'",
    '"',
    "*a",
    "&a ",
    "!x ",
    "!!set ",
    "? ",
    "|\n",
    "%",
    "0x1",
    "~",
    "\t",
    "#",
    "<<",
    "---\n",
    "\x00",
    "\x85",
    "a",
]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), st.integers(0, len(RULE)), st.integers(0, 3))
def test_no_text_raises(piece: str, at: int, gap: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        for content in (piece, RULE[:at] + piece + RULE[at + gap :]):
            path.write_bytes(content.encode())
            read = read_rule_file(path)
            assert (read.rule is None) == bool(read.errors)
            assert all(error.startswith(f"{path}:") and "\n" not in error for error in read.errors)


# --- The built-in rules. ------------------------------------------------------------------------------------------------------------


def test_every_built_in_rule_is_read_strictly() -> None:
    assert [error for read in built_in_files() for error in read.errors] == []
    ids = [read.rule.info.id if read.rule is not None else None for read in built_in_files()]
    assert ids == sorted(path.stem for path in rule_files(rules_folder()))


def test_every_built_in_rule_names_its_evidence() -> None:
    missing = [str(read.path.relative_to(rules_folder())) for read in built_in_files() if not read.data.get("evidence")]
    assert not missing, (
        "give each of these rules the key evidence: the file of Medplum's repository that shows what its message claims, the address of a "
        f"specification, or what was run: {missing}"
    )


def test_every_built_in_rule_proves_itself() -> None:
    report = run_examples([])
    demand([*report.failures, *report.errors])
    assert f" of {len(rule_files(rules_folder()))} rules: all passed." in report.summary
