"""The settings of every new session."""

from __future__ import annotations

from typing import Any

import ibm_db_dbi

from syncengine.servers.informix.errors import driver_message, sqlcode_of

NOT_UNDERSTOOD = (-201, -809)
NO_TRANSACTIONS = (-255, -256)


def set_up(connection: Any, *, lock_seconds: int, isolation: str) -> None:
    """Set a session up for reading: unchanged values, a bounded wait for locks, no waiting for writers.

    Where the release or the database lacks the requested isolation, dirty read is used: only an
    observation reads so, and it rechecks whatever changes; a step sets its own. The connection stores which it
    is, as `isolation`.
    """
    connection.set_fix_return_type(False)
    connection.isolation = isolation
    cursor = connection.cursor()
    try:
        cursor.execute(f"SET LOCK MODE TO WAIT {int(lock_seconds)}")
        try:
            cursor.execute(f"SET ISOLATION TO {isolation}")
        except ibm_db_dbi.Error as error:
            if sqlcode_of(driver_message(error)) not in (*NOT_UNDERSTOOD, *NO_TRANSACTIONS):
                raise
            connection.isolation = "DIRTY READ"
            cursor.execute(f"SET ISOLATION TO {connection.isolation}")
    finally:
        cursor.close()
