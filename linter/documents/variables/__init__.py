"""Environment variables: reading them from any format, and the documents they make."""
