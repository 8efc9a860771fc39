"""How fast medplum-lint is: ``benchmarks/run`` measures it, next to other tools and to its own older versions."""
