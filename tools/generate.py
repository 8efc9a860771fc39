"""Write every file that is made from others, or with ``--check`` say which of them are stale (exit code 1).

python tools/generate.py [--check]
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import address  # noqa: E402
import blocks  # noqa: E402
import command_docs  # noqa: E402
import man_page  # noqa: E402
import policy_docs  # noqa: E402
import rule_docs  # noqa: E402
import rule_settings  # noqa: E402
import schemastore  # noqa: E402
import settings_docs  # noqa: E402

from linter import sources  # noqa: E402  # from this checkout, whatever is installed
from linter.formats import FORMATS  # noqa: E402
from linter.options import config_file  # noqa: E402
from linter.policy import controls, grammar, rule_set  # noqa: E402
from linter.policy.operators import OPERATORS  # noqa: E402
from linter.settings import build as settings_build  # noqa: E402
from linter.settings import json_schema  # noqa: E402


def page(path: Path) -> str:
    """A page that is written by hand, with its blocks and tables as they are now."""
    return blocks.filled(_TABLE.sub(lambda match: f"{match[1]}\n{_TABLES[match[2]]()}\n{match[3]}", path.read_text(encoding="utf-8")))


def _schema_of_configuration() -> str:
    rules = [rule.info for rule in rule_set.built_in_rules()]
    return config_file.schema_text([one.id for one in rules], {one.category for one in rules})


_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_TABLES: dict[str, Callable[[], str]] = {**policy_docs.TABLES, "commands": command_docs.sections}
"""The part of a page between ``<!-- table: NAME -->`` and ``<!-- end -->``."""
FILES: dict[str, Callable[[], str]] = {
    "linter/_built/settings.json": settings_build.build,
    "linter/_built/providers.json": settings_build.build_providers,
    "linter/_built/sources.json": sources.build_index,
    "linter/_built/formats.json": FORMATS.build,
    "linter/_built/operators.json": OPERATORS.build,
    "linter/_built/rules.json": rule_set.build,
    "linter/_built/controls.json": controls.build,
    "linter/_built/subjects.json": rule_settings.build,
    "schemas/medplum-lint-rule.schema.json": grammar.schema_text,
    **{f"schemas/{json_schema.file_name(kind)}": partial(json_schema.schema_text, kind) for kind in json_schema.TITLES},
    "schemas/schemastore.json": schemastore.build,
    "schemas/medplum-lint.schema.json": _schema_of_configuration,
    "docs/rules/README.md": rule_docs.index,
    **{f"docs/rules/{name}.md": partial(rule_docs.page, name) for name in rule_docs.CATEGORIES},
    **{path.relative_to(ROOT).as_posix(): partial(page, path) for path in blocks.pages()},
    "docs/settings/README.md": settings_docs.index,
    **{f"docs/settings/{section.page}.md": partial(settings_docs.page, section.page) for section in rule_settings.sections()},
    "man/medplum-lint.1": man_page.build,
}


def stale() -> dict[str, str]:
    """What the generated files should hold, of those that do not; paths are relative to the repository.

    Every file that names the address of the repository is one of them.
    """
    made = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in address.pages()}
    made.update({name: make() for name, make in FILES.items()})
    made = {name: address.filled_in(text) for name, text in made.items()}
    return {name: text for name, text in made.items() if not (ROOT / name).exists() or (ROOT / name).read_text(encoding="utf-8") != text}


def main(arguments: list[str]) -> int:
    """Write or check; the exit code."""
    found = stale()
    for name, text in found.items():
        if arguments == ["--check"]:
            print(f"{name} is stale: run python tools/generate.py")
        else:
            (ROOT / name).parent.mkdir(exist_ok=True)
            (ROOT / name).write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {name}")
    return 1 if found and arguments == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
