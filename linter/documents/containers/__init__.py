"""Containers: how they start a server, from which image, with what mounted, and what surrounds the server there."""
