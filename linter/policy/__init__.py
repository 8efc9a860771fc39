"""The rule engine: rules are data (YAML in ``rules/``), compiled once to closures, evaluated in Kleene's three-valued logic."""
