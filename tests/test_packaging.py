"""The wheel: what is in it, and that it works where there is no source tree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from syncengine.cli.main import run_for_code

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, with the build backend at hand or else one that is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps", "--wheel-dir", str(folder)]
    ways = ([*pip, "--no-build-isolation", str(ROOT)], [*pip, str(ROOT)])
    for command in ways:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            (built,) = folder.glob("cms_syncengine-*.whl")
            return built
    pytest.fail(f"the wheel cannot be built:\n{done.stdout}\n{done.stderr}")


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command outside the source tree."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
    return subprocess.run(
        command, cwd=folder, env=environment | {"NO_COLOR": "1"}, capture_output=True, text=True, check=False
    )


def test_the_wheel_has_the_package_every_spec_and_every_checklist(wheel: Path) -> None:
    """Each module, spec file and checklist of the source tree is in the wheel, and no test is."""
    names = set(zipfile.ZipFile(wheel).namelist())

    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "syncengine").rglob("*.py")}
    specs = {f"syncengine/{path.relative_to(ROOT)}" for path in (ROOT / "table_specs").rglob("*.toml")}
    checklists = {str(path.relative_to(ROOT)) for path in (ROOT / "syncengine" / "checklists").glob("*.toml")}
    assert modules <= names
    assert specs <= names
    assert checklists
    assert checklists <= names
    assert len(specs) > 50
    assert "syncengine/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "docs/"))]


@pytest.mark.soak
def test_an_installed_wheel_works_without_the_source_tree(wheel: Path, tmp_path: Path) -> None:
    """Installed beside its dependencies, the command lists a table from the specs inside the package."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    (site,) = (home / "lib").glob("python*/site-packages")
    install = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(home / "bin" / "python")]
    installed = run([*install, "install", "--no-deps", "--no-index", str(wheel)], tmp_path)
    assert installed.returncode == 0, installed.stderr
    dependencies = [path for path in map(Path, sys.path) if path.name == "site-packages"]
    # Only the folder itself: its .pth files would lead back to the source tree.
    (site / "dependencies.pth").write_text("".join(f"{path}\n" for path in dependencies))

    where = run([str(home / "bin" / "python"), "-c", "import syncengine; print(syncengine.__file__)"], tmp_path)
    listed = run([str(home / "bin" / "syncengine"), "tables", "hsplit"], tmp_path)
    checked = run([str(home / "bin" / "python"), "-m", "syncengine", "tables", "--help"], tmp_path)

    assert where.stdout.startswith(str(site)), where.stdout + where.stderr
    assert listed.returncode == 0, listed.stderr
    assert "hsplit" in listed.stdout
    assert "acdcalls" in listed.stdout
    assert str(ROOT) not in listed.stdout + listed.stderr
    assert checked.returncode == 0, checked.stderr


def test_the_wheel_says_what_it_needs(wheel: Path) -> None:
    """The metadata names the dependencies of use, not those of testing, and the command."""
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        (entries,) = (n for n in archive.namelist() if n.endswith(".dist-info/entry_points.txt"))
        text, commands = archive.read(metadata).decode(), archive.read(entries).decode()

    needed = {line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("Requires-Dist:")}
    names = {re.split(r"[<>=;\[ ]", need)[0] for need in needed if "extra ==" not in need}
    assert names >= {"duckdb", "pyarrow", "pydantic", "rich", "typer"}
    assert not names & {"pytest", "hypothesis", "mypy", "ruff", "import-linter", "build"}
    assert "syncengine = syncengine.__main__:main" in commands


BY_NAME = re.compile(r"(?<![\w./-])(?:cms[-_])?syncengine(?:$|[\s\[=<>~!'\"`])")
"""The project as it would be asked for at an index: not as a path, nor as the file of a wheel."""


def installs(text: str) -> Iterator[str]:
    """Yield what a text advises to install, as it would be typed."""
    yield from re.findall(r"\b(?:pip3?|uv pip|pipx|uv tool)\s+install\s+([^\n`]*)", text)


def test_nothing_advises_to_install_it_by_name_from_an_index() -> None:
    """No page, message or file of ours names it to pip: it is not published, and the short name is a stranger's."""
    folders = {"docs": "*.md", "syncengine": "*.py", "tests": "*.py", "benchmarks": "*.py", ".ci": "*"}
    files = [ROOT / name for name in ("README.md", "CHANGELOG.md", "Makefile", "pyproject.toml")]
    files += [path for folder, kind in folders.items() for path in (ROOT / folder).rglob(kind) if path.is_file()]
    found = [(path, advised) for path in files for advised in installs(path.read_text(encoding="utf-8"))]

    assert {path.name for path, _ in found} >= {"README.md", "pair-file.md", "first-real-pair.md", "driver_loading.py"}
    named = [(str(path.relative_to(ROOT)), advised) for path, advised in found if BY_NAME.search(advised)]
    assert not named, named


@pytest.mark.parametrize(
    ("typed", "by_name"),
    [
        ("'syncengine[postgresql]'", True),
        ("--user cms-syncengine", True),
        ("cms_syncengine==0.1.0", True),
        ("'.[postgresql]'", False),
        ("./cms_syncengine-0.1.0-py3-none-any.whl[informix]", False),
        ("/srv/syncengine", False),
    ],
)
def test_a_name_is_distinguished_from_a_path(typed: str, by_name: bool) -> None:
    """What an index would be asked for is seen, in quotes and with options too."""
    assert bool(BY_NAME.search(typed)) == by_name


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    """The command tells the version of what is installed under the name nobody else has."""
    run_for_code(["--version"])

    assert capsys.readouterr().out.split() == ["syncengine", version("cms-syncengine")]
