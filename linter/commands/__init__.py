"""The commands: each is the function ``run`` of the module with its name, whose docstring is its help."""
