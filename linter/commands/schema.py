"""``medplum-lint schema``: JSON Schemas for editors."""

from __future__ import annotations

from ..options import Given
from ..output import write_standard_output
from ..policy.rule_set import all_rules


def run(given: Given) -> None:
    """Print a JSON Schema for editors.

    WHAT is the kind of file: server, rule or configuration. These are the server's JSON config file, a policy of your own, and the
    configuration file of medplum-lint.

    Examples:
      medplum-lint schema > medplum.schema.json
      # Then, at the top of the config: "$schema": "./medplum.schema.json"
      medplum-lint schema configuration > medplum-lint.schema.json
    """
    write_standard_output(_TEXTS[given.what]())


def _of_server() -> str:
    from ..settings.json_schema import schema_text

    return schema_text()


def _of_rule() -> str:
    from ..policy.grammar import schema_text

    return schema_text()


def _of_configuration() -> str:
    from ..options.config_file import schema_text

    infos = [rule.info for rule in all_rules(()).rules]
    return schema_text([one.id for one in infos], {one.category for one in infos})


_TEXTS = {"server": _of_server, "rule": _of_rule, "configuration": _of_configuration}
