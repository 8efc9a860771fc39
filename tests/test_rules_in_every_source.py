"""One policy, every source: the examples of the rules for servers, written as Parameter Store, variables and Azure Key Vault hold them.

``golden/rules-by-source.txt`` says for each rule what its bad examples give there. What differs from the JSON file has its reason in how
the loaders read texts (another rule speaks), or in a setting that a source cannot hold; and nothing is missing in variables, which overlay
other sources.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from support.contract import demand
from support.helpers import golden
from support.rules import built_in_files

from linter.commands.examples import load_example
from linter.model import dotted
from linter.policy.engine import check
from linter.policy.rule_file import RuleFile
from linter.redaction.numbers import number_text
from linter.settings.env_names import setting_of, variable_of
from linter.settings.kinds import DOCUMENT_KINDS

RULES = [
    source for source in built_in_files() if source.rule is not None and source.rule.info.kinds[0] == "server" and not source.rule.of_source
]


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """The scalars of a configuration as texts; lists, and objects that the loaders parse, as JSON."""
    if isinstance(value, dict) and value and (not path or path[0] in ("database", "readonlyDatabase", "redis", "smtp", "bullmq")):
        for name, member in value.items():
            yield from leaves(member, (*path, name))
    elif isinstance(value, dict | list):
        yield path, json.dumps(value)
    else:
        yield path, value if isinstance(value, str) else number_text(value)


def dump(data: dict[str, Any]) -> str:
    parameters = [
        {"Name": f"/medplum/prod/{'.'.join(map(str, path))}", "Type": "SecureString", "Value": text} for path, text in leaves(data) if text
    ]
    return json.dumps({"Parameters": parameters})


def variables(data: dict[str, Any]) -> str:
    named = [(variable_of(path), text) for path, text in leaves(data) if setting_of(variable_of(path)) == path]
    quoted = [(name, text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\n", "\\n")) for name, text in named]
    return "".join(f'{name}="{text}"\n' for name, text in quoted) or "MEDPLUM_PORT=8103\n"


def vault(data: dict[str, Any]) -> str:
    return json.dumps({".".join(map(str, path)): text for path, text in leaves(data)})


WRITERS: dict[str, Callable[[dict[str, Any]], str]] = {"server/ssm": dump, "server/env": variables, "server/azure": vault}
"""What writes a server's configuration as a document of another kind than JSON."""


def found(source: RuleFile, text: str, kind: str, server: str) -> str:
    assert source.rule is not None
    documents = [sample.document for sample in load_example(text.encode(), kind, server) if sample.checkable]
    findings = [one for document in documents for _ in document.each_target() for one in check(source.rule, document)]
    names = [dotted(finding.path or ()) for finding in findings]
    return ", ".join(sorted(names)) or "-"


def examples(source: RuleFile, verdict: str) -> list[tuple[dict[str, Any], str]]:
    return [
        (one["data"], one.get("server", ""))
        for one in source.data["examples"][verdict]
        if isinstance(one.get("data"), dict) and one.get("kind", "server") in ("server", "server/json")
        if not {"beside", "now", "target", "environment", "file", "mounted", "yields_to"} & one.keys()
    ]


def test_every_kind_of_a_server_is_tried() -> None:
    demand(
        f"tests/test_rules_in_every_source.py does not try the rules on {kind}: add a function to WRITERS that writes a configuration so"
        for kind, known in DOCUMENT_KINDS.items()
        if known.catalogue == "server" and kind not in {"server/json", *WRITERS}
    )


def test_what_bad_examples_give_in_each_source() -> None:
    lines = []
    for source in RULES:
        assert source.rule is not None
        for number, (data, server) in enumerate(examples(source, "bad"), 1):
            others = [f"{kind.removeprefix('server/')} {found(source, write(data), kind, server)}" for kind, write in WRITERS.items()]
            in_json = found(source, json.dumps(data), "server/json", server)
            lines.append(f"{source.rule.info.id} {number}: json {in_json} | {' | '.join(others)}")
    golden("rules-by-source.txt", lines)


def test_good_examples_are_good_in_each_source() -> None:
    """What is found in one after all, because another source shows less of a server, or has other types, is listed."""
    lines = []
    for source in RULES:
        assert source.rule is not None
        for data, server in examples(source, "good"):
            others = {kind.removeprefix("server/"): found(source, write(data), kind, server) for kind, write in WRITERS.items()}
            if set(others.values()) != {"-"}:
                answers = " | ".join(f"{kind} {names}" for kind, names in others.items())
                lines.append(f"{source.rule.info.id} {json.dumps(data)}: {answers}")
    golden("good-by-source.txt", lines)
