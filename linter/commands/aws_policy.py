"""``medplum-lint aws-policy``: the rights that reading a deployment needs, and no more."""

from __future__ import annotations

from ..live.arguments import asked
from ..live.policy import policy
from ..options import Given
from ..output import write_standard_output
from ..output.say import UsageError, say
from .layout import json_text


def run(given: Given) -> None:
    """Print the IAM policy that reading AWS needs.

    REGION and PREFIX are those of the aws: argument. Each SECRET is the name or ARN of a secret that a parameter such as DatabaseSecrets
    names; without one the policy allows all secrets of the region.

    Examples:
      medplum-lint aws-policy eu-west-1 /medplum/prod/
      # Only these two secrets
      medplum-lint aws-policy eu-west-1 /medplum/prod/ prod-db prod-redis
    """
    argument = f"aws:{given.region}:{given.path}"
    try:
        [layer] = asked(argument).sources.values()
    except ValueError as why:
        raise UsageError(f"{argument}: {why}") from None
    if "*" in "".join((given.path, *given.secrets)):
        raise UsageError('"*" would allow more than one deployment: name its own path and secrets')
    write_standard_output(json_text(policy(layer, given.secrets)))
    if not given.secrets:
        say("note", "the policy allows all secrets of the region: name those of DatabaseSecrets and RedisSecrets to allow no others")
