#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the daemon costs, beside what its parts could do at best in the same run: table.py BUILD [options]

  BUILD           a build folder with pilotwatch and tests/{load,ingest_bound}, release for figures that mean anything
  --records N     predictions a run (default 1,000,000), half of them with an outcome; the chapter growth takes a fifth
  --rounds N      runs of everything (default 5); the table has the least, the middle and the greatest
  --only CHAPTER  ingest or growth; may be given more than once
  --quick         one small round

The records are those of tools/gen_events.py in the folder of published data (PILOTWATCH_SHARED): predictions of about 455
bytes, 10 features, 2 segment attributes. Every feature, the score, errors and complaints have a limit with a budget.
Prints a table; nothing here fails because a machine is slow.
"""
import argparse
import pathlib
import statistics

import growth
import ingest
import parts


def prepare(folder, records):
    singles = min(100_000, records)
    mixed = parts.generate(folder / "ingest", records)
    config_file = folder / "bound.yml"
    config_file.write_text(parts.config([parts.pilot()]), encoding="utf-8")
    with open(mixed, "rb") as lines:
        count = sum(1 for _ in lines)
    return {"config": config_file, "mixed": mixed, "single": parts.head(mixed, singles, "single.ndjson"),
            "few": parts.head(mixed, singles // 20, "few.ndjson")}, count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", choices=["ingest", "growth"])
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.records, options.rounds = 20_000, 1
    build = options.build.resolve()
    chapters = options.only or ["ingest", "growth"]
    rounds = [{} for _ in range(options.rounds)]
    with parts.scratch() as folder:
        folder = pathlib.Path(folder)
        files, count = prepare(folder, options.records) if "ingest" in chapters else ({}, 0)
        for seen in rounds:
            if "ingest" in chapters:
                seen.update(ingest.figures(build, files, count))
            if "growth" in chapters:
                seen.update(growth.figures(build, folder, max(10_000, options.records // 5)))
    print(f"{options.records} predictions and their outcomes, {options.rounds} rounds: least, median, greatest")
    for name in rounds[0]:
        values = sorted(seen[name] for seen in rounds)
        shape = "12,.0f" if values[-1] >= 1000 else "12.3g"
        print(f"{name:58}" + "".join(f"{value:{shape}}" for value in (values[0], statistics.median(values), values[-1])))


main()
