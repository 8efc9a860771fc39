"""Names and ids in AWS."""

from __future__ import annotations

import re

from ..typed import Final
from . import format


@format("arn", "An Amazon Resource Name: `arn:partition:service:region:account:resource`.")
def arn(text: str) -> str | None:
    fits = re.fullmatch(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(?:[0-9]{12}|aws)?:\S+", text)
    return None if fits else "must be an ARN such as arn:aws:iam::123456789012:role/example"


@format("aws-region", "The name of an AWS region, such as us-east-1 (by its shape, so that new regions are not refused).")
def aws_region(text: str) -> str | None:
    fits = re.fullmatch(r"[a-z]{2,4}(-[a-z]+){1,2}-[0-9]{1,2}", text)
    return None if fits else "must be the name of an AWS region such as us-east-1"


REGIONS: Final = frozenset(
    """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2
    ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 eu-central-1 eu-central-2
    eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 me-west-1 mx-central-1
    sa-east-1 sa-west-1 us-east-1 us-east-2 us-west-1 us-west-2
    cn-north-1 cn-northwest-1
    us-gov-east-1 us-gov-west-1
    us-iso-east-1 us-iso-west-1 us-isob-east-1 us-isob-west-1 eu-isoe-west-1 us-isof-east-1 us-isof-south-1
    eusc-de-east-1
    """.split()
)
"""The regions of all partitions of AWS (``endpoints.json`` and ``partitions.json`` of botocore 1.44.8); to renew them, take a newer one."""


@format("aws-account", "An AWS account number: twelve digits.")
def aws_account(text: str) -> str | None:
    return None if re.fullmatch(r"[0-9]{12}", text) else "must be the twelve digits of an AWS account"


@format("complete-secret-arn", "The ARN of a secret in AWS Secrets Manager, with the six characters that it adds to the name.")
def complete_secret_arn(text: str) -> str | None:
    fits = re.fullmatch(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}", text)
    return None if fits else "must be the ARN of a secret in Secrets Manager, with the hyphen and six characters at its end"


@format("secret-id", "The name or ARN of a secret in AWS Secrets Manager.")
def secret_id(text: str) -> str | None:
    if text.startswith("arn:"):
        if re.fullmatch(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+", text):
            return None
        return "must be the name or ARN of a secret in Secrets Manager, but this is another ARN"
    if re.fullmatch(r"[A-Za-z0-9/_+=.@-]{1,512}", text):
        return None
    return "must be the name or ARN of a secret in Secrets Manager, not the secret itself"


@format("s3-bucket", 'The name of an S3 bucket (Amazon S3 User Guide, "General purpose bucket naming rules").')
def s3_bucket(text: str) -> str | None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", text):
        return "must be the name of an S3 bucket (3 to 63 lower-case letters, digits, hyphens and dots)"
    if re.search(r"[.][.-]|-[.]", text):
        return "must be the name of an S3 bucket, which has no dot beside another dot or a hyphen"
    if re.fullmatch(r"[0-9]+([.][0-9]+){3}", text):
        return "must be the name of an S3 bucket, which does not look like an IP address"
    return None


@format("vpc-id", "The id of an AWS VPC.")
def vpc_id(text: str) -> str | None:
    return None if re.fullmatch(r"vpc-([0-9a-f]{8}|[0-9a-f]{17})", text) else "must be the id of a VPC, such as vpc-0123456789abcdef0"


@format(
    "stack-name", "The name of a CloudFormation stack that leaves the CDK room for what it appends to it (`packages/cdk/src/frontend.ts`)."
)
def stack_name(text: str) -> str | None:
    fits = re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,106}", text)
    return None if fits else "must be the name of a stack (letters, digits and hyphens after a letter, at most 107 characters)"


@format("cloudfront-key-id", "The id of a CloudFront public key.")
def cloudfront_key_id(text: str) -> str | None:
    return None if re.fullmatch(r"K[0-9A-Z]{10,20}", text) else "does not look like the id of a CloudFront public key, which begins with K"


@format("lambda-layer-name", "The name, not the ARN, of a Lambda layer.")
def lambda_layer_name(text: str) -> str | None:
    if text.startswith("arn:"):
        return "must be the name of the layer, not its ARN"
    return (
        None
        if re.fullmatch(r"[A-Za-z0-9_-]{1,140}", text)
        else "must be the name of a Lambda layer (letters, digits, hyphens, underscores)"
    )


@format("base64-key", "32 bytes in base64 (the key of S3's SSE-C).")
def base64_key(text: str) -> str | None:
    return None if re.fullmatch(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=", text) else "must be 32 bytes in base64, which are 44 characters"
