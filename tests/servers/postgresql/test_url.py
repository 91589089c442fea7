"""The url of a PostgreSQL server: what it may say, and that its password is seen by the driver alone."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from syncengine.model.errors import InputError
from syncengine.servers.postgresql.url import FORM, connection_string, schema_of
from tests.servers.postgresql.cluster import PASSWORD


def test_every_part_is_read() -> None:
    """User, password, host, port, database, schema and the driver's options come out decoded."""
    url = FORM.parse(
        f"postgresql://c%40ms:{quote(PASSWORD, safe='')}@db.example:6543/cm%20s?schema=ACD&sslmode=require",
        "primary.url",
    )

    assert (url.user, url.password, url.host, url.port) == ("c@ms", PASSWORD, "db.example", 6543)
    assert (url.database, schema_of(url), dict(url.options)["sslmode"]) == ("cm s", "ACD", "require")
    assert url.place == "db.example:6543"


def test_optional_parts_of_a_url() -> None:
    """Port and password have defaults: 5432, and what libpq finds in its password file."""
    url = FORM.parse("postgres://cms@[::1]/cms", "primary.url")

    assert (url.host, url.port, url.password) == ("::1", 5432, "")
    assert "password=" not in connection_string(url)


def test_a_password_that_was_not_encoded_cuts_nothing_off() -> None:
    """The last @ that a host can follow ends the password, whatever signs it has before."""
    url = FORM.parse("postgresql://cms:a@b/c?d#e:1@host/cms", "primary.url")

    assert (url.password, url.host, url.database) == ("a@b/c?d#e:1", "host", "cms")


def test_an_option_may_hold_an_at_sign() -> None:
    """What follows the last @ of a url is no host where that @ belongs to an option."""
    url = FORM.parse("postgresql://cms:p@host/cms?sslrootcert=/home/me@corp.example/root.pem", "primary.url")

    assert (url.host, url.database, url.password) == ("host", "cms", "p")
    assert dict(url.options) == {"sslrootcert": "/home/me@corp.example/root.pem"}


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("postgresql://cms:secret@/cms", "host"),
        ("postgresql://:secret@host/cms", "user"),
        ("postgresql://host/cms", "user"),
        ("postgresql://cms:secret@host", "database"),
        ("postgresql://cms:secret@host/", "database"),
        ("postgresql://cms:secret@host:port/cms", "port"),
        ("postgresql://cms:secret@host:70000/cms", "port"),
        ("postgresql://cms:secret@host/cms?sslmood=require", "'sslmood'"),
        ("postgresql://cms:secret@host/cms?password=secret", "'password'"),
        ("mysql://cms:secret@host/cms", "PostgreSQL"),
    ],
)
def test_an_invalid_url_is_refused_without_the_password(url: str, what: str) -> None:
    """A fault names its key and what is wrong, gives an example, and keeps the password to itself."""
    with pytest.raises(InputError) as error:
        FORM.parse(url, "secondary.url")

    assert str(error.value).startswith("secondary.url: ")
    assert what in error.value.message
    assert error.value.hint
    assert "secret" not in str(error.value)


def test_the_password_is_in_no_text_but_the_drivers() -> None:
    """Neither the url's repr nor its place shows it; the connection string has it, quoted."""
    url = FORM.parse(f"postgresql://cms:{quote(PASSWORD, safe='')}@host/cms?application_name=a%27b%5C", "primary.url")

    assert PASSWORD not in f"{url!r} {url} {url.place}"
    text = connection_string(url)
    assert r"password='ge:heim@/ü%41 \'\\#?'" in text
    assert r"application_name='a\'b\\'" in text
    assert "client_encoding='UTF8'" in text
