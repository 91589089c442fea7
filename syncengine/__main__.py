"""`syncengine`, and `python -m syncengine`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; a fault that prevents loading it is one sentence as well."""
    try:
        from syncengine.cli.main import run
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; nothing was written.\n")
        sys.exit(130)
    except (ImportError, MemoryError, OSError) as error:
        sys.stderr.write(f"syncengine cannot be loaded: {error or type(error).__name__}. Install it anew.\n")
        sys.exit(1)
    run()


if __name__ == "__main__":
    main()
