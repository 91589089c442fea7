"""Runs the benchmark cases and prints what they found: `python -m benchmarks.run [case ...] [--into DIR]`.

Times on a busy machine mean little; compare ratios within one run.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks.cases import CASES


def main() -> None:
    """Run the named cases, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="*", help=f"one of: {', '.join(CASES)}")
    parser.add_argument("--into", type=Path, help="build the databases there and use them again")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        into = arguments.into or Path(scratch)
        for name in arguments.case or list(CASES):
            print(f"{name}: {CASES[name].__doc__}")
            print(json.dumps(CASES[name](into), indent=2))


if __name__ == "__main__":
    main()
