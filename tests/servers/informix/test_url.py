"""Urls of Informix servers."""

from __future__ import annotations

import pytest

from syncengine.model.errors import InputError
from syncengine.servers.informix.url import connection_string, driver_keywords, parse_url

URL = "informix+ibm_db://sync:p%40ss%2F1@cms-denver:9090/cms?security=ssl&ssl_server_certificate=/etc/cms.pem"


def test_a_url_says_where_and_how() -> None:
    """Host, port, database, login and options are read, percent-encoded signs decoded."""
    found = parse_url(URL, "primary.url")

    assert (found.host, found.port, found.database, found.user) == ("cms-denver", 9090, "cms", "sync")
    assert found.password == "p@ss/1"  # noqa: S105  # the one in the url above
    keywords = driver_keywords(found, connect_seconds=5, receive_seconds=0)
    assert keywords["SECURITY"] == "ssl"
    assert keywords["SSLServerCertificate"] == "/etc/cms.pem"
    assert keywords["AUTHENTICATION"] == "SERVER"


def test_a_port_may_be_left_out() -> None:
    """Without a port the usual one of a DRDA alias is taken."""
    assert parse_url("informix://sync:x@cms-denver/cms", "primary.url").port == 9089


def test_the_password_is_in_no_text_of_it() -> None:
    """Neither its representation nor the keywords hold the password; only the connection string does."""
    found = parse_url(URL, "primary.url")
    keywords = driver_keywords(found, connect_seconds=5, receive_seconds=0)

    assert "p@ss" not in repr(found)
    assert "p@ss" not in repr(keywords)
    assert connection_string(keywords, found.user, found.password).endswith("UID=sync;PWD=p@ss/1;")


def test_an_option_may_hold_an_at_sign() -> None:
    """What follows the last @ of a url is no host where that @ belongs to an option."""
    found = parse_url(
        "informix://sync:p@cms-denver:9089/cms?ssl_server_certificate=/home/me@corp.example/cms.pem", "url"
    )

    assert (found.host, found.port, found.database, found.password) == ("cms-denver", 9089, "cms", "p")
    assert dict(found.options) == {"ssl_server_certificate": "/home/me@corp.example/cms.pem"}


@pytest.mark.parametrize("rest", ["cms-denver:9089/cms@onserver", "cms-denver/cms?colour=me@red.example/cms"])
def test_a_password_whose_end_is_not_clear_is_refused(rest: str) -> None:
    """No part of a password, nor of what follows the host, is taken for a host to log in to."""
    with pytest.raises(InputError) as error:
        parse_url(f"informix://sync:secret@{rest}", "primary.url")

    assert error.value.message == "primary.url: it is not clear where the password ends."
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("informix+ibm_db://sync@/cms", "host"),
        ("informix+ibm_db://cms-denver/cms", "user"),
        ("informix+ibm_db://sync@cms-denver", "database"),
        ("informix+ibm_db://sync@cms-denver:port/cms", "port"),
        ("informix+ibm_db://sync@cms-denver/cms?colour=red", "'colour'"),
        ("informix+ibm_db://sync:a%3Bb@cms-denver/cms", "password"),
        ("informix+ibm_db://sync@cms-denver/cms%3BUID=x", "database"),
    ],
)
def test_an_invalid_url_is_reported(url: str, says: str) -> None:
    """A url that lacks something, or holds what would end a keyword early, is one sentence with what to type."""
    with pytest.raises(InputError) as error:
        parse_url(url, "primary.url")

    assert error.value.message.startswith("primary.url: ")
    assert says in error.value.message
    assert error.value.hint
    assert "a;b" not in str(error.value)
