"""What is found in the configurations of a server of 4.1.12, each finding checked against the source of that release.

``data/server-4.1.12`` has settings that this server reads, that came later and that had gone before, and values that it reads in another
way than the newest does. A finding that is only true of the newest server is not one here, and vice versa.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from linter.documents.inputs import Input
from linter.model import dotted
from linter.options.config import Overrides
from linter.run import Options, lint_input
from linter.settings.releases import parse_server_version

DATA = Path(__file__).parent / "data" / "server-4.1.12"

IN_JSON = [
    "1 missing-signing-key signingKey",  # storage/presign.ts signs nothing without a key, and routes.ts answers that with 401
    "10 unfilled-placeholder smtp.password, and 2 more",
    "10 unknown-setting smtp.secure, and 9 more",  # config/types.ts
    "18 wrong-type database.queryTimeout",  # database.ts: SET statement_timeout TO 60s, whose failure is logged
    "29 wrong-type defaultRateLimit",  # rate-limiter-flexible 7.1.1: 4 points
    "30 inexact-value defaultAuthRateLimit",  # the same compares digits in quotes
    "32 inexact-value defaultFhirQuota",
    "34 misread-number maxJsonSize",  # bytes.parse: null, which means no limit
    "36 unknown-value defaultBotRuntimeVersion",  # no cloud/fission before 4.3.4
    "37 vmcontext-bots vmContextBotsEnabled",
    "38 wrong-type bullmq.concurrency",  # BullMQ 5.56.0 refuses other values than numbers
    "40 unknown-value defaultProjectFeatures.1",  # ai came with 4.4.2
    "47 ignored-setting chainedSearchWithReferenceTables",  # went with 4.0.0
    "50 beta-mcp-endpoint mcpEnabled",
]
"""No finding of approvedSenderEmails (a display name is compared too), of auditEventLogGroup and systemRepositoryTokenReadStrategy (both
are read), of RDS Proxy (the time limit is a statement) and of the address of the identity provider (which is not checked)."""

IN_PARAMETERS = [
    "1 bypassed-cloudfront signingKey",
    "1 open-registration registerEnabled",
    "1 unencrypted-database database.ssl",
    "11 unknown-setting CacheRedisSecrets, and 2 more",
    "13 inexact-value database.queryTimeout",  # integerKeys of config/utils.ts: five, until 4.3.5
    "14 misread-number bullmq.concurrency",
    "15 misread-number keepAliveTimeout",
    "16 misread-number bcryptHashSalt",
    "17 misread-number maxBotLogLengthForLogs",  # fhir/operations/execute.ts: substring(NaN)
    "18 inexact-value maxSearchOffset",
    "20 misread-boolean saveAuditEvents",
    "22 misread-boolean autoDownloadEnabled",
    "24 misread-object smtp",  # isObjectConfig: tls, ssl, defaultProjectSystemSetting and defaultOAuthClients
    "26 misread-object externalAuthProviders",
    "27 misread-object defaultProjectFeatures",
]
"""No finding of database.runMigrations and mcpEnabled (booleanKeys), of defaultRateLimit (integerKeys), and of defaultOAuthClients."""

IN_VARIABLES = [
    "5 disabled-audit-trail saveAuditEvents",
    "5 missing-setting storageBaseUrl",
    "5 missing-signing-key signingKey",
    "5 open-registration registerEnabled",
    "9 local-file-storage binaryStorage",
    "16 misnamed-setting database.sslRequire",  # config/loader.ts: DATABASE_, REDIS_ and SMTP_ are the sections
    "17 misread-boolean database.runMigrations",  # it looks for runMigrations, which booleanKeys has as database.runMigrations only
    "18 inexact-value database.maxConnections",
    "21 misnamed-setting readonlyDatabaseHost, and 2 more",
    "25 unknown-setting smtp.secure, and 2 more",
    "27 misread-boolean heartbeatEnabled",
    "29 inexact-value maxBotLogLengthForLogs",
    "30 inexact-value defaultAuthRateLimit",
]
"""No finding of MEDPLUM_REDIS_TLS (parsed), MEDPLUM_SMTP_HOST and MEDPLUM_SMTP_PORT (since 4.1.8) and of MEDPLUM_LOG_REQUESTS."""


@pytest.mark.parametrize(
    ("name", "expected"),
    [("medplum.prod.server.json", IN_JSON), ("dump.json", IN_PARAMETERS), ("compose.yaml", IN_VARIABLES)],
    ids=["json", "parameters", "variables"],
)
def test_what_is_found_for_an_old_server(name: str, expected: list[str]) -> None:
    given = None if name == "compose.yaml" else parse_server_version("4.1.12", "the test")  # the Compose file names its image
    file = DATA / name
    outcome = lint_input(Input(name, file.read_bytes(), file), Options(Overrides(pedantic=True, server=given)))
    assert outcome.errors == () and outcome.bugs == ()
    found = []
    for finding in outcome.result.findings:
        line, _ = finding.document.position(finding.span.start)
        more = f", and {len(finding.related)} more" if finding.related else ""
        found.append(f"{line} {finding.rule} {dotted(finding.path or ())}{more}")
    assert found == expected
