#!/usr/bin/env python3
"""The examples of the R package yardstick by `backtest`, to the three digits that its manual prints."""
import json

from harness import check_equal, main, need_shared, pilotwatch, scratch, to_events

NAME = "yardstick"
TWO_CLASSES = """
pilots:
  - name: yardstick
    task: binary
    clock: event
    windows: [all]
"""


FOUR_CLASSES = """
pilots:
  - name: yardstick
    task: multiclass
    classes: [VF, F, M, L]
    clock: event
    scores: {by_class: keep}
    segments: {attributes: [fold], min_n: 1}
    windows: [all]
"""


def published(part):
    return json.loads(need_shared("data/yardstick/expected.json").read_text(encoding="utf-8"))[part]


def figures(config, part):
    """All figures that backtest prints of a part of the set."""
    with scratch() as folder:
        (folder / "pilotwatch.yml").write_text(config, encoding="utf-8")
        lines = to_events(NAME, "--part", part, "--pilot", NAME)
        (folder / "all.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
        done = pilotwatch("backtest", "--config.file", folder / "pilotwatch.yml", "--records", folder / "all.ndjson")
    check_equal(done.returncode, 0, f"exit code of backtest, stderr {done.stderr!r}")
    return [figure for figure in map(json.loads, done.stdout.splitlines()) if figure.get("metric")]


def two_classes():
    """accuracy, kappa and ROC AUC of two_class_example; the counts behind precision and recall"""
    expected = published("two_class_example")
    by_metric = {f["metric"]: f for f in figures(TWO_CLASSES, "two_class_example") if f["model_version"] is None}
    for metric, theirs in {"accuracy": "accuracy", "cohen_kappa": "kappa", "roc_auc": "roc_auc"}.items():
        check_equal(by_metric[metric]["state"], "ok", f"state of {metric}")
        check_equal(round(by_metric[metric]["value"], 3), expected[theirs], metric)
    c = expected["confusion_ours"]
    check_equal(by_metric["precision"]["value"], c["tp"] / (c["tp"] + c["fp"]), "precision")
    check_equal(by_metric["recall"]["value"], c["tp"] / (c["tp"] + c["fn"]), "recall")


def four_classes():
    """macro and micro precision of hpc_cv over all folds; Hand and Till's AUC of each of the ten"""
    expected = published("hpc_cv")
    rows = [f for f in figures(FOUR_CLASSES, "hpc_cv") if f["model_version"] is None]
    whole = {f["metric"]: f for f in rows if f["segment"] is None}
    check_equal(round(whole["macro_precision"]["value"], 3), expected["precision_macro"], "macro precision")
    check_equal(round(whole["accuracy"]["value"], 3), expected["precision_micro"], "micro precision: the accuracy")
    check_equal(round(whole["micro_f1"]["value"], 3), expected["precision_micro"], "micro F1: the same")
    by_fold = {f["segment"]["fold"]: f for f in rows if f["segment"] and f["metric"] == "roc_auc_hand_till"}
    for fold, value in zip(sorted(by_fold), expected["roc_auc_hand_till_by_fold"], strict=True):
        figure = by_fold[fold]
        check_equal(figure["formula"], "roc-auc-hand-till/v1", f"formula of {fold}")   # no bracket: 346 scores a fold
        check_equal(round(figure["value"], 3), value, f"ROC AUC of {fold}")


if __name__ == "__main__":
    need_shared("data/yardstick/expected.json")
    main(two_classes, four_classes)
