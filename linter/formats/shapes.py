"""Formats that regular expressions tell: ids, names and keys of AWS, of Google, and of others."""

from __future__ import annotations

import re

from ..typed import Final
from . import Check, format

_SHAPES: Final = r"""
arn: An Amazon Resource Name: `arn:partition:service:region:account:resource`.
  arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(?:[0-9]{12}|aws)?:\S+ else must be an ARN such as arn:aws:iam::123456789012:role/example
  legible arn:\S+
aws-region: The name of an AWS region, such as us-east-1 (by its shape, so that new regions are not refused).
  [a-z]{2,4}(-[a-z]+){1,2}-[0-9]{1,2} else must be the name of an AWS region such as us-east-1
  legible (?i)\s*(?:us|eusc-de|eu|ap|sa|ca|me|af|il|mx|cn)(?:[ _-]?(?:gov|iso[a-z]?|central|(?:north|south)?(?:east|west)|north|south)){1,2}(?:[ _-]?\d)?[a-z]?\s*
aws-account: An AWS account number: twelve digits.
  [0-9]{12} else must be the twelve digits of an AWS account
  legible [0-9 -]{6,20}|0x[0-9a-f]+
complete-secret-arn: The ARN of a secret in AWS Secrets Manager, with the six characters that it adds to the name.
  arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}
    else must be the ARN of a secret in Secrets Manager, with the hyphen and six characters at its end
secret-id: The name or ARN of a secret in AWS Secrets Manager.
  (?!arn:)(?s:.*)|arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+
    else must be the name or ARN of a secret in Secrets Manager, but this is another ARN
  arn:.*|[A-Za-z0-9/_+=.@-]{1,512} else must be the name or ARN of a secret in Secrets Manager, not the secret itself
  legible arn:\S+
s3-bucket: The name of an S3 bucket (Amazon S3 User Guide, "General purpose bucket naming rules").
  [a-z0-9][a-z0-9.-]{1,61}[a-z0-9] else must be the name of an S3 bucket (3 to 63 lower-case letters, digits, hyphens and dots)
  (?!.*(?:[.][.-]|-[.])).* else must be the name of an S3 bucket, which has no dot beside another dot or a hyphen
  (?![0-9]+(?:[.][0-9]+){3}\Z).* else must be the name of an S3 bucket, which does not look like an IP address
  legible (?:s3:|arn:)\S+
lambda-layer-name: The name, not the ARN, of a Lambda layer.
  (?!arn:)(?s:.*) else must be the name of the layer, not its ARN
  [A-Za-z0-9_-]{1,140} else must be the name of a Lambda layer (letters, digits, hyphens, underscores)
  legible arn:\S+
vpc-id: The id of an AWS VPC.
  vpc-([0-9a-f]{8}|[0-9a-f]{17}) else must be the id of a VPC, such as vpc-0123456789abcdef0
  legible vpc-[\w-]{1,24}
stack-name: The name of a CloudFormation stack that leaves the CDK room for what it appends to it (`packages/cdk/src/frontend.ts`).
  [A-Za-z][A-Za-z0-9-]{0,106} else must be the name of a stack (letters, digits and hyphens after a letter, at most 107 characters)
cloudfront-key-id: The id of a CloudFront public key.
  K[0-9A-Z]{10,20} else does not look like the id of a CloudFront public key, which begins with K
  looks random
base64-key: 32 bytes in base64 (the key of S3's SSE-C).
  [A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]= else must be 32 bytes in base64, which are 44 characters
google-client-id: A Google OAuth client id.
  [0-9]+-[a-z0-9]+\.apps\.googleusercontent\.com else does not look like a Google client id, which ends with .apps.googleusercontent.com
  legible [\w.-]+\.googleusercontent\.com\S{0,10}
  looks random
recaptcha-key: A Google reCAPTCHA site or secret key.
  6L[A-Za-z0-9_-]{38} else does not look like a reCAPTCHA key, which is 40 characters from 6L on
  looks random
uuid: A UUID in its usual form.
  (?i:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}) else must be a UUID
  looks random
environment-name: The short name of an environment, which becomes part of parameter names (`/medplum/NAME/`).
  [A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)* else must be a short name of letters, digits, hyphens, dots and underscores
  legible [A-Za-z]{1,16}(?:[ /_.-][A-Za-z]{1,16}){0,4}
resource-type: The name of a type of FHIR resource.
  [A-Z][A-Za-z]{2,39} else must be the name of a type of FHIR resource, such as Patient
"""  # noqa: E501 - one of the expressions cannot be broken
"""The name of each and what it is; then what a text must match as a whole, and why a text that does not match it does not fit.

What stands behind ``legible`` is :attr:`Format.legible`, and what ``looks random`` is public all the same.
"""


def _matching(checks: str) -> Check:
    pairs = re.findall(r"^  (\S+)\s+else (.+)$", checks, re.MULTILINE)
    return lambda text: next((otherwise for expression, otherwise in pairs if not re.fullmatch(expression, text)), None)


for _name, _describes, _checks in re.findall(r"^([a-z0-9-]+): (.+)\n((?:  .+\n)+)", _SHAPES, re.MULTILINE):
    _legible = _checks.partition("  legible ")[2].partition("\n")[0]
    format(_name, _describes, _legible, looks_random="  looks random" in _checks)(_matching(_checks))
