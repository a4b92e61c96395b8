#!/usr/bin/env python3
"""COVID-19 forecasts with 23 quantiles by `backtest`: the scores that scoringutils publishes, to three significant digits."""
import json

from harness import check, check_equal, main, need_shared, pilotwatch, scratch, to_events

PILOT = "covid_forecasts_scoringutils"
LEVELS = [0.01, 0.025, *[round(0.05 * i, 2) for i in range(1, 20)], 0.975, 0.99]
METRICS = {"wis": "wis", "overprediction": "wis_overprediction", "underprediction": "wis_underprediction",
           "dispersion": "wis_dispersion", "bias": "quantile_bias", "interval_coverage_50": "interval_coverage_50",
           "interval_coverage_90": "interval_coverage_90", "ae_median": "mean_absolute_error"}   # published -> ours

CONFIG = f"""
pilots:
  - name: {PILOT}
    task: quantile
    quantiles: {LEVELS}
    clock: event
    outcome_horizon: 35d            # forecasts reach four weeks ahead
    segments: {{attributes: [target], min_n: 1}}
    windows: [all]
"""


def three_digits(value):
    return float(f"{value:.3g}")


def scores_as_published():
    """8 scores of 7 pairs of model and target"""
    expected = json.loads(need_shared(f"data/{PILOT}/expected.json").read_text(encoding="utf-8"))
    with scratch() as folder:
        (folder / "pilotwatch.yml").write_text(CONFIG, encoding="utf-8")
        (folder / "all.ndjson").write_text("\n".join(to_events(PILOT)) + "\n", encoding="utf-8")
        done = pilotwatch("backtest", "--config.file", folder / "pilotwatch.yml", "--records", folder / "all.ndjson")
    check_equal(done.returncode, 0, f"exit code of backtest, stderr {done.stderr!r}")
    check("1774 accepted, 0 duplicate, 0 rejected" in done.stderr, f"backtest: {done.stderr!r}")
    figures = {}
    for figure in map(json.loads, done.stdout.splitlines()):
        if figure.get("metric") and figure["segment"] and figure["model_version"]:
            figures[f"{figure['segment']['target']}|{figure['model_version']}", figure["metric"]] = figure
    rows = expected["published_3_significant_digits"]
    for pair, row in rows.items():
        for column, published in zip(expected["columns"], row, strict=True):
            figure = figures[pair, METRICS[column]]
            check_equal(figure["state"], "ok", f"state of {column} of {pair}")
            check_equal(figure["n"], expected["forecasts"].get(pair, expected["forecasts"]["each"]), f"n of {column} of {pair}")
            check_equal(three_digits(figure["value"]), published, f"{column} of {pair}")
    check_equal(len(rows), 7, "pairs of model and target")


if __name__ == "__main__":
    need_shared(f"data/{PILOT}/expected.json")
    main(scores_as_published)
