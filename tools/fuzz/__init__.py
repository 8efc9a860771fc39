"""A fuzzer over every command: inputs of every kind with secrets planted in them, and what no report of them may ever hold.

``python -m tools.fuzz`` runs it for a minute from a seed that it prints; CONTRIBUTING.md says how to read a failure.
"""
