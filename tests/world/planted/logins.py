"""Faults with logins and calls that outages cut."""

from __future__ import annotations

from tests.world.planted.planted_fault import PlantedFault, fault

PLANTED: tuple[PlantedFault, ...] = (
    fault(
        "piece-beside-its-whole",
        "execute/preparation.py",
        "            if write.other_groups is not OtherGroups.REPLACE:\n"
        '                self.cache.rows(f"DELETE FROM chosen WHERE NOT is_cut AND {bucket}{only_present}", place)\n',
        "            if write.other_groups is not OtherGroups.REPLACE:\n"
        '                self.cache.rows(f"DELETE FROM chosen WHERE NOT is_cut AND {bucket}{only_present} "\n'
        '                                "AND 1 = 0", place)\n',
        "all rows of a bucket are replaced though one login of it is repaired",
    ),
    fault(
        "piece-without-its-whole",
        "planning/cuts.py",
        '        if cut.state is not CutState.WHOLE:\n            return SKIP_REASONS[cut.state], ""\n',
        "        if cut.state not in (CutState.WHOLE, CutState.ON_BOTH):\n"
        '            return SKIP_REASONS[cut.state], ""\n',
        "a login that is cut on both servers is copied",
    ),
    fault(
        "piece-deleted-without-its-whole",
        "planning/cuts.py",
        "            if why is None:\n                place = (cut.cut_on, row.bucket)\n",
        "            if why is None and role is not cut.cut_on:\n                continue\n"
        "            if why is None:\n                place = (cut.cut_on, row.bucket)\n",
        "pieces of a login are deleted, and its whole is not written where it lies in another bucket",
    ),
    fault(
        "cut-elsewhere-forgotten",
        "observe/cuts.py",
        "        elsewhere = {bucket for cut in cuts for bucket in cut.buckets if self._belongs(bucket)} - known.keys()\n",
        "        elsewhere = set[Bucket]()\n",
        "pieces of a login in other buckets stay beside the whole",
    ),
    fault(
        "logins-still-on-are-whole",
        "diffing/cut_rows.py",
        "    if whole.end is None:\n"
        "        return Cut(named.acd, blind, CutState.NOT_OVER, inside, (whole,), edges.cutting(inside))\n",
        "",
        "a login that is not over yet is judged like one that is",
    ),
    fault(
        "edges-of-outages-by-the-hour",
        "diffing/cut_rows.py",
        "        return (outage for outage in self.outages if _minute(outage.start) == _minute(moment))\n",
        "        return (outage for outage in self.outages if _minute(outage.start).hour == _minute(moment).hour)\n",
        "a login that ends in the hour of an outage counts as cut by it",
    ),
    fault(
        "flags-of-cuts-forgotten",
        "diffing/cut_rows.py",
        "        if flagged:\n            return row.begin_cut or row.end_cut\n        return any(self.ups",
        "        if flagged:\n            return row.begin_cut\n        return any(self.ups",
        "a login that was cut at its end only counts as whole",
    ),
)
