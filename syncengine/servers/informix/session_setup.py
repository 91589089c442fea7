"""What every new session is told first."""

from __future__ import annotations

from typing import Any

import ibm_db_dbi

from syncengine.servers.informix.errors import driver_message, sqlcode_of

NOT_UNDERSTOOD = (-201, -809)
NO_TRANSACTIONS = (-255, -256)


def set_up(connection: Any, *, lock_seconds: int, isolation: str) -> None:
    """Set a session up for reading: values as they are, a bounded wait for locks, no waiting for writers.

    Where the release or the database does not have the isolation asked for, dirty read is taken: only an
    observation reads so, and it looks twice at whatever changes; a step sets its own. The connection remembers which it
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
