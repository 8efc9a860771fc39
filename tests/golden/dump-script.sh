#!/bin/sh
# Fixes in AWS Parameter Store, written by medplum-lint VERSION. Read it before you run it.
# It needs the AWS CLI with access to the account that the dump is from, and can be run again.
# It holds no secret: those that it moves are read from AWS. A line with printf keeps them out of the list of processes.
set -eu
export AWS_PAGER=''

# === environment other, region eu-west-1 ===

# ssm.json:47: removed-setting (environment other)
# What: remove auditEventLogStream
# Why: auditEventLogStream is still documented, but servers ignore it since 5.0.0 and write audit events to the default logger; delete it and look for them there
aws ssm delete-parameters --names /medplum/other/auditEventLogStream --region eu-west-1

# === environment prod, region us-east-1 ===

# ssm.json:12: storage-base-url-without-trailing-slash (environment prod)
# What: set storageBaseUrl to "https://storage.clinic.example/binary/"
# Why: storageBaseUrl must end with "/": the server does not recognise its own links when a client saves a resource, and stores them as they are, so that attachments are lost when the links expire after an hour
aws ssm put-parameter --name /medplum/prod/storageBaseUrl --type String --overwrite --region us-east-1 --cli-input-json '{"Value": "https://storage.clinic.example/binary/"}'

# ssm.json:16: removed-setting (environment prod)
# What: remove auditEventLogGroup
# Why: auditEventLogGroup is still documented, but servers ignore it since 5.0.0 and write audit events to the default logger; delete it and look for them there
aws ssm delete-parameters --names /medplum/prod/auditEventLogGroup --region us-east-1

# ssm.json:23: secret-in-plain-string (environment prod)
# What: store recaptchaSecretKey as SecureString
# Why: recaptchaSecretKey is a secret, but the type of its parameter is String: anyone who may read parameters sees it; store it as SecureString
COPY=$(aws ssm get-parameter --name /medplum/prod/recaptchaSecretKey --region us-east-1 --with-decryption --query Parameter.Value --output text && printf x)
printf %s "${COPY%?x}" | aws ssm put-parameter --name /medplum/prod/recaptchaSecretKey --type SecureString --tier Advanced --overwrite --region us-east-1 --value file:///dev/stdin

# ssm.json:30: secret-in-plain-string (environment prod)
# What: store database.password as SecureString
# Why: database.password is a secret, but the type of its parameter is StringList: anyone who may read parameters sees it; store it as SecureString
COPY=$(aws ssm get-parameter --name /medplum/prod/database.password --region us-east-1 --with-decryption --query Parameter.Value --output text && printf x)
printf %s "${COPY%?x}" | aws ssm put-parameter --name /medplum/prod/database.password --type SecureString --overwrite --region us-east-1 --value file:///dev/stdin

# === environment staging, region eu-west-1 ===

# ssm.json:37: base-url-without-trailing-slash (environment staging)
# What: set baseUrl to "https://api.staging.clinic.example/"
# Why: baseUrl must end with "/": where the server appends a path, the slash is missing (https://api.staging.clinic.examplefhir/R4)
aws ssm put-parameter --name /medplum/staging/baseUrl --type String --overwrite --region eu-west-1 --cli-input-json '{"Value": "https://api.staging.clinic.example/"}'

# ssm.json:41: removed-setting (environment staging)
# What: remove auditEventLogStream
# Why: auditEventLogStream is still documented, but servers ignore it since 5.0.0 and write audit events to the default logger; delete it and look for them there
aws ssm delete-parameters --names /medplum/staging/auditEventLogStream --region eu-west-1
