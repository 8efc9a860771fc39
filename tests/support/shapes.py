"""Inputs of every shape that can grow: what the scaling tests and ``benchmarks/scaling.py`` give the linter in two sizes.

A shape is a function from a size to a file, whose length is proportional to it. To add one, write it with ``@shape``; both find it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

SHAPES: Final[dict[str, Shape]] = {}
"""Every shape by its name."""


class Sample(NamedTuple):
    """A file of a shape: what it is called, its text, and its kind where the content alone does not tell."""

    name: str
    text: str
    kind: str | None = None


class Shape(NamedTuple):
    """What makes files of a shape. ``least``: the characters from which on they are all treated alike."""

    make: Callable[[int], Sample]
    least: int

    @property
    def is_long(self) -> bool:
        """Whether its files have to be longer than those of most shapes, so that each takes seconds."""
        return self.least > _LEAST


_LEAST: Final = 600


def shape(function: Callable[[int], Sample]) -> Callable[[int], Sample]:
    """Put a shape into :data:`SHAPES`."""
    return shape_from(_LEAST)(function)


def shape_from(least: int) -> Callable[[Callable[[int], Sample]], Callable[[int], Sample]]:
    """The same for a shape of which shorter files are treated otherwise: a value is not too long yet, or not nested too deeply."""

    def put(function: Callable[[int], Sample]) -> Callable[[int], Sample]:
        SHAPES[function.__name__.replace("_", "-")] = Shape(function, least)
        return function

    return put


def _json(members: Iterable[str], kind: str | None = "server/json") -> Sample:
    body = ",\n  ".join(['"baseUrl": "https://api.example.com/"', '"database": {"host": "db"}', '"redis": {"host": "r"}', *members])
    return Sample("medplum.config.json", f"{{\n  {body}\n}}\n", kind)


def _one(name: str, value: Any) -> Sample:
    return _json([f"{json.dumps(name)}: {json.dumps(value)}"])


# --- JSON ----------------------------------------------------------------------------------------------------------------------------


@shape_from(1_600)
def json_fixes_on_one_line(size: int) -> Sample:
    """Each service has something to fix, and all are on one line."""
    services = [{"id": f"w{number}", "desiredCount": "2", "serverCpu": None} for number in range(size)]
    known = {"name": "prod", "stackName": "Prod", "region": "us-east-1", "accountNumber": "123456789012", "domainName": "a.example"}
    return Sample("prod.json", json.dumps({**known, "workerServices": services}, separators=(",", ":")), "infra/json")


@shape_from(1_600)
def json_one_line_with_few_fixes(size: int) -> Sample:
    services = [{"id": f"w{number % 500}", "desiredCount": 2} for number in range(size)]  # of more texts than 2,000 not all are remembered
    known = {"name": "prod", "stackName": "Prod", "region": "us-east-1", "accountNumber": "123456789012", "domainName": "a.example"}
    return Sample(
        "prod.json",
        json.dumps({**known, "apiPort": "8103", "workerServices": services, "vpcId": None}, separators=(",", ":")),
        "infra/json",
    )


@shape
def yaml_fixes_on_one_line(size: int) -> Sample:
    variables = "{MEDPLUM_BASE_URL: 'https://a.example', MEDPLUM_LOGLEVEL: WARN}"
    services = (f"s{number}: {{image: medplum/medplum-server, command: env, environment: {variables}}}" for number in range(size))
    return Sample("compose.yml", f"services: {{{', '.join(services)}}}\n")


@shape
def json_unknown_names(size: int) -> Sample:
    return _json(f'"zq{number}": {number}' for number in range(size))


@shape
def json_misspelt_names(size: int) -> Sample:
    return _json(f'"maxBatchSiz{number}": "1mb"' for number in range(size))


@shape_from(1_600)  # a few names make a finding each, many are one, and of a long line a part is looked at
def json_unknown_names_in_database(size: int) -> Sample:
    members = ", ".join(f'"hosst{number}": "x"' for number in range(size))
    return Sample(
        "medplum.config.json", f'{{"baseUrl": "https://api.example.com/", "redis": {{}}, "database": {{{members}}}}}', "server/json"
    )


@shape
def json_on_one_line(size: int) -> Sample:
    return Sample("medplum.config.json", "{" + ", ".join(f'"zq{number}": 1' for number in range(size)) + "}", "server/json")


@shape
def json_name_given_again(size: int) -> Sample:
    return _json(f'"port": {number}' for number in range(size))


@shape
def json_comments(size: int) -> Sample:
    return _json(['"port": 8103' + "\n  // a comment" * size])


@shape
def json_comments_on_one_line(size: int) -> Sample:
    return _json(['"port": 8103' + " /* a */" * size])


@shape
def json_trailing_commas(size: int) -> Sample:
    return _json([f'"a{number}": [1,]' for number in range(size)])


@shape
def json_missing_commas(size: int) -> Sample:
    return Sample("medplum.config.json", '{"baseUrl": "https://api.example.com/"' + ' "port": 1' * size + "}", "server/json")


@shape_from(12_000)
def json_deep_objects(size: int) -> Sample:
    return _json(['"a": ' + '{"a":' * size + "1" + "}" * size])


@shape_from(3_600)  # Python 3.13 itself reads up to some 10,000 levels, which the largest does not have
def json_deep_lists(size: int) -> Sample:
    return _json(['"a": ' + "[" * size + "]" * size])


@shape_from(12_000)
def json_deep_under_a_number(size: int) -> Sample:
    return _json(['"accurateCountThreshold": ' + '{"a":' * size + "1" + "}" * size])


@shape_from(15_000)
def json_deep_under_an_object(size: int) -> Sample:
    return _json(['"smtp": ' + '{"host":' * size + "1" + "}" * size])


@shape
def json_deep_and_broken(size: int) -> Sample:
    return _json(['"a": ' + '{"b": 1, "b": 2, "a":' * size + "1" + "}" * size])


@shape
def json_never_closed(size: int) -> Sample:
    return _json(['"a": ' + "[" * size])


@shape
def json_unknown_names_at_each_depth(size: int) -> Sample:
    depth = max(int(size**0.5), 1)
    return _json(['"database": ' + '{"zq": 1, "ssl": ' * depth + "1" + "}" * depth])


@shape
def json_long_name(size: int) -> Sample:
    return _one("maxBatchSize" * (size // 12 + 1), 1)


@shape
def json_long_dotted_name(size: int) -> Sample:
    return _one("a" + ".a" * size, 1)


@shape
def json_long_public_value(size: int) -> Sample:
    return _one("supportEmail", "a" * size)


@shape
def json_long_secret_value(size: int) -> Sample:
    return _one("signingKeyPassphrase", "a" * size)


@shape
def json_long_list(size: int) -> Sample:
    return _json([f'"workers": {{"enabled": {json.dumps([f"queue{number}" for number in range(size)])}}}'])


@shape
def json_escapes(size: int) -> Sample:
    return _one("supportEmail", '"\\é\n' * size)


@shape
def json_wrong_escapes(size: int) -> Sample:
    return _json(['"supportEmail": "' + "\\q" * size + '"'])


@shape
def json_strings_with_wrong_escapes(size: int) -> Sample:
    return _json(f'"zq{number}": "\\q"' for number in range(size))


@shape
def json_control_characters(size: int) -> Sample:
    return _json(f'"zq{number}": "\t"' for number in range(size))


@shape
def json_quotes(size: int) -> Sample:
    return Sample("medplum.config.json", '{"baseUrl": ' + '"' * size, "server/json")


@shape
def json_quotes_never_closed(size: int) -> Sample:
    return Sample("medplum.config.json", "{" + '"baseUrl": "x,\n' * size, "server/json")


@shape
def json_words_that_are_no_values(size: int) -> Sample:
    return _json(f'"zq{number}": NaN' for number in range(size))


@shape
def json_blanks_that_are_none(size: int) -> Sample:
    return _json(f'"zq{number}":\xa0{number}' for number in range(size))


@shape_from(12_000)
def json_digits(size: int) -> Sample:
    return _json([f'"port": {"1" * size}'])


@shape
def json_long_numbers(size: int) -> Sample:
    return _json(f'"zq{number}": 1e{number}' for number in range(size))


@shape
def json_blank_lines(size: int) -> Sample:
    return _json(f'\n\n\n  "zq{number}": 1' for number in range(size))


@shape
def json_blank_end(size: int) -> Sample:
    sample = _json(f'"zq{number}": 1' for number in range(size))
    return sample._replace(text=sample.text + " \n" * size)


@shape
def json_broken_with_a_blank_end(size: int) -> Sample:
    sample = _json(f'"zq{number}": 1,' for number in range(size))
    return sample._replace(text=sample.text + " \n" * size)


@shape
def json_providers(size: int) -> Sample:
    return _one("externalAuthProviders", [{"issuer": f"https://i{number % 7}.example", "userInfoUrl": "x"} for number in range(size)])


@shape
def json_clients(size: int) -> Sample:
    return _one("defaultOAuthClients", [{"id": "x", "name": "n", "redirectUris": ["http://a/*"], "zq": 1} for number in range(size)])


@shape
def json_origins(size: int) -> Sample:
    return _one("allowedOrigins", ",".join(f"https://app{number}.example.com" for number in range(size)))


@shape_from(20_000)  # of longer values only a part is looked at for what may be shown
def json_origin_repeated(size: int) -> Sample:
    return _one("allowedOrigins", ",".join(["https://api.example.com/" + "a" * 20] * size))


@shape
def json_senders(size: int) -> Sample:
    return _one("approvedSenderEmails", ",".join(f"a{number}@example.com" for number in range(size)))


@shape
def json_comment_keys(size: int) -> Sample:
    return _json(f'"_comment{number}": "a"' for number in range(size))


@shape
def json_placeholders(size: int) -> Sample:
    return _json(f'"zq{number}": "${{A}}"' for number in range(size))


@shape
def json_placeholders_never_closed(size: int) -> Sample:
    return _json([f'"{name}": "{sign * size}"' for name, sign in (("a", "${"), ("b", "{{"), ("issuer", "$("), ("d", "<a"))])


@shape
def json_urls_with_many_signs(size: int) -> Sample:
    urls = ("https://" + "a@" * size, "https://" + "a." * size, "https:" + "/" * size, "https://a" + "/x" * size, "https://a:" + "1" * size)
    return _json(
        f'"{name}": "{url}"' for name, url in zip(("issuer", "jwksUrl", "tokenUrl", "introspectUrl", "registerUrl"), urls, strict=True)
    )


@shape_from(20_000)
def json_certificates(size: int) -> Sample:
    block = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    return Sample(
        "medplum.config.json",
        json.dumps({"baseUrl": "https://a.example/", "redis": {}, "database": {"ssl": {"ca": block * size}}}),
        "server/json",
    )


@shape
def json_pem_never_ended(size: int) -> Sample:
    return _one("signingKey", "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n" * size)


@shape
def json_broken_on_one_line(size: int) -> Sample:
    return Sample("medplum.config.json", "{" + ", ".join(f'"zq{number}": 1,' for number in range(size)) + "}", "server/json")


# --- Infra ---------------------------------------------------------------------------------------------------------------------------


def _infra(**more: Any) -> Sample:
    data = {"name": "prod", "stackName": "a", "accountNumber": "1", "apiDomainName": "a", "maxAzs": 2, "stackNam": 1, **more}
    return Sample("medplum.prod.config.json", json.dumps(data, indent=1), "infra/json")


@shape
def infra_external_secrets(size: int) -> Sample:
    secret = {"system": "aws_ssm_parameter_store", "key": "x", "type": "strin"}
    return _infra(**{f"zq{number}": secret for number in range(size)})


@shape
def infra_nulls(size: int) -> Sample:
    return _infra(environment={f"zq{number}": None for number in range(size)})


@shape
def infra_containers(size: int) -> Sample:
    return _infra(additionalContainers=[{"image": "a/b:latest", "zq": {"system": "x"}} for _ in range(size)])


# --- Parameter Store -----------------------------------------------------------------------------------------------------------------


def _dump(parameters: Iterable[tuple[str, str]], kind: str = "String") -> Sample:
    listed = [{"Name": name, "Type": kind, "Value": value} for name, value in parameters]
    return Sample("ssm.json", json.dumps({"Parameters": listed}, indent=1), "server/ssm")


@shape
def ssm_unknown_names(size: int) -> Sample:
    return _dump((f"/medplum/prod/zq{number}", "1") for number in range(size))


@shape
def ssm_misspelt_names(size: int) -> Sample:
    return _dump((f"/medplum/prod/databse.host{number}", "1") for number in range(size))


@shape
def ssm_of_other_programs(size: int) -> Sample:
    return _dump((f"/billing/{number % 7}/service-{number}/{'port' if number else 'zq'}", "1") for number in range(size))


@shape
def ssm_names_to_be_removed(size: int) -> Sample:
    return _dump((f"/medplum/prod/{'audience' if number % 2 else 'redis'}.member{number}", "1") for number in range(size))


@shape
def ssm_environments(size: int) -> Sample:
    return _dump((f"/medplum/e{number}/{name}", "1") for number in range(size) for name in ("baseUrl", "port", "zq"))


@shape
def ssm_environments_without_an_address(size: int) -> Sample:
    return _dump((f"/medplum/e{number}/port", "8103") for number in range(size))


@shape
def ssm_environments_spelt_otherwise(size: int) -> Sample:
    return _dump((f"/medplum/{prefix}{number}/baseUrl", "1") for number in range(size) for prefix in ("e", "E"))


@shape
def ssm_one_environment_in_many_spellings(size: int) -> Sample:
    letters = max(size.bit_length(), 1)
    names = (
        "".join(letter.upper() if number >> index & 1 else letter for index, letter in enumerate("a" * letters)) for number in range(size)
    )
    return _dump((f"/medplum/{name}/port", "1") for name in names)


@shape
def ssm_given_twice(size: int) -> Sample:
    return _dump(("/medplum/prod/port", str(number)) for number in range(size))


@shape_from(12_000)
def ssm_many_levels(size: int) -> Sample:
    return _dump([("/medplum/prod/" + "a/" * size + "x", "1")])


@shape
def ssm_paths_above_each_other(size: int) -> Sample:
    depth = max(int(size**0.5), 1)
    return _dump(("/a/" + "b/" * number + "x", "1") for number in range(depth))


@shape_from(4_000)
def ssm_long_dotted_name(size: int) -> Sample:
    return _dump([("/medplum/prod/a" + ".a" * size, "1")])


@shape
def ssm_dotted_names_of_all_lengths(size: int) -> Sample:
    depth = max(int((2 * size) ** 0.5), 1)
    return _dump(("/medplum/prod/a" + ".a" * number, "1") for number in range(depth))


@shape
def ssm_beside_members(size: int) -> Sample:
    return _dump(("/medplum/prod/" + name, "1") for number in range(size) for name in (f"zq{number}", f"zq{number}.a"))


@shape_from(30_000)  # in longer values no sample is looked for
def ssm_long_value(size: int) -> Sample:
    return _dump([("/medplum/prod/supportEmail", "a" * size), ("/medplum/prod/port", "1")])


@shape
def ssm_long_values(size: int) -> Sample:
    return _dump((f"/medplum/prod/zq{number}", "a" * 100) for number in range(size))


@shape
def ssm_json_texts(size: int) -> Sample:
    return _dump((f"/medplum/prod/zq{number}", json.dumps({"zq": 1, "b": [1, 2]})) for number in range(size))


@shape
def ssm_json_text_with_many_mistakes(size: int) -> Sample:
    return _dump([("/medplum/prod/externalAuthProviders", json.dumps([{"issuer": "x", "zq": 1}] * size))])


@shape_from(3_600)
def ssm_deep_json_text(size: int) -> Sample:
    return _dump([("/medplum/prod/workers", "[" * size + "]" * size)])


@shape_from(30_000)  # in longer values no sample is looked for
def ssm_braces(size: int) -> Sample:
    return _dump([("/medplum/prod/supportEmail", "{{" * size), ("/medplum/prod/port", "1{{")])


@shape
def ssm_missing(size: int) -> Sample:
    return Sample(
        "ssm.json",
        json.dumps(
            {
                "Parameters": [{"Name": "/medplum/prod/port", "Value": "1"}],
                "InvalidParameters": [f"/medplum/prod/z{n}" for n in range(size)],
            }
        ),
        "server/ssm",
    )


@shape
def ssm_json_lines(size: int) -> Sample:
    lines = (json.dumps({"Name": f"/medplum/prod/zq{number}", "Type": "String", "Value": "1"}) for number in range(size))
    return Sample("ssm.jsonl", "\n".join(lines), "server/ssm")


@shape
def ssm_json_lines_of_environments(size: int) -> Sample:
    lines = (json.dumps({"Name": f"/medplum/e{number}/port", "Type": "String", "Value": "x"}) for number in range(size))
    return Sample("ssm.jsonl", "\n".join(lines), "server/ssm")


@shape
def ssm_broken_json_lines(size: int) -> Sample:
    lines = ('{"Name": "/medplum/prod/zq%d", "Type": "String", "Value": "1",}' % number for number in range(size))  # noqa: UP031
    return Sample("ssm.jsonl", "\n".join(lines), "server/ssm")


@shape
def ssm_json_lines_never_closed(size: int) -> Sample:
    return Sample("ssm.jsonl", '{"Name": "/medplum/prod/port", "Value": "1"}\n' + '{"Name": ["\n' * size, "server/ssm")


@shape
def ssm_dumps(size: int) -> Sample:
    one = json.dumps({"Parameters": [{"Name": "/medplum/prod/port", "Type": "String", "Value": "1"}]}, indent=1)
    return Sample("ssm.json", "\n".join([one] * size), "server/ssm")


@shape
def ssm_in_yaml(size: int) -> Sample:
    items = "".join(f"- Name: /medplum/prod/zq{number}\n  Type: String\n  Value: '1'\n" for number in range(size))
    return Sample("ssm.yaml", f"Parameters:\n{items}", "server/ssm")


@shape
def ssm_yaml_documents(size: int) -> Sample:
    items = "".join(f"---\nName: /medplum/prod/zq{number}\nType: String\nValue: '1'\n" for number in range(size))
    return Sample("ssm.yaml", items, "server/ssm")


@shape
def ssm_flat(size: int) -> Sample:
    return Sample("ssm.json", json.dumps({f"/medplum/prod/zq{number}": "1" for number in range(size)}), "server/ssm")


@shape
def ssm_rows(size: int) -> Sample:
    return Sample("ssm.json", json.dumps([[f"/medplum/prod/zq{number}", "String", "1"] for number in range(size)]), "server/ssm")


@shape
def terraform_state(size: int) -> Sample:
    def resource(number: int) -> dict[str, Any]:
        return {
            "mode": "managed",
            "type": "aws_ssm_parameter",
            "name": f"a{number}",
            "instances": [{"attributes": {"name": f"/medplum/prod/zq{number}", "type": "String", "value": "1"}}],
        }

    return Sample(
        "terraform.tfstate", json.dumps({"terraform_version": "1", "resources": [resource(number) for number in range(size)]}), "server/ssm"
    )


@shape_from(12_000)
def terraform_modules_in_modules(size: int) -> Sample:
    values = {"name": "/medplum/prod/port", "type": "String", "value": "1"}
    text = json.dumps({"resources": [{"mode": "managed", "type": "aws_ssm_parameter", "values": values}]})
    inner = '{"child_modules": [' * size + text + "]}" * size
    return Sample("plan.json", f'{{"terraform_version": "1", "values": {{"root_module": {inner}}}}}', "server/ssm")


@shape
def cloudformation(size: int) -> Sample:
    resources = {
        f"P{number}": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": f"/medplum/prod/zq{number}", "Type": "String", "Value": "1"}}
        for number in range(size)
    }
    return Sample("template.json", json.dumps({"Resources": resources}), "server/ssm")


@shape
def cloudformation_in_yaml(size: int) -> Sample:
    one = (
        "  P{0}:\n    Type: AWS::SSM::Parameter\n    Properties:\n"
        "      Name: /medplum/prod/zq{0}\n      Type: String\n      Value: !Sub '${{A}}'\n"
    )
    return Sample("template.yaml", "Resources:\n" + "".join(one.format(number) for number in range(size)), "server/ssm")


# --- Secrets and Key Vault -----------------------------------------------------------------------------------------------------------


@shape
def secrets(size: int) -> Sample:
    values = [
        {"Name": f"medplum/e{number}/database", "SecretString": json.dumps({"host": "a", "password": "b", "zq": 1})}
        for number in range(size)
    ]
    return Sample("secrets.json", json.dumps({"SecretValues": values}), None)


@shape
def secret_with_many_members(size: int) -> Sample:
    text = json.dumps({"host": "a", "password": "b", "username": "c", **{f"zq{number}": 1 for number in range(size)}})
    return Sample("secret.json", json.dumps({"Name": "medplum/prod/database", "SecretString": text}), "secret/database")


@shape
def secret_with_many_mistakes(size: int) -> Sample:
    text = '{"host": "a", "password": "b"' + ' "c": NaN' * size + "}"
    return Sample("secret.json", json.dumps({"Name": "medplum/prod/database", "SecretString": text}), "secret/database")


@shape
def azure_names(size: int) -> Sample:
    return Sample(
        "vault.json",
        json.dumps({"baseUrl": "x", "database.host": "db", **{f"zq.a{number}": "1" for number in range(size)}}),
        "server/azure",
    )


@shape
def azure_long_dotted_name(size: int) -> Sample:
    return Sample("vault.json", json.dumps({"baseUrl": "x", "a" + ".a" * size: "1"}), "server/azure")


@shape
def azure_dotted_names_of_all_lengths(size: int) -> Sample:
    depth = max(int((2 * size) ** 0.5), 1)
    return Sample("vault.json", json.dumps({"baseUrl": "x", **{"a" + ".a" * number: "1" for number in range(depth)}}), "server/azure")


@shape
def azure_not_text(size: int) -> Sample:
    return Sample("vault.json", json.dumps({"baseUrl": "x", **{f"logRequests{number}": True for number in range(size)}}), "server/azure")


# --- Variables -----------------------------------------------------------------------------------------------------------------------


def _env(text: str) -> Sample:
    return Sample(".env", f"MEDPLUM_REDIS_HOST=cache\n{text}\n", "server/env")


@shape
def env_unknown_names(size: int) -> Sample:
    return _env("\n".join(f"MEDPLUM_DATABASE_ZQ{number}=1" for number in range(size)))


@shape
def env_misspelt_names(size: int) -> Sample:
    return _env("\n".join(f"MEDPLUM_MAX_BATCH_SIZE{number}=1" for number in range(size)))


@shape
def env_names_of_others(size: int) -> Sample:
    return _env("\n".join(f"MEDPLUM_OURS{number}=1" for number in range(size)))


@shape
def env_given_again(size: int) -> Sample:
    return _env("MEDPLUM_PORT=1\n" * size)


@shape
def env_long_name(size: int) -> Sample:
    return _env(f"MEDPLUM_{'MAX_BATCH_SIZE_' * (size // 15 + 1)}=1")


@shape
def env_long_dotted_name(size: int) -> Sample:
    return _env(f"MEDPLUM_A{'.A' * size}=1")


@shape
def env_long_value(size: int) -> Sample:
    return _env(f"MEDPLUM_SUPPORT_EMAIL={'a' * size}")


@shape
def env_long_value_in_double_quotes(size: int) -> Sample:
    return _env(f'MEDPLUM_SUPPORT_EMAIL="{"a" * size}"')


@shape
def env_long_value_of_lines(size: int) -> Sample:
    return _env('MEDPLUM_SUPPORT_EMAIL="' + "a\n" * size + '"')


@shape
def env_escapes(size: int) -> Sample:
    return _env('MEDPLUM_SUPPORT_EMAIL="' + '\\n\\"' * size + '"')


@shape
def env_backslashes(size: int) -> Sample:
    return _env('MEDPLUM_SUPPORT_EMAIL="' + "\\" * (2 * size) + '"')


@shape
def env_quotes(size: int) -> Sample:
    return _env("MEDPLUM_SUPPORT_EMAIL=" + '"' * size)


@shape
def env_quotes_never_closed(size: int) -> Sample:
    return _env('MEDPLUM_DATABASE_HOST="x\n' * size)


@shape
def env_single_quotes_never_closed(size: int) -> Sample:
    return _env("MEDPLUM_DATABASE_HOST='x\n" * size)


@shape
def env_one_quote_never_closed(size: int) -> Sample:
    return _env('MEDPLUM_DATABASE_HOST="x\n' + "MEDPLUM_PORT=1\n" * size)


@shape
def env_broken_lines(size: int) -> Sample:
    return _env("\n\nthis is no variable\n\nA=1" * size)


@shape
def env_broken_lines_in_a_row(size: int) -> Sample:
    return _env("this is no variable\n" * size)


@shape
def env_comments(size: int) -> Sample:
    return _env("# a comment\nMEDPLUM_PORT=x # 1\n" * size)


@shape
def env_suppressions(size: int) -> Sample:
    return _env("\n".join(f"# medplum-lint: ignore[misread-number] because\nMEDPLUM_ZQ{number}_PORT=x" for number in range(size)))


@shape
def env_suppressions_of_nothing(size: int) -> Sample:
    return _env("\n".join(f"# medplum-lint: ignore[no-such-rule-{number}] because" for number in range(size)))


@shape
def env_suppressions_above_one_line(size: int) -> Sample:
    return _env("# medplum-lint: ignore[misread-number] because\n" * size + "MEDPLUM_PORT=x")


@shape
def env_suppression_of_many_rules(size: int) -> Sample:
    rules = ",".join(f"rule-{number}" for number in range(size))
    return _env(f"MEDPLUM_PORT=x # medplum-lint: ignore[{rules}] because")


@shape
def env_suppressions_written_wrong(size: int) -> Sample:
    return _env("# medplum-lint: ignore\n" * size)


@shape
def env_json_texts(size: int) -> Sample:
    return _env(f"MEDPLUM_EXTERNAL_AUTH_PROVIDERS='{json.dumps([{'issuer': 'x', 'zq': 1}] * size)}'")


@shape
def env_signs(size: int) -> Sample:
    return _env("MEDPLUM_SUPPORT_EMAIL=" + "${" * size)


# --- Workflows of GitHub Actions -------------------------------------------------------------------------------------------------------


def _workflow(jobs: str) -> Sample:
    return Sample("deploy.yml", f"on: push\nenv: {{MEDPLUM_REDIS_HOST: cache}}\njobs:\n{jobs}", "server/env")


@shape
def workflow_jobs(size: int) -> Sample:
    return _workflow("".join(f"  j{number}: {{runs-on: a, env: {{MEDPLUM_REDIS_PORT: x}}}}\n" for number in range(size)))


@shape
def workflow_steps(size: int) -> Sample:
    steps = "".join("    - {run: a, env: {MEDPLUM_REDIS_PORT: x}}\n" for _ in range(size))
    return _workflow(f"  j:\n    runs-on: a\n    steps:\n{steps}")


@shape
def workflow_services(size: int) -> Sample:
    services = "".join(
        f"      s{number}: {{image: medplum/medplum-server, env: {{MEDPLUM_DATABASE_HOST: s1}}}}\n" for number in range(size)
    )
    return _workflow(f"  j:\n    runs-on: a\n    services:\n{services}")


@shape
def workflow_variables(size: int) -> Sample:
    return _workflow("  j:\n    runs-on: a\n    env:\n" + "".join(f"      MEDPLUM_DATABASE_ZQ{number}: 1\n" for number in range(size)))


# --- Dockerfiles ---------------------------------------------------------------------------------------------------------------------


def _dockerfile(text: str) -> Sample:
    return Sample("Dockerfile", f"FROM medplum/medplum-server\nENV MEDPLUM_REDIS_HOST=cache\n{text}\n", "server/env")


@shape
def dockerfile_variables(size: int) -> Sample:
    return _dockerfile("\n".join(f"ENV MEDPLUM_DATABASE_ZQ{number}=1" for number in range(size)))


@shape
def dockerfile_variables_in_one_instruction(size: int) -> Sample:
    return _dockerfile("ENV " + " \\\n    ".join(f'MEDPLUM_DATABASE_ZQ{number}="a b"' for number in range(size)))


@shape
def dockerfile_given_again(size: int) -> Sample:
    return _dockerfile("ENV MEDPLUM_PORT=1\n" * size)


@shape
def dockerfile_long_value(size: int) -> Sample:
    return _dockerfile(f"ENV MEDPLUM_SUPPORT_EMAIL={'a' * size}")


@shape
def dockerfile_long_value_of_lines(size: int) -> Sample:
    return _dockerfile('ENV MEDPLUM_SUPPORT_EMAIL="' + "a\\\n" * size + '"')


@shape
def dockerfile_escapes(size: int) -> Sample:
    return _dockerfile('ENV MEDPLUM_SUPPORT_EMAIL="' + '\\"\\n$' * size + '"')


@shape
def dockerfile_quotes(size: int) -> Sample:
    return _dockerfile("ENV MEDPLUM_SUPPORT_EMAIL=" + "'\"" * size)


@shape
def dockerfile_quotes_never_closed(size: int) -> Sample:
    return _dockerfile('ENV MEDPLUM_DATABASE_HOST="x\n' * size)


@shape
def dockerfile_words_that_set_nothing(size: int) -> Sample:
    return _dockerfile("ENV MEDPLUM_PORT=1" + " x" * size)


@shape
def dockerfile_lines_that_are_no_instructions(size: int) -> Sample:
    return _dockerfile("MEDPLUM_PORT=1\nUSER a\n" * size)


@shape
def dockerfile_heredocs(size: int) -> Sample:
    return _dockerfile("RUN <<EOF\nENV MEDPLUM_PORT=1\nEOF\n" * size)


@shape
def dockerfile_heredocs_never_ended(size: int) -> Sample:
    return _dockerfile("RUN <<A <<-B\n\tA\n" * size)


@shape
def dockerfile_stages(size: int) -> Sample:
    return _dockerfile("".join(f"FROM medplum/medplum-server AS s{number}\nENV MEDPLUM_PORT=x\n" for number in range(size)))


@shape
def dockerfile_stages_from_each_other(size: int) -> Sample:
    return _dockerfile("".join(f"FROM s{number} AS s{number + 1}\nENV MEDPLUM_PORT=x\n" for number in range(size)))


@shape
def dockerfile_stages_that_are_copied(size: int) -> Sample:
    return _dockerfile("COPY --from=0 a b\n" * size)


@shape
def dockerfile_arguments(size: int) -> Sample:
    text = "".join(f"ARG A{number}=b\n" for number in range(size))
    return Sample("Dockerfile", f"{text}FROM {'$A1' * size}\nENV MEDPLUM_REDIS_PORT=x\n", "server/env")


@shape
def dockerfile_comments(size: int) -> Sample:
    return _dockerfile("ENV MEDPLUM_PORT=x \\\n# a comment\n\n" * size)


@shape
def env_hashes(size: int) -> Sample:
    return _env("MEDPLUM_SUPPORT_EMAIL=a" + "#" * size + "\n" + " " * size + "#")


@shape
def env_blanks(size: int) -> Sample:
    return _env("MEDPLUM_SUPPORT_EMAIL=a" + " " * size + "b\n" + " " * size + "\n" + "\t" * size + "x")


def _task(containers: Iterable[str]) -> Sample:
    return Sample("task-definition.json", '{"family": "medplum", "containerDefinitions": [\n' + ",\n".join(containers) + "]}", "server/env")


def _ecs_container(number: int, environment: str, secrets: str = "") -> str:
    image = '"image": "medplum/medplum-server:5"'
    return f'{{"name": "c{number}", {image}, "environment": [{environment}], "secrets": [{secrets}]}}'


@shape
def ecs_variables(size: int) -> Sample:
    return _task([_ecs_container(0, ",\n".join(f'{{"name": "MEDPLUM_ZQ{number}", "value": "1"}}' for number in range(size)))])


@shape
def ecs_containers(size: int) -> Sample:
    return _task(_ecs_container(number, '{"name": "MEDPLUM_PORT", "value": "x"}') for number in range(size))


@shape
def ecs_secrets_given_again(size: int) -> Sample:
    plain = ", ".join(f'{{"name": "MEDPLUM_ZQ{number}", "value": "1"}}' for number in range(size))
    return _task([_ecs_container(0, plain, ", ".join(f'{{"name": "MEDPLUM_ZQ{number % 9}", "valueFrom": "a"}}' for number in range(size)))])


@shape
def ecs_long_value(size: int) -> Sample:
    return _task([_ecs_container(0, f'{{"name": "MEDPLUM_SUPPORT_EMAIL", "value": "{"a" * size}"}}')])


@shape
def ecs_broken(size: int) -> Sample:
    return _task(_ecs_container(number, '{"name": "MEDPLUM_PORT" "value": 8103,}') for number in range(size))


@shape
def compose_services(size: int) -> Sample:
    one = "  s{0}:\n    image: medplum/medplum-server:latest\n    environment:\n      MEDPLUM_ZQ{0}: '1'\n      MEDPLUM_PORT: x\n"
    return Sample("compose.yaml", "services:\n" + "".join(one.format(number) for number in range(size)), "server/env")


@shape
def compose_services_that_extend_one(size: int) -> Sample:
    base = "  b:\n    environment:\n      MEDPLUM_REDIS_HOST: cache\n      MEDPLUM_PORT: x\n"
    one = "  s{0}:\n    image: medplum/medplum-server:latest\n    extends: b\n    environment:\n      MEDPLUM_ZQ{0}: '1'\n"
    return Sample("compose.yaml", f"services:\n{base}" + "".join(one.format(number) for number in range(size)), "server/env")


@shape_from(3_500)  # fewer variables are given to all services
def compose_services_that_share_many_variables(size: int) -> Sample:
    items = "".join(f"      MEDPLUM_ZQ{number}: '1'\n" for number in range(size))
    one = "  s{0}:\n    image: medplum/medplum-server:latest\n    command: env\n    extends: b\n"
    services = "".join(one.format(number) for number in range(size))
    return Sample("compose.yaml", f"services:\n  b:\n    environment:\n{items}{services}", "server/env")


@shape_from(7_000)  # the same
def kubernetes_containers_that_share_many_variables(size: int) -> Sample:
    items = "".join(f"  MEDPLUM_ZQ{number}: '1'\n" for number in range(size))
    container = "{image: 'medplum/medplum-server:latest', args: [env], envFrom: [{configMapRef: {name: c}}]}"
    one = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: s%d}\nspec: {template: {spec: {containers: [" + container + "]}}}\n"
    containers = "".join(one % number for number in range(size))
    return Sample("medplum.yaml", f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n{items}{containers}", "server/env")


@shape
def compose_services_that_extend_each_other(size: int) -> Sample:
    one = "  s{0}:\n    image: medplum/medplum-server:latest\n    extends: s{1}\n    environment:\n      MEDPLUM_ZQ{0}: '1'\n"
    return Sample("compose.yaml", "services:\n" + "".join(one.format(number, number + 1) for number in range(size)), "server/env")


@shape
def compose_services_of_many_versions(size: int) -> Sample:
    one = "  s{0}:\n    image: medplum/medplum-server:9.{0}.0\n    environment:\n      MEDPLUM_ZQ{0}: '1'\n      MEDPLUM_PORT: x\n"
    return Sample("compose.yaml", "services:\n" + "".join(one.format(number) for number in range(size)), "server/env")


@shape
def compose_list(size: int) -> Sample:
    items = "".join(f"      - MEDPLUM_ZQ{number}=1\n" for number in range(size))
    return Sample("compose.yaml", f"services:\n  s:\n    image: medplum/medplum-server:latest\n    environment:\n{items}", "server/env")


@shape
def compose_names_given_again(size: int) -> Sample:
    items = "      MEDPLUM_PORT: 1\n" * size
    return Sample("compose.yaml", f"services:\n  s:\n    image: medplum/medplum-server:latest\n    environment:\n{items}", "server/env")


@shape
def compose_suppressions(size: int) -> Sample:
    items = "".join(f"      - MEDPLUM_ZQ{number}=1 # medplum-lint: ignore[unknown-setting] because\n" for number in range(size))
    return Sample("compose.yaml", f"services:\n  s:\n    image: medplum/medplum-server:latest\n    environment:\n{items}", "server/env")


@shape
def compose_suppressions_in_services(size: int) -> Sample:
    one = (
        "  s{0}:\n    image: medplum/medplum-server:latest\n    environment:\n"
        "      MEDPLUM_PORT: x # medplum-lint: ignore[misread-number] because\n"
    )
    return Sample("compose.yaml", "services:\n" + "".join(one.format(number) for number in range(size)), "server/env")


@shape
def compose_services_on_one_line(size: int) -> Sample:
    one = "s{0}: {{image: medplum/medplum-server, environment: {{MEDPLUM_ZQ: x, MEDPLUM_PORT: x}}}}"
    return Sample("compose.yaml", "services: {" + ", ".join(one.format(number) for number in range(size)) + "}", "server/env")


@shape
def compose_aliases(size: int) -> Sample:
    head = "x-a: &a\n  MEDPLUM_PORT: x\n  MEDPLUM_ZQ: '1'\nservices:\n"
    one = "  s{0}:\n    image: medplum/medplum-server\n    environment: *a\n"
    return Sample("compose.yaml", head + "".join(one.format(number) for number in range(size)), "server/env")


@shape
def compose_merges(size: int) -> Sample:
    anchors = "".join(f"x-a{number}: &a{number}\n  MEDPLUM_ZQ{number}: '1'\n" for number in range(size))
    names = ", ".join(f"*a{number}" for number in range(size))
    tail = f"services:\n  s:\n    image: medplum/medplum-server\n    environment:\n      <<: [{names}]\n"
    return Sample("compose.yaml", anchors + tail, "server/env")


@shape
def compose_merge_chain(size: int) -> Sample:
    anchors = "x-a0: &a0\n  MEDPLUM_PORT: x\n" + "".join(f"x-a{n}: &a{n}\n  <<: *a{n - 1}\n  Z{n}: '1'\n" for n in range(1, size))
    tail = f"services:\n  s:\n    image: medplum/medplum-server\n    environment:\n      <<: *a{size - 1}\n"
    return Sample("compose.yaml", anchors + tail, "server/env")


@shape
def compose_merges_of_one(size: int) -> Sample:
    head = "x-a: &a\n" + "".join(f"  Z{number}: '1'\n" for number in range(size)) + "services:\n"
    one = "  s{0}:\n    image: medplum/medplum-server\n    environment:\n      <<: *a\n      MEDPLUM_PORT: x\n"
    return Sample("compose.yaml", head + "".join(one.format(number) for number in range(size)), "server/env")


@shape
def compose_aliases_of_lists(size: int) -> Sample:
    head = "x-a: &a\n" + "".join(f"  - MEDPLUM_ZQ{number}=1\n" for number in range(size)) + "services:\n"
    one = "  s{0}:\n    image: medplum/medplum-server\n    environment: *a\n"
    return Sample("compose.yaml", head + "".join(one.format(number) for number in range(size)), "server/env")


@shape_from(4_000)
def compose_nested_flow(size: int) -> Sample:
    depth = min(size, 190)
    return Sample(
        "compose.yaml",
        "services: {medplum-server: {environment: {MEDPLUM_PORT: x}}}\n"
        + "".join(f"k{n}: {'[' * depth}{']' * depth}\n" for n in range(size // 190 + 1)),
        "server/env",
    )


@shape
def compose_block_scalars(size: int) -> Sample:
    body = "".join(f"        line {number}\n" for number in range(size))
    return Sample(
        "compose.yaml",
        f"services:\n  s:\n    image: medplum/medplum-server\n    environment:\n      MEDPLUM_SUPPORT_EMAIL: |\n{body}",
        "server/env",
    )


@shape
def compose_comments(size: int) -> Sample:
    text = "services:\n  s:\n    image: medplum/medplum-server\n    environment:\n" + "".join(
        f"      # a\n      MEDPLUM_ZQ{n}: 1 # b\n" for n in range(size)
    )
    return Sample("compose.yaml", text, "server/env")


@shape_from(10_000)  # from there on no file of the test is read again for its fixes, and excerpts and fingerprints are cut
def compose_escapes(size: int) -> Sample:
    return Sample(
        "compose.yaml",
        'services: {s: {image: medplum/medplum-server, environment: {MEDPLUM_SUPPORT_EMAIL: "' + '\\"\\n' * size + '"}}}',
        "server/env",
    )


@shape
def compose_long_command(size: int) -> Sample:
    words = ", ".join(["a"] * size)
    text = f"services:\n  s:\n    image: medplum/medplum-server\n    command: [{words}]\n    environment:\n      MEDPLUM_PORT: x\n"
    return Sample("compose.yaml", text, "server/env")


def _manifest(number: int, body: str) -> str:
    return f"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m{number}\ndata:\n{body}"


@shape
def kubernetes_documents(size: int) -> Sample:
    return Sample(
        "deploy.yaml", "".join(_manifest(n, f"  MEDPLUM_PORT: 'x'\n  MEDPLUM_DATABASE_ZQ{n}: 'x'\n") for n in range(size)), "server/env"
    )


@shape
def kubernetes_deployments(size: int) -> Sample:
    one = (
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d{0}\nspec:\n  template:\n    spec:\n      containers:\n"
        "        - name: c\n          image: medplum/medplum-server:4\n"
        "          env:\n            - name: MEDPLUM_PORT\n              value: x\n"
    )
    return Sample("deploy.yaml", "".join(one.format(number) for number in range(size)), "server/env")


@shape
def kubernetes_containers(size: int) -> Sample:
    head = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: d\nspec:\n  containers:\n"
    one = "    - name: c{0}\n      image: medplum/medplum-server:4\n      env:\n        - name: MEDPLUM_PORT\n          value: x\n"
    return Sample("deploy.yaml", head + "".join(one.format(number) for number in range(size)), "server/env")


@shape
def kubernetes_containers_of_one_config_map(size: int) -> Sample:
    head = (
        _manifest(0, "  MEDPLUM_DATABASE_HOST: db\n  key: x\n")
        + "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: d\nspec:\n  containers:\n"
    )
    one = (
        "    - name: c{0}\n      image: medplum/medplum-server:4\n      envFrom: [{{configMapRef: {{name: m0}}}}]\n"
        "      env:\n        - name: MEDPLUM_PORT\n          valueFrom: {{configMapKeyRef: {{name: m0, key: key}}}}\n"
    )
    return Sample("deploy.yaml", head + "".join(one.format(number) for number in range(size)), "server/env")


@shape
def kubernetes_config_maps_of_one_container(size: int) -> Sample:
    head = "".join(_manifest(number, f"  MEDPLUM_DATABASE_ZQ{number}: 'x'\n") for number in range(size))
    pod = "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: d\nspec:\n  containers:\n"
    pod += "    - image: medplum/medplum-server:4\n      envFrom:\n"
    sources = "".join(f"        - configMapRef: {{name: m{number}}}\n" for number in range(size))
    return Sample("deploy.yaml", head + pod + sources, "server/env")


@shape
def kubernetes_list(size: int) -> Sample:
    one = "- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: m{0}\n  data:\n    MEDPLUM_PORT: 'x'\n    MEDPLUM_DATABASE_ZQ: 'x'\n"
    return Sample(
        "deploy.yaml", "apiVersion: v1\nkind: List\nitems:\n" + "".join(one.format(number) for number in range(size)), "server/env"
    )


@shape
def kubernetes_variables(size: int) -> Sample:
    return Sample("deploy.yaml", _manifest(0, "".join(f"  MEDPLUM_DATABASE_ZQ{number}: x\n" for number in range(size))), "server/env")


@shape
def kubernetes_secrets(size: int) -> Sample:
    value = base64.b64encode(b"x").decode()
    data = "".join(f"  MEDPLUM_DATABASE_ZQ{number}: {value}\n" for number in range(size))
    return Sample("secret.yaml", f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\ndata:\n{data}", "server/env")


@shape
def kubernetes_unquoted_numbers(size: int) -> Sample:
    return Sample(
        "deploy.yaml", _manifest(0, "".join(f"  MEDPLUM_DATABASE_ZQ{number}: {number}\n" for number in range(size))), "server/env"
    )


@shape
def helm_values(size: int) -> Sample:
    names = "".join(f"    zq{number}: x\n" for number in range(size))
    return Sample(
        "values.yaml",
        f"global:\n  configSource:\n    type: env\nconfig:\n  server:\n    baseUrl: https://a.example/\n{names}",
        "server/env",
    )


@shape
def helm_extra_variables(size: int) -> Sample:
    items = "".join(f"  - name: MEDPLUM_DATABASE_ZQ{number}\n    value: x\n" for number in range(size))
    return Sample("values.yaml", f"config:\n  server:\n    baseUrl: https://a.example/\nextraEnv:\n{items}", "server/env")


@shape
def helm_lists(size: int) -> Sample:
    parts = "".join(f"part{number}:\n  env:\n    MEDPLUM_PORT: x\n" for number in range(size))
    return Sample("values.yaml", f"config:\n  server:\n    baseUrl: https://a.example/\n{parts}", "server/env")


@shape
def helm_containers(size: int) -> Sample:
    parts = "".join(f"part{number}:\n  env:\n    MEDPLUM_DATABASE_HOST: x\n" for number in range(size))
    return Sample("values.yaml", parts, "server/env")


@shape
def unit_of_many_lines(size: int) -> Sample:
    lines = "".join(f"Environment=MEDPLUM_DATABASE_ZQ{number}=x\n" for number in range(size))
    return Sample("medplum.service", f"[Service]\nExecStart=node packages/server/dist/index.js env\n{lines}", "server/env")


@shape
def unit_of_one_line(size: int) -> Sample:
    given = " ".join(f"'MEDPLUM_DATABASE_ZQ{number}=x'" for number in range(size))
    return Sample("medplum.service", f"[Service]\nEnvironment=MEDPLUM_PORT=1 {given}\n", "server/env")


@shape
def unit_of_files(size: int) -> Sample:
    files = "".join(f"EnvironmentFile=/etc/zq{number}.env\n" for number in range(size))
    return Sample("medplum.service", f"[Service]\nEnvironment=MEDPLUM_PORT=1\n{files}", "server/env")


@shape
def app_of_many_components(size: int) -> Sample:
    parts = "".join(f"  - name: zq{number}\n    envs: [{{key: MEDPLUM_DATABASE_HOST, value: x}}]\n" for number in range(size))
    return Sample("app.yaml", f"services:\n{parts}", "server/env")


@shape
def app_of_many_variables(size: int) -> Sample:
    items = "".join(f"      - {{key: MEDPLUM_DATABASE_ZQ{number}, value: x}}\n" for number in range(size))
    return Sample("app.yaml", f"services:\n  - name: server\n    envs:\n      - {{key: MEDPLUM_PORT, value: x}}\n{items}", "server/env")


@shape
def yaml_broken_late(size: int) -> Sample:
    text = "services:\n  s:\n    image: medplum/medplum-server\n    environment:\n" + "".join(
        f"      MEDPLUM_ZQ{n}: 1\n" for n in range(size)
    )
    return Sample("compose.yaml", text + "\t- x", "server/env")
