"""medplum-lint: a static linter and policy checker for the configuration of self-hosted Medplum servers."""

__version__ = "0.1.0"
