"""``medplum-lint new-rule``: create a complete rule file, whose examples pass, and the schema for editors."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from ..files import LARGEST_CONFIGURATION, Unreadable, read_regular, reason_of
from ..options import Given
from ..output import write_file, write_standard_output
from ..output.say import Failed, fail_for
from ..policy.display import flow
from ..policy.errors import RuleError, did_you_mean
from ..policy.grammar import SCHEMA_ID, schema_text
from ..policy.known import names_like, setting_at
from ..policy.paths import parse_path
from ..policy.rule import Rule
from ..policy.rule_set import PACKAGE, Folder, all_rules
from ..settings.kinds import DEPLOYMENT
from ..typed import Any, Final
from .inputs import rule_folders

SCHEMA_NAME: Final = "rule.schema.json"
"""The schema beside the rules. A search for configurations ignores this name."""
POLICIES: Final = Path("policies")
"""The default folder for custom rules."""
_LONGEST: Final = 100
_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*")


def run(given: Given) -> None:
    """Write a complete rule, with examples that pass, as FOLDER/ID.yaml, and the schema for editors next to it.

    ORG is the name of your organisation, and the category of your rules. An existing file is never overwritten.

    Examples:
      medplum-lint new-rule acme/mail-from-our-domain
      medplum-lint new-rule acme/size --for infra --setting desiredServerCount
    """
    configured = rule_folders(given)
    folder = _folder(configured) if given.folder is None else Path(given.folder)
    wrong = [_wrong_id(given.rule, all_rules(configured).rules), "--folder is empty" if given.folder == "" else ""]
    fail_for(filter(None, wrong))
    path = folder / f"{given.rule.partition('/')[2]}.yaml"
    _create(path, rule_text(given.rule, given.kind, given.setting))
    steps = [f"wrote {path.as_posix()}"]
    if _write_schema(folder / SCHEMA_NAME):
        steps.append(f"wrote {(folder / SCHEMA_NAME).as_posix()}, with which editors complete rules")
    is_configured = any(folder.resolve() == (one if isinstance(one, Path) else one.path).resolve() for one in configured)
    use = "medplum-lint" if is_configured else f"medplum-lint --rules {folder.as_posix()}"
    steps += ["Edit the rule, and then", f"  medplum-lint test {path.as_posix()}", f"  {use} YOUR-CONFIG", ""]
    write_standard_output("\n".join(steps))


def _wrong_id(rule_id: str, rules: Iterable[Rule]) -> str:
    """Why a rule cannot have an id, in a sentence that says what to write instead; empty if it can. ``rules`` are the existing ones."""
    taken, group = {rule.info.id for rule in rules}, rule_id.partition("/")[0]
    if len(rule_id) > _LONGEST:
        return f"the id is too long: write at most {_LONGEST} characters"
    if rule_id in taken:
        return f'the id "{rule_id}" is taken: choose another one'
    if _ID.fullmatch(rule_id) is None:
        return f'"{rule_id}" is not the id of a rule of your own: {_advice(rule_id)}'
    if group in taken:
        return f'the name "{group}" in front of the slash is that of a rule: write the name of your organisation'
    return ""


def _advice(rule_id: str) -> str:
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", rule_id).lower()
    words = list(filter(None, (re.sub(r"[^a-z0-9]+", "-", part).strip("-") for part in apart.split("/"))))
    form = "write lower-case words joined by hyphens, with the name of your organisation in front, as in acme/support-email"
    if len(words) == 2:
        return f'{form}; did you mean "{"/".join(words)}"?'
    if len(words) == 1 and "/" not in rule_id:
        return f'{form}; did you mean "acme/{words[0]}", with your name in place of acme?'
    return form


def _folder(configured: Iterable[Folder]) -> Path:
    """The first rule folder of the configuration, else ``policies``."""
    for folder in configured:
        path = folder if isinstance(folder, Path) else folder.path
        if path.suffix == "" and not str(path).startswith(PACKAGE):
            try:
                return Path(os.path.relpath(path))
            except (OSError, ValueError):  # the current folder is gone, or on another drive
                return path
    return POLICIES


def _create(path: Path, text: str) -> None:
    """Write a new file. Raises :exc:`Failed` if it exists or cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        if error.filename == str(path):
            raise Failed(f"{path}: already exists and is not overwritten: choose another id, or edit that rule") from None
        raise Failed(f"{path.parent}: is a file, not a folder for rules") from None
    except OSError as error:
        raise Failed(f"{path}: cannot be written: {reason_of(error)}") from None


def _write_schema(path: Path) -> bool:
    """Write the schema, or update an older one. Another file of this name is left alone."""
    text = schema_text()
    if os.path.lexists(path):
        try:
            before = read_regular(path, LARGEST_CONFIGURATION).decode("utf-8", "replace")
        except Unreadable:
            return False
        if before == text or SCHEMA_ID not in before:
            return False
    write_file(str(path), text.encode())
    return True


def rule_text(rule_id: str, kind: str, setting: str | None = None) -> str:
    """The text of a complete rule for a kind of document, about a setting if one is named. Raises :exc:`Failed` if it does not exist."""
    words = {"ID": rule_id, "OWN": f"{rule_id.partition('/')[0]}.example", "KIND": kind}
    if setting is not None:
        words |= _words_about(setting, kind)
    path = Path(__file__).with_name("new_rules") / f"{kind if setting is None else 'setting'}.yaml"
    text = f"# yaml-language-server: $schema=./{SCHEMA_NAME}\nid: ID\n" + path.read_text(encoding="utf-8")
    return re.sub(r"\b(?:ID|OWN|KIND|NAME|MUST|GOOD|BAD|FOUND)\b", lambda found: words.get(found[0], found[0]), text)


def _words_about(name: str, kind: str) -> dict[str, str]:
    """The text of a rule about a setting: its examples have a right value and a wrong one."""
    try:
        path = parse_path(name)
    except RuleError as error:
        raise Failed(error.message) from None
    known, steps = setting_at(path, kind), [str(step) for step in path.steps]
    if known is None or path.fact is not None or not path.is_single:
        near = did_you_mean(name, [one for one in names_like(tuple(steps), kind) if "*" not in one])
        raise Failed(f'"{name}" is not a setting of {kind}{near}')
    of_type = known.types[0] if known.types else ""
    is_number, least = of_type in ("integer", "number") and not known.enum, known.advised_min or known.min or 1
    values = (least, least + 1) if is_number else known.enum[:2] if len(known.enum) > 1 else _EXAMPLES.get(of_type, ("agreed", "other"))
    good, bad = (_data(steps, value, {"server": {}, "infra": {}} if kind == DEPLOYMENT else {}) for value in values)
    found = ".".join(steps[1:] if kind == DEPLOYMENT else steps)
    return {"NAME": name, "MUST": flow({"max" if is_number else "equals": values[0]}), "GOOD": good, "BAD": bad, "FOUND": found}


def _data(steps: list[str], value: Any, beside: dict[str, Any]) -> str:
    for step in reversed(steps):
        value = {step: value}
    return json.dumps({**beside, **value})


_EXAMPLES: Final[dict[str, tuple[Any, ...]]] = {"boolean": (False, True), "object": ({}, {"acme": True}), "array": ([], ["acme"])}
