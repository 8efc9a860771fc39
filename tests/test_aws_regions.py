"""The regions of AWS: what is known, what is near to it, and what may be newer than this version."""

from __future__ import annotations

import pytest
from support.helpers import verdict

from linter.formats import FORMATS
from linter.formats.aws import REGIONS

KNOWN = {"aws_region": "known"}
UNKNOWN = "is not a region known to this version of medplum-lint"


def test_each_has_the_form_of_a_region() -> None:
    assert [region for region in sorted(REGIONS) if FORMATS["aws-region"].reason(region) is not None] == []


@pytest.mark.parametrize(
    "region",
    [
        "us-east-1",
        "cn-north-1",
        "us-gov-east-1",
        "us-iso-west-1",
        "us-isob-east-1",
        "eu-isoe-west-1",
        "us-isof-south-1",
        "eusc-de-east-1",
    ],
)
def test_each_partition_is_known(region: str) -> None:
    assert verdict(KNOWN, region) is True


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("eu-west-9", UNKNOWN),  # a new region as well as a slip
        ("us-east-12", UNKNOWN),
        ("nz-north-1", UNKNOWN),
        ("us-wast-1", UNKNOWN),  # east or west
        ("us-esat-1", f"{UNKNOWN} (did you mean us-east-1?)"),
        ("eu-cental-1", f"{UNKNOWN} (did you mean eu-central-1?)"),
        ("eu-centrall-1", f"{UNKNOWN} (did you mean eu-central-1?)"),
        ("us-gov-wset-1", f"{UNKNOWN} (did you mean us-gov-west-1?)"),
    ],
)
def test_an_unknown_region(text: str, reason: str) -> None:
    assert verdict(KNOWN, text) == [reason]


@pytest.mark.parametrize("text", ["us-east-1a", "us-east1", "EU-WEST-1", " eu-west-1", "Frankfurt", "local", "hunter2", "us-east"])
def test_a_malformed_region_is_left_to_the_format(text: str) -> None:
    assert FORMATS["aws-region"].reason(text) == "must be the name of an AWS region such as us-east-1"
    assert verdict(KNOWN, text) is None


@pytest.mark.parametrize("text", ["<region>", "${AWS_REGION}", "TODO", "your-region"])
def test_a_placeholder_is_not_known_yet(text: str) -> None:
    assert verdict(KNOWN, text) is None
