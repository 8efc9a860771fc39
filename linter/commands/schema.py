"""``medplum-lint schema``: JSON Schemas for editors."""

from __future__ import annotations

from ..options import Given
from ..output import write_standard_output
from ..policy.rule_set import all_rules


def run(given: Given) -> None:
    """Print a JSON Schema for editors.

    WHAT is the kind of file: server, infra, rule or configuration. These are the server's JSON config file, the CDK's, a policy of your
    own, and the configuration file of medplum-lint.

    Examples:
      medplum-lint schema > medplum.schema.json
      # Then, at the top of the config: "$schema": "./medplum.schema.json"
      medplum-lint schema infra > medplum-infra.schema.json
      medplum-lint schema configuration > medplum-lint.schema.json
    """
    write_standard_output(_text(given.what))


def _text(what: str) -> str:
    if what == "rule":
        from ..policy import grammar

        return grammar.schema_text()
    if what == "configuration":
        from ..options import config_file

        infos = [rule.info for rule in all_rules(()).rules]
        return config_file.schema_text([info.id for info in infos], {info.category for info in infos})
    from ..settings import json_schema

    return json_schema.schema_text(what)
