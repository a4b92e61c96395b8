#!/usr/bin/env python3
"""A century of football forecasts by `backtest`: the Brier score over all games as recomputed from the published table."""
import json

from harness import check_equal, main, need_shared, pilotwatch, scratch, to_events

PILOT = "nfl_elo_538"
CONFIG = f"""
pilots:
  - name: {PILOT}
    task: binary
    clock: event
    windows: [all]
"""


def brier_as_recomputed():
    """Brier 0.211705 over 16,494 games, to six digits"""
    expected = json.loads(need_shared("data/nfl_elo_538/expected.json").read_text(encoding="utf-8"))
    with scratch() as folder:
        (folder / "pilotwatch.yml").write_text(CONFIG, encoding="utf-8")
        (folder / "all.ndjson").write_text("\n".join(to_events(PILOT)) + "\n", encoding="utf-8")
        done = pilotwatch("backtest", "--config.file", folder / "pilotwatch.yml", "--records", folder / "all.ndjson")
    check_equal(done.returncode, 0, f"exit code of backtest, stderr {done.stderr!r}")
    figures = {figure["metric"]: figure for figure in map(json.loads, done.stdout.splitlines())
               if figure.get("metric") and figure["model_version"] is None}
    brier = figures["brier"]
    check_equal((brier["formula"], brier["state"], brier["n"]), ("brier/v1", "ok", expected["games_scored"]), "Brier score")
    check_equal(round(brier["value"], 6), expected["brier_recomputed_OURS"], "Brier score")


if __name__ == "__main__":
    need_shared("data/nfl_elo_538/expected.json")
    main(brier_as_recomputed)
