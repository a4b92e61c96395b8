#!/usr/bin/env python3
"""California housing by `backtest`: monthly KS of each feature against a frozen reference, as NannyML published it, and
the ROC AUC that came out in each month, and the one that CBPE expected before, where NannyML published it."""
import json

from harness import check, check_equal, main, need_shared, pilotwatch, scratch, to_events

PILOT = "nannyml_california"
FEATURES = ("MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude")

CONFIG = f"""
pilots:
  - name: {PILOT}
    task: binary
    clock: event
    features:
{''.join(f'      - {{name: {f}, kind: numeric}}{chr(10)}' for f in FEATURES)}
    reference: {{file: reference.ndjson}}
    windows: [month]
"""


def six_digits(value):
    return float(f"{value:.6g}")


def prepare(folder, labelled=True):
    """Configuration, reference and records of the set."""
    (folder / "pilotwatch.yml").write_text(CONFIG, encoding="utf-8")
    reference = to_events(PILOT, "--part", "reference", "--pilot", PILOT)
    (folder / "reference.ndjson").write_text("\n".join(reference) + "\n", encoding="utf-8")
    lines = [line for line in to_events(PILOT, "--part", "all", "--pilot", PILOT) if labelled or '"type":"prediction"' in line]
    (folder / "all.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")


def figures(folder, labelled=True):
    """All figures that backtest prints, of the whole stream or without its outcomes."""
    prepare(folder, labelled)
    done = pilotwatch("backtest", "--config.file", folder / "pilotwatch.yml", "--records", folder / "all.ndjson")
    check_equal(done.returncode, 0, f"exit code of backtest, stderr {done.stderr!r}")
    return [figure for figure in map(json.loads, done.stdout.splitlines())
            if figure.get("metric") and figure["model_version"] is None]


def monthly_ks(folder):
    """{feature: [value of each month]}"""
    values = {feature: [] for feature in FEATURES}
    for figure in figures(folder):
        if figure["metric"] == "ks" and figure["feature"] in values:
            check_equal((figure["formula"], figure["state"]), ("ks-exact/v1", "ok"), f"formula and state of {figure}")
            values[figure["feature"]].append((figure["window"]["start"], figure["n"], figure["value"]))
    return values


def means_as_published():
    """the mean over all 20 months to six significant digits, for 8 features"""
    expected = json.loads(need_shared("data/nannyml_california/expected.json").read_text(encoding="utf-8"))
    means = expected["ks_mean_over_all_20_chunks_vs_reference"]
    with scratch() as folder:
        for feature, rows in monthly_ks(folder).items():
            check_equal([n for _, n, _ in rows], expected["chunk_sizes"], f"cases a month of {feature}")
            mean = sum(value for _, _, value in rows) / len(rows)
            check_equal(six_digits(mean), means[feature], f"mean KS of {feature}")


def auc_by_month():
    """realised ROC AUC of all 20 months, to four digits, inside its interval"""
    expected = json.loads(need_shared("data/nannyml_california/expected.json").read_text(encoding="utf-8"))
    with scratch() as folder:
        rows = [f for f in figures(folder) if f["metric"] == "roc_auc"]
    got = {f["window"]["start"][:7]: round(f["value"], 4) for f in rows}
    check_equal(got, expected["recomputed_realized_roc_auc_by_month_OURS"], "ROC AUC by month")
    for f in rows:
        check_equal((f["formula"], f["state"]), ("delong/v1", "ok"), f"formula and state of {f}")
        check(f["lower"] < f["value"] < f["upper"], f"interval of {f}")


def cbpe_as_published():
    """ROC AUC expected without outcomes, of the two months in NannyML's notebook; outcomes change nothing of it"""
    expected = json.loads(need_shared("data/nannyml_california/expected.json").read_text(encoding="utf-8"))
    with scratch() as folder:
        rows = {f["window"]["start"][:7]: f for f in figures(folder) if f["metric"] == "estimated_roc_auc"}
        blind = {f["window"]["start"][:7]: f for f in figures(folder, labelled=False) if f["metric"] == "estimated_roc_auc"}
    check_equal(rows, blind, "estimates with and without outcomes")
    check_equal(len(rows), 20, "months with an estimate")
    for month, published in expected["published_cbpe_roc_auc"].items():
        f = rows[month]
        check_equal((f["formula"], f["state"]), ("cbpe-roc-auc/v1", "ok"), f"formula and state of {f}")
        check(abs(f["value"] - published) <= expected["cbpe_tolerance"], f"CBPE of {month}: {f['value']}, published {published}")
        check(f["lower"] < f["value"] < f["upper"], f"interval of {f}")


CHUNKS = FEATURES + ("id",)


def alerts_of_reference_chunks():
    """months beyond mean + 3 sd (ddof 0) of the reference's 8 months, as NannyML counts them; `id`, whose bound is capped at 1, never is

    The bound stands in every transition, also in the first one to ok; a month is beyond where the value of its window line is above it."""
    expected = json.loads(need_shared("data/nannyml_california/expected.json").read_text(encoding="utf-8"))
    features = "".join(f"      - {{name: {f}, kind: numeric}}\n" for f in CHUNKS)
    limits = "".join(f"      - {{name: {f}, metric: ks, feature: {f}, window: month, evidence: reference_chunks}}\n" for f in CHUNKS)
    config = (f"pilots:\n  - name: {PILOT}\n    task: binary\n    reference: {{file: reference.ndjson}}\n    windows: [month]\n"
              f"    features:\n{features}    limits:\n{limits}")

    def lines(part, keep):
        events = [json.loads(line) for line in to_events(PILOT, "--part", part, "--pilot", PILOT)]
        for event in events:
            event.setdefault("features", {})["id"] = float(event["id"])
        return "".join(json.dumps(event) + "\n" for event in events if event["type"] == keep)

    with scratch() as folder:
        (folder / "pilotwatch.yml").write_text(config, encoding="utf-8")
        (folder / "reference.ndjson").write_text(lines("reference", "prediction"), encoding="utf-8")
        (folder / "analysis.ndjson").write_text(lines("analysis", "prediction"), encoding="utf-8")
        done = pilotwatch("backtest", "--config.file", folder / "pilotwatch.yml", "--records", folder / "analysis.ndjson")
        check_equal(done.returncode, 0, f"exit code of backtest, stderr {done.stderr!r}")
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    bounds, breaches = {}, dict.fromkeys(CHUNKS, 0)
    for line in printed:
        if "transition" not in line:
            continue
        moved = line["transition"]
        bounds.setdefault(moved["limit"], moved["reference_chunks"])
        check_equal(bounds[moved["limit"]], moved["reference_chunks"], f"bound of {moved}")
        breaches[moved["limit"]] += moved["to"] == "breach"
    for feature in CHUNKS:
        bound = bounds[feature]
        check_equal((bound["chunks"], bound["lower"], bound["guarantee"]), (8, None, "none"), f"bound of {feature}")
        check_equal(bound["upper"], min(bound["mean"] + 3 * bound["sd"], 1), f"upper bound of {feature}")
        values = [line["value"] for line in printed if line.get("metric") == "ks" and line["feature"] == feature and line["model_version"] is None]
        check_equal(len(values), 12, f"months of {feature}")
        beyond = [value > bound["upper"] for value in values]
        check_equal(sum(beyond), expected["alerts"][feature], f"months beyond the bound of {feature}")
        starts = sum(now and not before for before, now in zip([False] + beyond, beyond))
        check_equal(breaches[feature], starts, f"breaches of {feature}: one for each run of months beyond")
    check_equal(bounds["id"]["upper"], 1, "bound of id")


if __name__ == "__main__":
    need_shared("data/nannyml_california/expected.json")
    main(means_as_published, auc_by_month, cbpe_as_published, alerts_of_reference_chunks)
