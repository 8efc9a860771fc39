"""Fixes: which are applied, how the result is verified, and the commands for Parameter Store. Nothing is written here."""
