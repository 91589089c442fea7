"""A DRDA server that presents itself as Informix."""
