#!/bin/sh
# Fixes in AWS Parameter Store, written by medplum-lint VERSION. Read it before you run it.
# It needs a POSIX shell: on Windows run it in Git Bash or WSL, not in PowerShell.
#
# It changes nothing unless the AWS CLI is signed in to account 123456789012 and the parameters below are as in the dump.
# It saves what it is about to change to a file beside it, which ends in .backup-1 and restores everything but deleted secrets when you
# run it with sh. Deletions come last, and what was moved is deleted only if its copy has the same value. The script stops at the first
# call of AWS that fails. Run it again to continue: what is done is not done twice.
# It contains no secret. It reads those that it moves from AWS, and passes them on so that no list of processes shows them.
ACCOUNT=123456789012
UNNAMED=''

fixes() {
  # === environment other, region eu-west-1 ===
  region eu-west-1

  # ssm.json:52: ignored-setting (environment other)
  # What: remove auditEventLogStream
  # Why: auditEventLogStream is documented, but servers ignore it since 5.0.0: audit events go to the default logger; delete it, and look for them there
  delete /medplum/other/auditEventLogStream public value logs

  # === environment prod, region us-east-1 ===
  region us-east-1

  # ssm.json:13: missing-trailing-slash (environment prod)
  # What: set storageBaseUrl to "https://storage.clinic.example/binary/"
  # Why: storageBaseUrl must end with "/": the server does not recognise its own links when a client saves a resource, and attachments are lost after an hour
  put /medplum/prod/storageBaseUrl same https://storage.clinic.example/binary/ public version 3

  # ssm.json:18: ignored-setting (environment prod)
  # What: remove auditEventLogGroup
  # Why: auditEventLogGroup is documented, but servers ignore it since 5.0.0: audit events go to the default logger; delete it, and look for them there
  delete /medplum/prod/auditEventLogGroup public version 1

  # ssm.json:26: unencrypted-parameter (environment prod)
  # What: store recaptchaSecretKey as SecureString
  # Why: recaptchaSecretKey is a secret in a parameter of the type String: anyone who may read parameters can read it; store it as a SecureString
  encrypt /medplum/prod/recaptchaSecretKey secret version 2

  # ssm.json:34: unencrypted-parameter (environment prod)
  # What: store database.password as SecureString
  # Why: database.password is a secret in a parameter of the type StringList: anyone who may read parameters can read it; store it as a SecureString
  encrypt /medplum/prod/database.password secret date 2026-03-01T10:00:00.123000+01:00 2026-03-01T09:00:00.123000+00:00 1772355600.123

  # === environment staging, region eu-west-1 ===
  region eu-west-1

  # ssm.json:42: missing-trailing-slash (environment staging)
  # What: set baseUrl to "https://api.staging.clinic.example/"
  # Why: baseUrl must end with "/": where the server appends a path, the slash is missing (https://api.staging.clinic.examplefhir/R4)
  put /medplum/staging/baseUrl same https://api.staging.clinic.example/ public value https://api.staging.clinic.example

  # ssm.json:46: ignored-setting (environment staging)
  # What: remove auditEventLogStream
  # Why: auditEventLogStream is documented, but servers ignore it since 5.0.0: audit events go to the default logger; delete it, and look for them there
  delete /medplum/staging/auditEventLogStream public value logs
}
