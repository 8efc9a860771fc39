"""Starts Medplum's own server in many states, and writes down what happens: :mod:`tools.real_server.__main__`."""
