"""Faults with our own files, which show when the machine stops."""

from __future__ import annotations

from tests.world.planted.planted_fault import FAULTS, PlantedFault, fault

PLANTED: tuple[PlantedFault, ...] = (
    fault(
        "flush-of-a-mark-left-out",
        "staging/durable.py",
        "        _write_all(descriptor, data)\n        disk.flush(descriptor)\n",
        "        _write_all(descriptor, data)\n",
        "a mark is relied on that is not on disk yet",
        FAULTS,
    ),
    fault(
        "flush-of-a-piece-left-out",
        "staging/durable.py",
        "        file.finish()\n        disk.flush(descriptor)\n",
        "        file.finish()\n",
        "a file has its name before its rows are on disk",
        FAULTS,
    ),
    fault(
        "flush-of-a-name-left-out",
        "staging/durable.py",
        "    for folder in dict.fromkeys((to.parent, path.parent)):\n        disk.flush_folder(folder)\n",
        "",
        "a file that was written is there under its old name, or not at all",
        FAULTS,
    ),
    fault(
        "flush-of-a-folder-left-out",
        "staging/durable.py",
        "        if lasting or one != folder:\n            disk.flush_folder(one.parent)\n",
        "",
        "a folder that was made is not there",
        FAULTS,
    ),
    fault(
        "count-before-flush",
        "staging/marks.py",
        "        durable.append(descriptor, line, size=before.size)\n"
        "        # From here on the mark stays, even if counting it fails: the count may have been written all the same.\n"
        "        count = MarkCount(before.marks + 1, before.size + len(line), own)\n"
        "        write_count(count_file(file), count, _about(file))\n",
        "        count = MarkCount(before.marks + 1, before.size + len(line), own)\n"
        "        write_count(count_file(file), count, _about(file))\n"
        "        durable.append(descriptor, line, size=before.size)\n",
        "a mark is counted that is not on disk yet",
        FAULTS,
    ),
    fault(
        "archive-not-waited-for",
        "jobs/archive_wait.py",
        "            if not wait or not refusal.temporary or machine.monotonic() > deadline:\n",
        "            if True:\n",
        "a command that is to wait for the archive is refused at once",
        FAULTS,
    ),
)
