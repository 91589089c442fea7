"""`python -m syncengine`."""

from syncengine.cli.main import run

run()
