"""Formats that regular expressions can check: ids, names and keys of AWS, Google and others."""

from __future__ import annotations

from collections.abc import Mapping

from ..patterns import pattern
from ..typed import Any, Final
from . import format


class Shape:
    """Expressions that a text must match as a whole, each with why another text does not fit; see :func:`linter.formats.format`."""

    def __init__(self, describes: str, *checks: tuple[str, str], **more: Any) -> None:
        self.describes = describes
        self.checks = [(pattern(expression), otherwise) for expression, otherwise in checks]
        self.more = more

    def mismatch(self, text: str) -> str | None:
        """Why a text does not fit; None if it does."""
        return next((otherwise for expression, otherwise in self.checks if not expression.fullmatch(text)), None)


SHAPES: Final[Mapping[str, Shape]] = {
    "arn": Shape(
        "An Amazon Resource Name: `arn:partition:service:region:account:resource`.",
        (r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(?:[0-9]{12}|aws)?:\S+", "must be an ARN such as arn:aws:iam::123456789012:role/example"),
        legible=r"arn:\S+",
    ),
    "aws-region": Shape(
        "The name of an AWS region, such as us-east-1 (by its shape, so that new regions are not refused).",
        ("[a-z]{2,4}(-[a-z]+){1,2}-[0-9]{1,2}", "must be the name of an AWS region such as us-east-1"),
        legible=r"(?i)\s*(?:us|eusc-de|eu|ap|sa|ca|me|af|il|mx|cn)"
        r"(?:[ _-]?(?:gov|iso[a-z]?|central|(?:north|south)?(?:east|west)|north|south)){1,2}(?:[ _-]?\d)?[a-z]?\s*",
    ),
    "aws-account": Shape(
        "An AWS account number: twelve digits.",
        ("[0-9]{12}", "must be the twelve digits of an AWS account"),
        legible="[0-9 -]{6,20}|0x[0-9a-f]+",
    ),
    "complete-secret-arn": Shape(
        "The ARN of a secret in AWS Secrets Manager, with the six characters that it adds to the name.",
        (
            "arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]+-[A-Za-z0-9]{6}",
            "must be the ARN of a secret in Secrets Manager, with the hyphen and six characters at its end",
        ),
    ),
    "secret-id": Shape(
        "The name or ARN of a secret in AWS Secrets Manager.",
        (
            "(?!arn:)(?s:.*)|arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]+",
            "must be the name or ARN of a secret in Secrets Manager, but this is another ARN",
        ),
        ("arn:.*|[A-Za-z0-9/_+=.@!-]{1,512}", "must be the name or ARN of a secret in Secrets Manager, not the secret itself"),
        legible=r"arn:\S+",
    ),
    "s3-bucket": Shape(
        'The name of an S3 bucket (Amazon S3 User Guide, "General purpose bucket naming rules").',
        ("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "must be the name of an S3 bucket (3 to 63 lower-case letters, digits, hyphens and dots)"),
        ("(?!.*(?:[.][.-]|-[.])).*", "must be the name of an S3 bucket, which has no dot beside another dot or a hyphen"),
        (r"(?![0-9]+(?:[.][0-9]+){3}\Z).*", "must be the name of an S3 bucket, which does not look like an IP address"),
        legible=r"(?:s3:|arn:)\S+",
    ),
    "lambda-layer-name": Shape(
        "The name, not the ARN, of a Lambda layer.",
        ("(?!arn:)(?s:.*)", "must be the name of the layer, not its ARN"),
        ("[A-Za-z0-9_-]{1,140}", "must be the name of a Lambda layer (letters, digits, hyphens, underscores)"),
        legible=r"arn:\S+",
    ),
    "vpc-id": Shape(
        "The id of an AWS VPC.",
        ("vpc-([0-9a-f]{8}|[0-9a-f]{17})", "must be the id of a VPC, such as vpc-0123456789abcdef0"),
        legible=r"vpc-[\w-]{1,24}",
    ),
    "stack-name": Shape(
        "The name of a CloudFormation stack that leaves the CDK room for what it appends to it (`packages/cdk/src/frontend.ts`).",
        ("[A-Za-z][A-Za-z0-9-]{0,106}", "must be the name of a stack (letters, digits and hyphens after a letter, at most 107 characters)"),
    ),
    "cloudfront-key-id": Shape(
        "The id of a CloudFront public key.",
        ("K[0-9A-Z]{10,20}", "does not look like the id of a CloudFront public key, which begins with K"),
        looks_random=True,
    ),
    "base64-key": Shape(
        "32 bytes in base64 (the key of S3's SSE-C).",
        ("[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=", "must be 32 bytes in base64, which are 44 characters"),
    ),
    "google-client-id": Shape(
        "A Google OAuth client id.",
        (
            r"[0-9]+-[a-z0-9]+\.apps\.googleusercontent\.com",
            "does not look like a Google client id, which ends with .apps.googleusercontent.com",
        ),
        legible=r"[\w.-]+\.googleusercontent\.com\S{0,10}",
        looks_random=True,
    ),
    "recaptcha-key": Shape(
        "A Google reCAPTCHA site or secret key.",
        ("6L[A-Za-z0-9_-]{38}", "does not look like a reCAPTCHA key, which is 40 characters from 6L on"),
        looks_random=True,
    ),
    "uuid": Shape(
        "A UUID in its usual form.",
        ("(?i:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})", "must be a UUID"),
        looks_random=True,
    ),
    "environment-name": Shape(
        "The short name of an environment, which becomes part of parameter names (`/medplum/NAME/`).",
        ("[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*", "must be a short name of letters, digits, hyphens, dots and underscores"),
        legible="[A-Za-z]{1,16}(?:[ /_.-][A-Za-z]{1,16}){0,4}",
    ),
    "header-name": Shape(
        "The name of an HTTP header in lower case, as Node.js presents it.",
        ("[^A-Z]*", "must be in lower case, as Node.js gives the names of headers"),
        (r"[a-z0-9!#$%&'*+.^_`|~-]+", "must be the name of an HTTP header"),
        legible=r"[A-Za-z]+(?:[-_][A-Za-z0-9]+)*",
        shown="[A-Za-z0-9-]+",
    ),
    "container-image": Shape(
        "A container image with a tag or digest.",
        (r"(?:\S*/|[^\s/])[^\s/:@]*[:@][^\s/]+", "must be a container image with a tag, such as medplum/medplum-server:4.2.0"),
        legible=r"[\w.-]+(?::\d+)?(?:/[\w.-]+)+(?:[:@]\S*)?|[a-z]+(?:-[a-z]+)*",
    ),
    "resource-type": Shape(
        "The name of a type of FHIR resource.",
        ("[A-Z][A-Za-z]{2,39}", "must be the name of a type of FHIR resource, such as Patient"),
    ),
}
for _name, _shape in SHAPES.items():
    format(_name, _shape.describes, **_shape.more)(_shape.mismatch)
