"""Rows go through in bounded memory, however many there are."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.builders import hsplit
from tests.servers.contract.kinds import as_arrow
from tests.servers.postgresql.cluster import Database
from tests.servers.postgresql.loading import create_table, load_rows

pytestmark = pytest.mark.postgresql
ROWS = 200_000
MEASURED = """
import resource, sys
from syncengine.model.bucket import BucketColumns
from syncengine.model.pair import Limits, Role
from syncengine.model.selection import ReadQuery, Selection
from syncengine.servers.postgresql.server import PostgreSQLServer

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

server = PostgreSQLServer(sys.argv[1], Role.PRIMARY, writable=True, limits=Limits())
columns = BucketColumns("row_date", "starttime", None, "acd")
small = Selection("hsplit", columns, acds=(2,))
with server.begin() as session:
    session.insert("copied", server.read(ReadQuery(small)))
before = peak()
rows = bytes_ = 0
with server.begin() as session:
    def passing():
        global rows, bytes_
        for batch in reader:
            rows += batch.num_rows
            bytes_ += batch.nbytes
            yield batch
    reader = server.read(ReadQuery(Selection("hsplit", columns, acds=(1,))))
    import pyarrow
    written = session.insert("copied", pyarrow.RecordBatchReader.from_batches(reader.schema, passing()))
print(rows, written, bytes_ // 2**20, peak() - before)
server.close()
"""


@pytest.mark.soak
def test_reading_and_writing_hold_a_few_batches(database: Database) -> None:
    """A table of a size that a machine would feel is read, with bound values, and written beside: a few batches."""
    database.run("DROP TABLE hsplit")
    create_table(database, "hsplit", whole=True)
    first, second = (as_arrow("hsplit", [hsplit(500, acd=acd)], whole=True) for acd in (1, 2))
    load_rows(database, "hsplit", first.take([0] * ROWS))
    load_rows(database, "hsplit", second.take([0] * 8192))
    database.run("CREATE TABLE copied (LIKE hsplit)")

    done = subprocess.run([sys.executable, "-c", MEASURED, database.url()], capture_output=True, text=True, check=True)

    read, written, data_mb, grown_mb = map(int, done.stdout.split())
    assert read == written == ROWS
    assert data_mb > 80
    assert grown_mb < 40
