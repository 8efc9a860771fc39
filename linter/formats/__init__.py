"""Named formats of the rule language: what a text must look like where operators cannot say it.

Each is one function from a text to the reason why it does not fit, which reads on after the setting's name, or None. The reason never
repeats the text, which may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isinf

from .hosts import host_of, is_local_host
from .placeholders import is_blank, is_reference

Format = Callable[[str], str | None]
FORMATS: dict[str, Format] = {}


def _format(name: str) -> Callable[[Format], Format]:
    def register(function: Format) -> Format:
        FORMATS[name] = function
        return function

    return register


_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+-]*):(/*)")
_HOST = re.compile(r"(?:[^@\s]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^\s\[\]@<>\\^`{|}%]+)")


@_format("url")
def url(text: str) -> str | None:
    """An absolute http or https URL with a host, as the WHATWG parser of Node.js reads it, and without white space."""
    if re.search(r"\s", text):
        return "must be a URL without white space in or around it"
    match = _SCHEME.match(text)
    if match is None or (not match[2] and match[1].lower() not in ("http", "https")):
        return "must be an absolute URL, beginning with https:// (or http:// for local use)"
    if match[1].lower() not in ("http", "https"):
        return "must be an http or https URL"
    if len(match[2]) != 2:
        return f"must have two slashes after {match[1].lower()}:"
    return _authority(text[match.end() :])


def _is_port(text: str) -> bool:
    return re.fullmatch(r"0*[0-9]{1,5}", text) is not None and int(text[-5:]) <= 65535


def _authority(rest: str) -> str | None:
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    host, port = _host_and_port(authority)
    if not host:
        return "must name a host after the two slashes"
    if not _HOST.fullmatch(host):
        return "must name a valid host after the two slashes"
    if port is not None and not (port == "" or _is_port(port)):
        return "must have a port between 0 and 65535 after the host"
    return None


def _host_and_port(authority: str) -> tuple[str, str | None]:
    host, colon, port = authority.rpartition(":")
    if not colon or "]" in port or "@" in port:
        return authority, None
    return host, port


_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"[^\s@<>()\[\]\\,;:\"]+@{_LABEL}(?:\.{_LABEL})*")


@_format("email")
def email(text: str) -> str | None:
    """One bare address, ``name@example.com``."""
    if _ADDRESS.fullmatch(text):
        return None
    return "must be one e-mail address such as support@example.com"


@_format("mailbox")
def mailbox(text: str) -> str | None:
    """One address, bare or with a display name: ``"Example" <support@example.com>`` (RFC 5322, section 3.4)."""
    named = re.fullmatch(r"[^<>]*<([^<>]*)>\s*", text)
    if email(named[1] if named else text.strip()) is None:
        return None
    return 'must be one e-mail address such as support@example.com or "Example" <support@example.com>'


@_format("hostname")
def hostname(text: str) -> str | None:
    """A bare host name or IP address: no scheme, no port, no path."""
    if "://" in text:
        return "must be a bare host name, without a scheme"
    if "/" in text:
        return "must be a bare host name, without a path"
    if re.fullmatch(r"[0-9A-Fa-f]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*", text):
        return None
    if ":" in text:
        return "must be a bare host name, without a port"
    return None if re.fullmatch(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?", text) else "must be a host name or an IP address"


@_format("port")
def port(text: str) -> str | None:
    """The decimal digits of a TCP port, 1 to 65535."""
    return None if _is_port(text) and int(text) > 0 else "must be a port number between 1 and 65535"


@_format("origin")
def origin(text: str) -> str | None:
    """An origin as a browser sends it (RFC 6454): scheme, host and perhaps a port; the server compares it as text."""
    if url(text) is not None:
        return "must be an origin such as https://app.example.com"
    if "*" in text:
        return "must be an exact origin: the server does not expand wildcards"
    if re.search(r"[/?#]", text.partition("://")[2]):
        return "must be an origin without a slash or path after the host"
    return None


@_format("arn")
def arn(text: str) -> str | None:
    """An Amazon Resource Name: ``arn:partition:service:region:account:resource``."""
    fits = re.fullmatch(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(?:[0-9]{12}|aws)?:\S+", text)
    return None if fits else "must be an ARN such as arn:aws:iam::123456789012:role/example"


_SIZE_UNITS = {"b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40, "pb": 2**50}


_SIZE = re.compile(r"([-+]?[0-9]+(?:\.[0-9]+)?) *(kb|mb|gb|tb|pb|b)", re.IGNORECASE | re.ASCII)
_LEADING_NUMBER = re.compile(r"\s*([-+]?[0-9]+)")
_MOST_DIGITS = 20
"""No server has a number of bytes with more digits."""


def parsed_size(text: str) -> float | None:
    """The bytes that the npm package ``bytes`` makes of a text: None where it finds no number, and so sets no limit.

    A number beyond the range of a double is infinite, as it is to JavaScript.
    """
    match = _SIZE.fullmatch(text)
    if match:
        size = float(match[1]) * _SIZE_UNITS[match[2].lower()]
        return size if isinf(size) else float(int(size))
    number = _LEADING_NUMBER.match(text)
    return float(number[1]) if number else None


@_format("bytes")
def size_in_bytes(text: str) -> str | None:
    """A size as the npm package ``bytes`` reads it: a number and b, kb, mb, gb, tb or pb.

    What it does not know it cuts off: "1m" is one byte. Without a leading number it is no limit at all (``bytes.parse``, tried out).
    """
    match = _SIZE.fullmatch(text)
    if match:
        return None if float(match[1]) > 0 else "must be more than 0, because every request is larger"
    number = _LEADING_NUMBER.match(text)
    if number is None:
        return "is not a size, so the server sets no limit at all; write one such as 50mb"
    size = _byte_count(number[1])
    return f"is {size} byte{'' if size == '1' else 's'} to the server, which knows only b, kb, mb, gb, tb and pb right after the number"


def _byte_count(number: str) -> str:
    digits = number.lstrip("+-0") or "0"
    if len(digits) > _MOST_DIGITS:
        return f"{'under -' if number[0] == '-' else 'over '}10^{_MOST_DIGITS}"
    return f"{'-' if number[0] == '-' else ''}{int(digits):,}"


_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\r?\n")


def _has_whole_pem(text: str) -> bool:
    """Whether some block goes from its BEGIN to the END of the same label, with lines between of which none begins with a hyphen."""
    for begin in _BEGIN.finditer(text):
        end = text.find("\n-", begin.end() - 1) + 1
        if end > begin.end() and text.startswith(f"-----END {begin[1]}-----", end):
            return True
    return False


@_format("pem")
def pem(text: str) -> str | None:
    """One or more PEM blocks with real line breaks (RFC 7468), as OpenSSL needs them."""
    if "-----BEGIN " not in text:
        return 'must be PEM text, which begins with "-----BEGIN "'
    if "\n" not in text and "\\n" in text:
        return "must have real line breaks, but has a backslash and an n in their place"
    if "\n" not in text.strip():
        return "must have line breaks, but is on one line"
    return None if _has_whole_pem(text) else "must be complete PEM text, from -----BEGIN to -----END with the same label"


@_format("pem-private-key")
def pem_private_key(text: str) -> str | None:
    """A private key in PEM (PKCS#1, PKCS#8 or SEC1), not a public key and not a certificate."""
    if "-----BEGIN " in text and "PRIVATE KEY-----" not in text:
        return "must be a private key, but this is the PEM of something else"
    return pem(text)


@_format("pem-public-key")
def pem_public_key(text: str) -> str | None:
    """A public key in PEM, as CloudFront accepts it."""
    if "-----BEGIN " in text and "PUBLIC KEY-----" not in text:
        return "must be a public key, but this is the PEM of something else"
    return pem(text)


@_format("pem-certificates")
def pem_certificates(text: str) -> str | None:
    """One or more X.509 certificates in PEM."""
    if "-----BEGIN " in text and "-----BEGIN CERTIFICATE-----" not in text and "-----BEGIN TRUSTED CERTIFICATE-----" not in text:
        return "must be certificates, but this is the PEM of something else"
    return pem(text)


@_format("websocket-url")
def websocket_url(text: str) -> str | None:
    """An absolute ws or wss URL."""
    if not re.match(r"wss?://", text, re.IGNORECASE):
        return "must be an absolute URL that begins with wss:// or ws://"
    return url(re.sub(r"^ws", "http", text, flags=re.IGNORECASE))


@_format("base-url")
def base_url(text: str) -> str | None:
    """An absolute URL to which paths can be added: no query, no fragment."""
    reason = url(text)
    if reason is None and re.search(r"[?#]", text):
        return "must have neither a query nor a fragment, because paths are added at its end"
    return reason


_LOOPBACK = re.compile(r"http://(localhost|127\.[0-9]+\.[0-9]+\.[0-9]+|\[::1\])(:[0-9]+)?(/|$)", re.IGNORECASE)


@_format("redirect-uri")
def redirect_uri(text: str) -> str | None:
    """A redirect URI of an OAuth client: exact, https or http on the user's own machine, or an app's own scheme (RFC 8252)."""
    if "*" in text:
        return "must be one exact address, because redirect URIs are compared as text, without wildcards"
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    if scheme is None:
        return "must be an absolute address such as https://app.example.com/callback"
    if scheme[1].lower() not in ("http", "https"):
        return None
    reason = url(text)
    if reason is not None:
        return reason
    if "#" in text:
        return "must have no fragment"
    if scheme[1].lower() == "http" and not _LOOPBACK.match(text):
        return "must begin with https://: over http anyone on the network path can read the code"
    return None


@_format("origins")
def origins(text: str) -> str | None:
    """Origins, separated by commas, or a single ``*``. The server trims spaces and compares each as text (``cors.ts``)."""
    if text.strip() == "*":
        return None if text == "*" else "must be a single *, without spaces"
    for number, one in enumerate(text.split(","), 1):
        reason = origin(one.strip()) if one.strip() else "must not be empty"
        if reason is not None:
            which = f"entry {number} " if "," in text else ""
            return f"{which}{reason}; anything else never matches, and browsers block the requests"
    return None


@_format("email-list")
def email_list(text: str) -> str | None:
    """Bare addresses, separated by commas without spaces: the server does not trim them."""
    for number, one in enumerate(text.split(","), 1):
        if one != one.strip():
            return f"must have no spaces between addresses: with one, entry {number} never matches"
        if email(one) is not None:
            return f"entry {number} {email(one)}"
    return None


@_format("binary-storage")
def binary_storage(text: str) -> str | None:
    """``s3:BUCKET``, ``file:PATH``, ``azure:ACCOUNT:CONTAINER`` or ``gs:BUCKET`` (``packages/server/src/storage``)."""
    prefix, colon, rest = text.partition(":")
    if not colon or prefix not in ("s3", "file", "azure", "gs"):
        return "must begin with s3:, file:, azure: or gs:; with anything else there is no storage, and uploads fail"
    if prefix in ("s3", "gs"):
        if rest.startswith("//"):
            return f"must be {prefix}: and the bucket's bare name, because the server reads the slashes as part of the name"
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", rest):
            return f"must be {prefix}: and the name of a bucket (lower-case letters, digits, hyphens and dots)"
    if prefix == "azure" and not re.fullmatch(r"[^:]+:[^:]+", rest):
        return "must name the account and the container, as in azure:account:container"
    if prefix == "file" and not rest:
        return "must name a folder after file:"
    return None


@_format("secret-id")
def secret_id(text: str) -> str | None:
    """The name or ARN of a secret in AWS Secrets Manager."""
    if text.startswith("arn:"):
        if re.fullmatch(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+", text):
            return None
        return "must be the name or ARN of a secret in Secrets Manager, but this is another ARN"
    if re.fullmatch(r"[A-Za-z0-9/_+=.@-]{1,512}", text):
        return None
    return "must be the name or ARN of a secret in Secrets Manager, not the secret itself"


@_format("aws-region")
def aws_region(text: str) -> str | None:
    """The name of an AWS region, such as us-east-1 (by its shape, so that new regions are not refused)."""
    fits = re.fullmatch(r"(us|eu|ap|sa|ca|me|af|il|mx|cn|us-gov|us-iso[a-z]?|eu-isoe|eusc)-[a-z]+-[0-9]", text)
    return None if fits else "must be the name of an AWS region such as us-east-1"


@_format("cloudfront-key-id")
def cloudfront_key_id(text: str) -> str | None:
    """The id of a CloudFront public key."""
    return None if re.fullmatch(r"K[0-9A-Z]{10,20}", text) else "does not look like the id of a CloudFront public key, which begins with K"


@_format("google-client-id")
def google_client_id(text: str) -> str | None:
    """A Google OAuth client id."""
    fits = re.fullmatch(r"[0-9]+-[a-z0-9]+\.apps\.googleusercontent\.com", text)
    return None if fits else "does not look like a Google client id, which ends with .apps.googleusercontent.com"


@_format("recaptcha-key")
def recaptcha_key(text: str) -> str | None:
    """A Google reCAPTCHA site or secret key."""
    return None if re.fullmatch(r"6L[A-Za-z0-9_-]{38}", text) else "does not look like a reCAPTCHA key, which is 40 characters from 6L on"


@_format("lambda-layer-name")
def lambda_layer_name(text: str) -> str | None:
    """The name, not the ARN, of a Lambda layer."""
    if text.startswith("arn:"):
        return "must be the name of the layer, not its ARN"
    return (
        None
        if re.fullmatch(r"[A-Za-z0-9_-]{1,140}", text)
        else "must be the name of a Lambda layer (letters, digits, hyphens, underscores)"
    )


@_format("uuid")
def uuid(text: str) -> str | None:
    """A UUID in its usual form."""
    fits = re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text, re.IGNORECASE)
    return None if fits else "must be a UUID"


@_format("base64-key")
def base64_key(text: str) -> str | None:
    """32 bytes in base64 (the key of S3's SSE-C)."""
    return None if re.fullmatch(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=", text) else "must be 32 bytes in base64, which are 44 characters"


@_format("header-name")
def header_name(text: str) -> str | None:
    """The name of an HTTP header in lower case, as Node.js presents it."""
    if text != text.lower():
        return "must be in lower case: the server never sees a header name with capitals"
    return None if re.fullmatch(r"[a-z0-9!#$%&'*+.^_`|~-]+", text) else "must be the name of an HTTP header"


@_format("cron")
def cron(text: str) -> str | None:
    """A cron expression of five fields, or six with seconds."""
    return None if re.fullmatch(r"\S+( +\S+){4,5}", text.strip()) else "must be a cron expression of five fields, such as 0 3 * * *"


@_format("date-time")
def date_time(text: str) -> str | None:
    """A date, or a date and time, in ISO 8601."""
    fits = re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?", text, re.ASCII)
    return None if fits else "must be a date such as 2025-01-31 or 2025-01-31T00:00:00Z"


@_format("aws-account")
def aws_account(text: str) -> str | None:
    """An AWS account number."""
    return None if re.fullmatch(r"[0-9]{12}", text) else "must be the twelve digits of an AWS account"


@_format("vpc-id")
def vpc_id(text: str) -> str | None:
    """The id of an AWS VPC."""
    return None if re.fullmatch(r"vpc-([0-9a-f]{8}|[0-9a-f]{17})", text) else "must be the id of a VPC, such as vpc-0123456789abcdef0"


@_format("s3-bucket")
def s3_bucket(text: str) -> str | None:
    """The name of an S3 bucket."""
    fits = re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", text)
    return None if fits else "must be the name of an S3 bucket (3 to 63 lower-case letters, digits, hyphens and dots)"


@_format("container-image")
def container_image(text: str) -> str | None:
    """A container image with a tag or digest."""
    behind = text[max(text.rfind("/") + 1, 1) : -1]  # of the last slash; a tag needs something before it and a sign of its own
    fits = not re.search(r"\s", text) and (":" in behind or "@" in behind)
    return None if fits else "must be a container image with a tag, such as medplum/medplum-server:4.2.0"


@_format("environment-name")
def environment_name(text: str) -> str | None:
    """The short name of an environment, which becomes part of parameter names (``/medplum/NAME/``): no slash, no space."""
    fits = re.fullmatch(r"[A-Za-z0-9._-]+", text)
    return None if fits else "must be a short name of letters, digits, hyphens, dots and underscores"


@_format("stack-name")
def stack_name(text: str) -> str | None:
    """The name of a CloudFormation stack (CloudFormation API Reference, ``CreateStack``)."""
    fits = re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", text)
    return None if fits else "must be the name of a stack: letters, digits and hyphens after a letter, at most 128 characters"


@_format("https-or-local")
def https_or_local(text: str) -> str | None:
    """A URL over https, or over http to the user's own machine."""
    if not text.lower().startswith("http://") or is_local_host(host_of(text) or ""):
        return None
    return "is not over https"


@_format("public-host")
def public_host(text: str) -> str | None:
    """A URL whose host is neither the user's own machine nor on a Docker network."""
    return "names a host of a single machine or Docker network" if is_local_host(host_of(text) or "") else None


@_format("real-host")
def real_host(text: str) -> str | None:
    """A URL whose host is not reserved for documentation (RFC 2606)."""
    host = (host_of(text) or "").lower().rstrip(".")
    return "has a host from the documentation's examples" if re.search(r"(^|\.)example\.(com|org|net)$", host) else None


@_format("url-without-path")
def url_without_path(text: str) -> str | None:
    """A URL that ends with its host, or with the slash after it."""
    return "has a path" if re.search(r"://[^/]*/+[^/?#]", text) else None


_PUBLISHED = {
    # Words that a sample configuration gives; they are no secrets any more.
    "medplum": "is the password of Medplum's sample configuration",
    "medplum_admin": "is the published default password of the super admin",
    "admin@example.com": "is the published default address of the super admin",
    "top_secret": "is the passphrase of Medplum's sample configuration",
    "your-secure-secret-here": "is the placeholder of the documentation",
}
_PUBLISHED_HASHES = {
    "96b58aae94b8932c2d7766bd24a551ec8f5ad02a4ba8253e0faeece282ec479f": "is the private key of Medplum's sample configuration",
    "6c1d1fac06332ad3a5ce112fcc75b6e99c5c974a7969c395a544485d66519597": "is the reCAPTCHA secret of Medplum's sample configuration",
}
"""SHA-256 of the whole text, or of the first line of base64 of a PEM."""


@_format("not-published")
def not_published(text: str) -> str | None:
    """A secret that is not in Medplum's public repository or documentation."""
    if text in _PUBLISHED:
        return _PUBLISHED[text]
    if "PRIVATE KEY" not in text and not text.startswith("6L"):
        return None  # the two that are known are a key and a secret of reCAPTCHA
    import hashlib  # only for what can be one of them

    for part in (text.strip(), _first_base64_line(text)):
        reason = _PUBLISHED_HASHES.get(hashlib.sha256(part.encode("utf-8", "replace")).hexdigest())
        if reason is not None:
            return reason
    return None


_BASE64_LINE = re.compile(r"(?:\A|\n|\\n)[^\S\n]*([A-Za-z0-9+/=]{20,})[^\S\n]*(?=\n|\\n|\Z)")


def _first_base64_line(pem: str) -> str:
    found = _BASE64_LINE.search(pem)
    return found[1] if found is not None else ""


@_format("resolved")
def resolved(text: str) -> str | None:
    """A value that no program still has to fill in: not ``${PORT}`` or ``{{ name }}``."""
    return "is a reference that still has to be replaced by its value" if is_reference(text) else None


@_format("filled-in")
def filled_in(text: str) -> str | None:
    """A value that no one still has to fill in: not ``<your domain>`` or ``TODO``."""
    return "still has to be filled in" if is_blank(text) else None


SEES_PLACEHOLDERS = frozenset({"filled-in", "resolved"})
"""Formats that judge what no other operator does."""
