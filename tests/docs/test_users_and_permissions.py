"""What the page about users and permissions says of tables, held against the table specs."""

from __future__ import annotations

from syncengine.model.spec import DataClass, Kept
from tests.builders import catalogue
from tests.docs.pages import DOCS, section, shown

PAGE = DOCS / "how-to" / "users-and-permissions.md"
GUIDE = (
    *("user data", "feature access", "ACD access", "split/skill access", "trunk group access", "vector access"),
    *("VDN access", "main menu addition access"),
)
"""The user permissions of the guide's chapter 2."""


def told() -> dict[str, tuple[str, str]]:
    """Return, by table, what the page calls it and what it says becomes of it; "the same" is what stands above."""
    found: dict[str, tuple[str, str]] = {}
    says = ""
    for line in section(PAGE, "What is data").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and cells[1].startswith("`"):
            says = says if cells[2] == "the same" else cells[2]
            found |= {name.strip("` "): (cells[0], says) for name in cells[1].split(",")}
    return found


def test_every_permission_of_the_guide_is_on_the_page() -> None:
    """Each user permission that the guide's chapter 2 lists has its line."""
    text = section(PAGE, "What is data")

    assert [name for name in GUIDE if f"| {name} |" not in text] == []


def test_the_tables_of_the_page_are_those_of_the_set() -> None:
    """The page names every table that the set `users` takes, and no other."""
    assert set(told()) == set(catalogue().set("users").tables), shown(PAGE)


def test_what_is_copied_and_what_is_left_is_as_the_specs_have_it() -> None:
    """Where the page says copied the spec says so; where it says left, nothing but --include-manual writes it."""
    for table, (_, says) in told().items():
        spec = catalogue().table(table)
        if "copied" in says:
            assert (spec.kept, spec.data_class) == (Kept.COPYING, DataClass.SYSTEM), table
        else:
            assert "left, until `--include-manual`" in says
            assert spec.kept in (Kept.BY_HAND, Kept.BY_SWITCH), table
            assert spec.data_class is DataClass.ACD, table


def test_what_is_taken_out_with_a_user_is_as_the_specs_have_it() -> None:
    """The page names every table whose rows go with --remove-users."""
    removed = {spec.name for spec in catalogue().tables if spec.removed_when_told}
    text = section(PAGE, "Remove")

    assert {name for name in told() if f"`{name}`" in text} == removed
