"""What tests share: small documents, files with secrets in them, inputs of every shape, hostile values, a copy of the repository."""
