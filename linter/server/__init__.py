"""Facts about the server and the CDK: how they read, load and default a configuration."""
