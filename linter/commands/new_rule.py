"""``medplum-lint new-rule``: a rule file to begin with, which is complete: its examples pass, and an editor knows its words."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from ..choose import all_rules
from ..files import LARGEST_CONFIGURATION, Unreadable, read_regular, reason_of
from ..options import Given
from ..output import write_standard_output
from ..policy.grammar import SCHEMA_ID, schema_text
from ..policy.rule import Rule
from ..policy.rule_set import PACKAGE, Folder
from ..say import Failed, fail_for
from ..typed import Final, NamedTuple
from .inputs import rule_folders, write

SCHEMA_NAME: Final = "rule.schema.json"
"""The schema beside the rules. No search for configurations reads a file of this name."""
_LONGEST: Final = 100
_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*")


def run(given: Given) -> None:
    """Write a complete rule with examples, which pass, as FOLDER/ID.yaml, and the schema for editors beside it.

    ORG is the name of your organisation, and the category of your rules. A file that is there is never overwritten.

    Examples:
      medplum-lint new-rule acme/mail-from-our-domain
    """
    configured = rule_folders(given)
    chosen = folder_for(given.folder, configured)
    wrong = [wrong_id(given.rule, all_rules(configured).rules), "" if given.folder != "" else "--folder names no folder"]
    fail_for(filter(None, wrong))
    made = create(given.rule, chosen, given.kind)
    is_configured = any(chosen.resolve() == (one if isinstance(one, Path) else one.path).resolve() for one in configured)
    write_standard_output(made.next_steps(is_configured))


class NewRule(NamedTuple):
    """The files that were written, and what to do with them."""

    path: Path
    schema: Path | None
    """None where one was there that is as it should be, or that is somebody else's."""

    def next_steps(self, is_configured: bool) -> str:
        """What to tell whoever asked for the rule; ``is_configured``: its folder is one of the configuration."""
        folder = self.path.parent.as_posix()
        wrote = [f"wrote {self.path.as_posix()}"]
        if self.schema is not None:
            wrote.append(f"wrote {self.schema.as_posix()}, by which editors know the words of a rule")
        use = "medplum-lint" if is_configured else f"medplum-lint --rules {folder}"
        return "\n".join([*wrote, "Edit the rule, and then", f"  medplum-lint test {self.path.as_posix()}", f"  {use} YOUR-CONFIG", ""])


def wrong_id(rule_id: str, rules: Iterable[Rule]) -> str:
    """Why a rule cannot have an id, in a sentence with what to write instead; empty where it can. ``rules`` are those that there are."""
    infos = [rule.info for rule in rules]
    if len(rule_id) > _LONGEST:
        return f"the id is too long: write at most {_LONGEST} characters"
    if any(info.id == rule_id for info in infos):
        return f'the id "{rule_id}" is taken: choose another one'
    if _ID.fullmatch(rule_id) is None:
        return f'"{rule_id}" is not the id of a rule of your own: {_advice(rule_id)}'
    group = rule_id.partition("/")[0]
    if any(info.id == group for info in infos):
        return f'the name "{group}" in front of the slash is that of a rule: write the name of your organisation'
    return ""


def _advice(rule_id: str) -> str:
    words = list(filter(None, map(_words, rule_id.split("/"))))
    form = "write lower-case words joined by hyphens, with the name of your organisation in front, as in acme/support-email"
    if len(words) == 2:
        return f'{form}; did you mean "{"/".join(words)}"?'
    if len(words) == 1 and "/" not in rule_id:
        return f'{form}; did you mean "acme/{words[0]}", with your name in place of acme?'
    return form


def _words(text: str) -> str:
    """A text as lower-case words joined by hyphens."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text).lower()
    return re.sub(r"[^a-z0-9]+", "-", apart).strip("-")


def folder_for(given: str | None, configured: Iterable[Folder]) -> Path:
    """The folder that a new rule is for: the one that is named, else the first of the configuration, else ``policies``."""
    if given is not None:
        return Path(given)
    paths = (folder if isinstance(folder, Path) else folder.path for folder in configured)
    chosen = next((path for path in paths if path.suffix == "" and not str(path).startswith(PACKAGE)), None)
    return Path("policies") if chosen is None else _seen_from_here(chosen)


def _seen_from_here(path: Path) -> Path:
    try:
        return Path(os.path.relpath(path))
    except (OSError, ValueError):  # the current folder is gone, or on another drive
        return path


def create(rule_id: str, folder: Path, kind: str) -> NewRule:
    """Write the rule and the schema for its editor. Raises :exc:`Failed` where a file is there or cannot be written."""
    group, _, name = rule_id.partition("/")
    path = folder / f"{name}.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(rule_text(rule_id, group, kind))
        return NewRule(path, _write_schema(folder / SCHEMA_NAME))
    except FileExistsError as error:
        if error.filename == str(path):
            raise Failed(f"{path}: is there already, and stays as it is: choose another id, or edit that rule") from None
        raise Failed(f"{folder}: is a file, and no folder for rules") from None
    except OSError as error:
        raise Failed(f"{path}: cannot be written: {reason_of(error)}") from None


def _write_schema(path: Path) -> Path | None:
    """Write the schema, or bring an older one up to date. A file that is somebody else's stays as it is."""
    text = schema_text()
    if os.path.lexists(path):
        try:
            before = read_regular(path, LARGEST_CONFIGURATION).decode("utf-8", "replace")
        except Unreadable:
            return None
        if before == text or SCHEMA_ID not in before:
            return None
    write(str(path), text.encode())
    return path


def rule_text(rule_id: str, group: str, kind: str) -> str:
    """The text of a complete rule for a kind of document."""
    return _RULES[kind].replace("ID", rule_id).replace("OWN", f"{group}.example")


_SERVER: Final = f"""\
# yaml-language-server: $schema=./{SCHEMA_NAME}
id: ID
title: supportEmail is not one of our addresses
severity: error  # or warning, note, pedantic; or {{production: error, development: off}}
for: server  # all of a server's configurations: JSON files, Parameter Store, variables
# Only where this holds:
# when:
#   $@target: {{equals: production}}
must:
  supportEmail: {{format: email, ends_with: "@OWN"}}
what: "${{@path}} ${{@reason}}"
why: patients get mail from an address that is not ours
remedy: use an address at our own domain
examples:
  good:
    - name: our own domain
      data:
        supportEmail: help@OWN
    - name: nothing to judge
      data: {{}}
  bad:
    - name: another domain
      data:
        supportEmail: help@somebody-else.example
      finds: [supportEmail]
"""
_INFRA: Final = f"""\
# yaml-language-server: $schema=./{SCHEMA_NAME}
id: ID
title: The stack is in a region that we do not use
severity: error  # or warning, note, pedantic
for: infra  # the config of the CDK
must:
  region: {{one_of: [us-east-1, us-west-2]}}
what: "${{@path}} ${{@reason}}"
why: patients' data would leave the regions that we agreed on
remedy: deploy to one of these
examples:
  good:
    - data:
        region: us-west-2
  bad:
    - name: another region
      data:
        region: eu-west-1
      finds: [region]
"""
_DEPLOYMENT: Final = f"""\
# yaml-language-server: $schema=./{SCHEMA_NAME}
id: ID
title: supportEmail is not at the domain of the stack
severity: error  # or warning, note, pedantic; or {{production: error, development: off}}
for: deployment  # the documents of one environment: infra, server, database, redis
must:
  server.supportEmail: {{ends_with: "@${{infra.domainName}}"}}
what: "supportEmail ${{@reason}}"
why: Amazon SES sends only from the domain that the stack has verified
remedy: use an address at that domain
examples:
  good:
    - data:
        infra:
          domainName: OWN
        server:
          supportEmail: help@OWN
  bad:
    - name: another domain
      data:
        infra:
          domainName: OWN
        server:
          supportEmail: help@somebody-else.example
      finds: [supportEmail]
"""
_RULES: Final = {"server": _SERVER, "infra": _INFRA, "deployment": _DEPLOYMENT}
KINDS: Final = tuple(_RULES)
