"""``medplum-lint schema``: JSON Schemas for editors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

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
    write_standard_output(_TEXTS[given.what]())


def _of_config(kind: str) -> str:
    from ..settings.json_schema import schema_text

    return schema_text(kind)


def _of_rule() -> str:
    from ..policy.grammar import schema_text

    return schema_text()


def _of_configuration() -> str:
    from ..options.config_file import schema_text

    infos = [rule.info for rule in all_rules(()).rules]
    return schema_text([info.id for info in infos], {info.category for info in infos})


_TEXTS: Mapping[str, Callable[[], str]] = {
    "server": partial(_of_config, "server"),
    "infra": partial(_of_config, "infra"),
    "rule": _of_rule,
    "configuration": _of_configuration,
}
