"""Which values of the environment are masked in a text, and which are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncengine.model.mask import LONG, UNMASKED, Mask, is_telling
from tests.examples import examples


@pytest.mark.parametrize(
    ("value", "text", "masked"),
    [
        ("p@ss/w", "p@ss/w, p%40ss%2Fw, p%40ss%2fw and P@SS/W", "${A}, ${A}, ${A} and ${A}"),
        ("cms-denver", "no host cms-denver.example", "no host ${A}.example"),
        ('say "hé"\\', r'"say \"h\u00e9\"\\" and "say \"hé\"\\"', '"${A}" and "${A}"'),
        ("it's\\here", "host='it\\'s\\\\here' and 'it''s\\here'", "host='${A}' and '${A}'"),
        ("/srv/some/primary1.duckdb", "Catalog primary1 of primary1.duckdb", "Catalog ${A} of ${A}"),
        ("[fe80::17]", "no answer from fe80::17, port 1", "no answer from ${A}, port 1"),
        ("two\nlines1", "refused: two lines1", "refused: ${A}"),
    ],
)
def test_a_value_is_found_in_every_form_a_driver_writes(value: str, text: str, masked: str) -> None:
    """Encoded for a url, escaped as in JSON, SQL, Python or a connection string, with any capitals."""
    assert Mask((("A", value),)).text(text) == masked


@pytest.mark.parametrize(
    ("value", "text", "masked"),
    [
        ("1", "port 1, 10 rows, h1, 1.", "port ${A}, 10 rows, h1, ${A}."),
        ("cms", "cms, cmsadm, Cms, pre-cms/x", "${A}, cmsadm, Cms, pre-${A}/x"),
        (
            "informix",
            "an Informix server, informix+ibm_db://, user INFORMIX",
            "an Informix server, informix+ibm_db://, user ${A}",
        ),
        ("54321", "port 54321, 154321 rows", "port ${A}, 154321 rows"),
        ("pg", "write pg://HOST or pg+driver", "write pg://HOST or pg+driver"),
    ],
)
def test_a_short_or_plain_value_is_replaced_only_where_it_stands_by_itself(value: str, text: str, masked: str) -> None:
    """Inside a word or a number it is not masked, which would garble that."""
    assert not is_telling(value)
    assert Mask((("A", value),)).text(text) == masked


def test_the_longest_value_wins_and_what_is_masked_stays() -> None:
    """One that is part of another does not cut it in two, and a masked text comes out of it as it went in."""
    mask = Mask((("A_HOST", "denver"), ("B", "cms.denver.example"), ("denver", "A_HOST")))

    masked = mask.text("cms.denver.example and denver and A_HOST")

    assert masked == "${B} and ${A_HOST} and ${denver}"
    assert mask.text(masked) == masked
    assert "denver" not in repr(Mask((("A", "denver"),)))
    assert UNMASKED.text("denver") == "denver"


@examples(100)
@given(value=st.text(min_size=LONG, max_size=20).filter(is_telling), around=st.text(max_size=5))
def test_no_long_value_is_left_in_a_text(value: str, around: str) -> None:
    """Whatever signs it has."""
    masked = Mask((("A", value),)).text(f"{around}{value}{around}")

    assert value not in masked.replace("${A}", "\0")
