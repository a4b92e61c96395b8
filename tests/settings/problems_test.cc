// SPDX-License-Identifier: Apache-2.0
// What the user reads, word for word. Run by hand: pilotwatch check config --config.file=FILE.
#include "settings/support.h"

using namespace pilotwatch::settings;
using namespace pilotwatch::settings::testing;

namespace {

/// As the reader lists them.
std::string all_metrics() {
  std::string out;
  for (const auto* name : metric_names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

}  // namespace

TEST_CASE("problems: all of a file at once, in the order of lines, each with its place") {
  CHECK(problems(R"yml(evaluation: {intervall: 15s}
storage: {checkpoint_interval: 0s, retention: 0d, max_bytes: 1MB}
ingest:
  max_body_bytes: 64 MB
  max_queue_requests: -1
  max_queue_requests: 5
notify:
  alertmanagers:
    - {url: "am:9093"}
    - {url: http://am:9093/api/v2/alerts}
    - {name: x}
  external_labels: {pilot: x, 1a: y, __b: z}
  timeout: soon
sources:
  - {name: http, file: a.ndjson, poll_interval: 0s}
pilots:
  - name: fraud
    task: binary
    clas: [a, b]
    threshold: 1.5
    time_zone: Europe/Amsterdm
    lateness:
    windows: [day, day, wek]
    tolerance: {absolute: 1}
    features:
      - {name: income, kind: number}
      - {name: score, kind: numeric}
    limits: {name: x}
  - name: fraud
    task: binry
  - name: two words
    task: multiclass
    positive: a
  - just text
)yml") ==
        R"txt(p.yml:1:14: evaluation.intervall: unknown key; did you mean 'interval'? known: interval
p.yml:2:32: storage.checkpoint_interval: must be a duration longer than 0s and of at most 1000y, got '0s'
p.yml:2:47: storage.retention: must be a duration longer than 0s and of at most 1000y, got '0d'
p.yml:2:62: storage.max_bytes: must be a number of bytes >= 16777216, or a size such as 64MB, got '1MB'
p.yml:4:19: ingest.max_body_bytes: must be a number of bytes from 1 to 4000000000, or a size such as 64MB, got '64 MB'
p.yml:5:23: ingest.max_queue_requests: must be a whole number >= 1, got '-1'
p.yml:6:3: ingest.max_queue_requests: given twice; the first is in line 5
p.yml:9:13: notify.alertmanagers[0].url: must be http://host:port or https://host:port, with a path prefix if there is one, got 'am:9093'
p.yml:10:13: notify.alertmanagers[1].url: leave /api/v2/alerts out; it is added
p.yml:11:7: notify.alertmanagers[2].url: is required
p.yml:12:21: notify.external_labels.pilot: alerts have a label of this name already
p.yml:12:31: notify.external_labels.1a: a label's name is letters (a-z, A-Z), digits and _, without a digit or __ in front
p.yml:12:38: notify.external_labels.__b: a label's name is letters (a-z, A-Z), digits and _, without a digit or __ in front
p.yml:13:12: notify.timeout: must be a duration such as 30s, 1h30m or 7d, got 'soon'
p.yml:15:12: sources[0].name: 'http' is the name of what comes by HTTP
p.yml:15:49: sources[0].poll_interval: must be a duration longer than 0s and of at most 1000y, got '0s'
p.yml:19:5: pilots[0].clas: unknown key; known: name, description, owner, model, preset, task, classes, positive, threshold, output, burden, review_min_time, tolerance, quantiles, time_zone, clock, lateness, outcome_horizon, accept, unknown_fields, features, segments, reference, scores, bounds, complaints, outcomes_known, windows, guarantee, limits
p.yml:20:16: pilots[0].threshold: must be a number from 0 to 1, got '1.5'
p.yml:21:16: pilots[0].time_zone: unknown time zone 'Europe/Amsterdm'; write for example Europe/Amsterdam or UTC
p.yml:22:5: pilots[0].lateness: has no value; leave the key out for its default
p.yml:23:20: pilots[0].windows[1]: day is given twice
p.yml:23:25: pilots[0].windows[2]: must be hour, day, week, month, all, {days: N} or {count: N}, got 'wek'
p.yml:24:5: pilots[0].tolerance: is only for task regression or quantile
p.yml:26:30: pilots[0].features[0].kind: must be one of numeric, categorical, got 'number'
p.yml:27:16: pilots[0].features[1].name: 'score' is the name of the prediction's score; choose another
p.yml:28:13: pilots[0].limits: must be a list, got a map
p.yml:29:11: pilots[1].name: 'fraud' is given twice; the first is in line 17
p.yml:30:11: pilots[1].task: must be one of binary, multiclass, regression, generative, quantile, got 'binry'; did you mean 'binary'?
p.yml:31:5: pilots[2].classes: is required
p.yml:31:11: pilots[2].name: must be a name of 1 to 64 letters (a-z, A-Z), digits and _ . : -, got 'two words'
p.yml:33:5: pilots[2].positive: is only for task binary
p.yml:34:5: pilots[3]: must be a map of keys and values, got 'just text'
)txt");
}

TEST_CASE("problems: what a limit says must fit its pilot") {
  CHECK(problems(R"yml(pilots:
  - name: fraud
    task: binary
    classes: [0, 1, 1.0]
    positive: 2
    features: [{name: income, kind: numeric}, {name: channel, kind: categorical}]
    segments: {attributes: [race]}
    reference: {bins: 10}
    windows: [week, {count: 1000}]
    limits:
      - {name: a, metric: error_rat, window: week, max: 1}
      - {name: a, metric: error_rate, window: day, max: 10, min: 1}
      - {name: b, metric: mean_error, window: {count: 100}}
      - {name: c, metric: psi, window: week, max: 0.2}
      - {name: d, metric: ks, window: week, max: 0.2, feature: chanel, evidence: interval}
      - {name: e, metric: ks, window: week, max: 0.2, feature: channel, segment: race}
      - {name: f, metric: volume, window: week, min: -5, feature: income, segment: rase, fro: 5m}
      - {name: g, metric: coverage, window: week, min: 0.5, runbook_url: "javascript:alert(1)", severity: Critical, for: 5}
)yml") ==
        R"txt(p.yml:4:14: pilots[0].classes: a binary task has exactly two classes
p.yml:4:21: pilots[0].classes[2]: '1' is given twice; the first is in line 4
p.yml:5:15: pilots[0].positive: '2' is not one of the classes; configured: 0, 1, 1
p.yml:8:16: pilots[0].reference: needs one of file, first, from and to, previous_version
p.yml:11:27: pilots[0].limits[0].metric: must be one of )txt" +
            all_metrics() + R"txt(, got 'error_rat'; did you mean 'error_rate'?
p.yml:12:16: pilots[0].limits[1].name: 'a' is given twice; the first is in line 11
p.yml:12:47: pilots[0].limits[1].window: day is not one of the pilot's windows; configured: week, {count: 1000}
p.yml:12:57: pilots[0].limits[1].max: must be a share from 0 to 1 (10 % is 0.1), got '10'
p.yml:12:61: pilots[0].limits[1].min: give either max or min, not both
p.yml:13:9: pilots[0].limits[2]: needs either max or min
p.yml:13:27: pilots[0].limits[2].metric: mean_error is only for task regression
p.yml:13:47: pilots[0].limits[2].window: {count: 100} is not one of the pilot's windows; configured: week, {count: 1000}
p.yml:14:9: pilots[0].limits[3]: psi needs a feature (a configured one, or score)
p.yml:15:64: pilots[0].limits[4].feature: 'chanel' is not a feature; did you mean 'channel'? configured: income, channel, score
p.yml:15:82: pilots[0].limits[4].evidence: ks has no interval; write point or leave the key out
p.yml:16:64: pilots[0].limits[5].feature: ks compares numbers and 'channel' is categorical; use psi
p.yml:16:73: pilots[0].limits[5].segment: drift is kept for the whole pilot only
p.yml:17:54: pilots[0].limits[6].min: must be a number >= 0, got '-5'
p.yml:17:58: pilots[0].limits[6].feature: is only for drift (psi, ks, drift, ...)
p.yml:17:84: pilots[0].limits[6].segment: 'rase' is not an attribute of segments; did you mean 'race'? configured: race
p.yml:17:90: pilots[0].limits[6].fro: unknown key; known: name, metric, window, compare, max, min, evidence, feature, segment, min_n, for, keep_firing_for, times, of, share, block, design_effect, range, alpha, direction, sd, ddof, compare_with, chunks, severity, alertname, owner, reason, source, action, runbook_url, off
p.yml:18:74: pilots[0].limits[7].runbook_url: must be a URL that starts with https:// or http://, got 'javascript:alert(1)'
p.yml:18:107: pilots[0].limits[7].severity: must be one of info, warning, critical, got 'Critical'; did you mean 'critical'?
p.yml:18:122: pilots[0].limits[7].for: must be a duration such as 30s, 1h30m or 7d, got '5'
)txt");
}

TEST_CASE("problems: what a limit with a budget needs, and what only it may say") {
  CHECK(problems(R"yml(pilots:
  - name: fraud
    task: binary
    features: [{name: income, kind: numeric}]
    reference: {first: 500}
    guarantee: {false_alarm_probability: 0, over: {decision: 5}, shares: {outcome: 0.9, drift: 0.3}}
    limits:
      - {name: a, metric: error_rate, window: day, max: 0.1, evidence: interval, share: 0.5}
      - {name: b, metric: error_rate, window: day, min: 0.1, evidence: budget, share: 0.7}
      - {name: c, metric: error_rate, window: day, max: 1, evidence: budget, range: 5}
      - {name: d, metric: psi, window: day, max: 0.2, feature: income, evidence: budget}
      - {name: e, metric: drift, window: day, max: 0.2, feature: income}
      - {name: f, metric: drift, window: day, feature: income, evidence: point, block: 0}
      - {name: g, metric: coverage, window: day, max: 0.9, evidence: budget, share: 0.5, design_effect: 0.5}
)yml") ==
        R"txt(p.yml:2:5: pilots[0]: the shares of its limits sum to more than 1
p.yml:6:42: pilots[0].guarantee.false_alarm_probability: must be a number from 1e-09 to 1, got '0'
p.yml:6:51: pilots[0].guarantee.over.decisions: is required
p.yml:6:52: pilots[0].guarantee.over.decision: unknown key; did you mean 'decisions'? known: decisions
p.yml:6:74: pilots[0].guarantee.shares: sum to more than 1
p.yml:8:82: pilots[0].limits[0].share: is only for evidence: budget
p.yml:9:9: pilots[0].limits[1]: a budget on error_rate takes max, not min
p.yml:10:9: pilots[0].limits[2]: a budget needs a limit between 0 and 1, both excluded
p.yml:10:78: pilots[0].limits[2].range: is only for a mean of numbers
p.yml:11:82: pilots[0].limits[3].evidence: psi has no form whose false alarms can be budgeted; write point
p.yml:12:47: pilots[0].limits[4].max: drift asks whether anything has changed at all; it takes no bound
p.yml:13:74: pilots[0].limits[5].evidence: drift is only judged by budget
p.yml:13:81: pilots[0].limits[5].block: is only for evidence: budget
p.yml:14:9: pilots[0].limits[6]: a budget on coverage takes min, not max
p.yml:14:105: pilots[0].limits[6].design_effect: must be a number from 1 to 50, got '0.5'
)txt");
}

TEST_CASE("problems: a limit with a budget that could never speak") {
  const auto of_limits = [](const std::string& guarantee, const std::string& limits) {
    return problems("pilots:\n  - name: fraud\n    task: binary\n    guarantee: {" + guarantee + "}\n    limits:\n" +
                    limits);
  };
  const std::string errors = "      - {name: a, metric: error_rate, window: day, max: 0.1, evidence: budget}\n";
  const std::string all =
      "      - {name: b, metric: failure_rate, window: day, max: 0.1, evidence: budget, share: 1}\n";
  CHECK(of_limits("", errors).empty());
  CHECK(of_limits("", errors + all) ==
        "p.yml:2:5: pilots[0]: limit 'a' has no part of the budget: the shares of the others sum to 1\n");
  CHECK(of_limits("shares: {outcome: 0}", errors) ==
        "p.yml:2:5: pilots[0]: limit 'a' has no part of the budget: the share of its family outcome is 0\n");
  // Written in decimals, they need not sum to 1 to the last bit.
  CHECK(of_limits("shares: {outcome: 0.6, fairness: 0.1, drift: 0.2, quality: 0.1000000005}", errors).empty());
  // What would be rounded to an end of the scale.
  for (const char* bound :
       {"metric: coverage, min: 1.0e-17", "metric: selection_rate, min: 1.0e-17", "metric: f1, min: 0.9999999999",
        "metric: complaints_per_1000, max: 1.0e-322", "metric: mean_absolute_error, max: 1.0e-300, range: 1.0e+300"}) {
    CAPTURE(bound);
    const auto said = of_limits("", "      - {name: a, window: day, evidence: budget, " + std::string(bound) + "}\n");
    CHECK(said.find("a budget needs a limit between 0 and") != std::string::npos);
  }
  CHECK(of_limits("",
                  "      - {name: a, metric: failure_rate, window: day, max: 0.1, evidence: budget, share: 1.0e-320}\n")
            .find("at least 1e-9") != std::string::npos);
}

TEST_CASE("problems: times and of stand together, and not on a budget") {
  const std::string limit = "name: l, metric: error_rate, window: day, max: 0.1, ";
  CHECK(limit_problems("binary", limit + "times: 2, of: 3") == "");
  CHECK(limit_problems("binary", limit + "times: 2") == "limits[0].times: needs of beside it (times: 2, of: 3)");
  CHECK(limit_problems("binary", limit + "of: 3") == "limits[0].of: needs times beside it (times: 2, of: 3)");
  CHECK(limit_problems("binary", limit + "times: 4, of: 3") == "limits[0].times: must be at most of, 3");
  CHECK(limit_problems("binary", limit + "times: 0, of: 65")
            .find("limits[0].times: must be a whole number from 1 to 64") == 0);
  CHECK(
      limit_problems("binary", limit + "times: 1, of: 65").find("limits[0].of: must be a whole number from 1 to 64") ==
      0);
  CHECK(limit_problems("binary", limit + "evidence: budget, times: 2, of: 3")
            .find("limits[0].times: is not for evidence: budget") == 0);
}

TEST_CASE("problems: reference_chunks takes no bound, needs chunks, and keeps its keys to itself") {
  const auto found = [](const std::string& rest, const std::string& pilot = "reference: {file: r.ndjson}, ") {
    const auto all = problems("pilots: [{name: p, task: binary, " + pilot +
                              "features: [{name: x, kind: numeric}], limits: [{name: l, " + rest + "}]}]\n");
    const auto at = all.find("limits[0]");
    return at == std::string::npos ? all : all.substr(at, all.find('\n', at) - at);
  };
  const std::string ks = "metric: ks, feature: x, window: day, evidence: reference_chunks";
  const std::string rate = "metric: error_rate, window: day, evidence: reference_chunks";
  CHECK(found(ks) == "");
  CHECK(found(ks + ", direction: both, sd: 2.5, compare_with: other_chunks, ddof: 0") == "");
  CHECK(found(rate + ", chunks: 8", "") == "");
  CHECK(found(rate, "") ==
        "limits[0]: evidence: reference_chunks needs a reference file, or chunks: N (its first N windows)");
  CHECK(found(ks + ", max: 0.1") ==
        "limits[0].max: reference_chunks takes its bound from the reference; write direction instead");
  CHECK(found("metric: ks, feature: x, window: all, evidence: reference_chunks") ==
        "limits[0]: evidence: reference_chunks needs windows that follow each other; all is one");
  CHECK(found(ks + ", chunks: 8, compare_with: other_chunks") ==
        "limits[0].compare_with: other_chunks is for distances and the chunks of a reference file");
  CHECK(found(rate + ", compare_with: other_chunks") ==
        "limits[0].compare_with: other_chunks is for distances and the chunks of a reference file");
  CHECK(found("metric: error_rate, window: day, max: 0.1, sd: 3") ==
        "limits[0].sd: is only for evidence: reference_chunks");
  CHECK(found("metric: error_rate, window: day, max: 0.1, direction: above") ==
        "limits[0].direction: is only for evidence: reference_chunks");
  CHECK(found(ks + ", ddof: 2").find("limits[0].ddof: must be a whole number from 0 to 1") == 0);
  CHECK(found("metric: drift, feature: x, window: day, evidence: reference_chunks") ==
        "limits[0].evidence: drift is only judged by budget");
}

TEST_CASE("problems: a file without pilots says what it needs") {
  CHECK(problems("") == "p.yml:1:1: the file is empty; it needs at least the key pilots\n");
  CHECK(problems("# nothing\n") == "p.yml:1:1: the file is empty; it needs at least the key pilots\n");
  CHECK(problems("storage: {}\n") == "p.yml:1:1: pilots: is required\n");
  CHECK(problems("pilots: []\n") == "p.yml:1:9: pilots: needs at least one pilot\n");
  CHECK(problems("pilots:\n") == "p.yml:1:1: pilots: has no value; leave the key out for its default\n");
  CHECK(problems("[1, 2]\n") == "p.yml:1:1: must be a map of keys and values, got a list\n");
}

TEST_CASE("problems: YAML that cannot be read is one problem with its place") {
  CHECK(problems("pilots:\n- {name: p, task: binary\n") == "p.yml:3:1: not valid YAML: end of map flow not found\n");
  CHECK(problems("a: b\n c: d\n") == "p.yml:2:3: not valid YAML: illegal map value\n");
  CHECK(problems("pilots: [{name: p, task: binary}]\n---\na: 1\n") ==
        "p.yml:3:1: a second YAML document; only one is read\n");
  // yaml-cpp finds documents without end in this
  CHECK(problems("# c\n, max: 0.1}\n- {a: b}\n").find("a second YAML document") != std::string::npos);
  CHECK(problems("pilots:\n- {name: p, task: binary, owner: \xFF}\n") == "p.yml:2:34: is not valid UTF-8\n");
}

TEST_CASE("problems: a name is shown on one line and not at full length") {
  const std::string shown(60, 'x');
  CHECK(problems("pilots: [{name: " + std::string(70, 'x') + ", task: binary}]") ==
        "p.yml:1:17: pilots[0].name: must be a name of 1 to 64 letters (a-z, A-Z), digits and _ . : -, got '" + shown +
            "...'\n");
  CHECK(problems("pilots: [{name: \"a\\nb\", task: binary}]") ==
        "p.yml:1:17: pilots[0].name: must be a name of 1 to 64 letters (a-z, A-Z), digits and _ . : -, got 'a b'\n");
}

TEST_CASE("problems: a source must name a pilot that exists") {
  CHECK(problems("pilots: [{name: fraud, task: binary}]\nsources: [{name: s, file: f, pilot: fruad}]\n") ==
        "p.yml:2:37: sources[0].pilot: 'fruad' is not a pilot; did you mean 'fraud'? configured: fraud\n");
}

TEST_CASE("problems: how files are followed is for files, and within bounds") {
  CHECK(problems(R"yml(pilots: [{name: fraud, task: binary}]
sources:
  - {name: a, file: "*.log", start_at: middle, max_open_files: 3, ignore_older: soon}
  - {name: b, http: true, start_at: end, max_open_files: 10, ignore_older: 1d}
  - {name: c, file: []}
)yml") == R"txt(p.yml:3:40: sources[0].start_at: must be one of beginning, end, got 'middle'
p.yml:3:64: sources[0].max_open_files: must be a whole number from 4 to 100000, got '3'
p.yml:3:81: sources[0].ignore_older: must be a duration such as 30s, 1h30m or 7d, got 'soon'
p.yml:4:27: sources[1].start_at: is only for sources of kind file
p.yml:4:42: sources[1].max_open_files: is only for sources of kind file
p.yml:4:62: sources[1].ignore_older: is only for sources of kind file
p.yml:5:21: sources[2].file: needs at least one file
)txt");
}

TEST_CASE("problems: a metric belongs to a task") {
  for (const auto* metric :
       {"false_positive_rate", "false_negative_rate", "false_discovery_rate", "false_omission_rate", "selection_rate",
        "override_relieving_rate", "override_aggravating_rate"}) {
    const std::string limit = std::string("name: l, window: day, max: 0.1, metric: ") + metric;
    CHECK(limit_problems("binary", limit) == "");
    for (const auto* task : {"multiclass", "regression", "generative"}) {
      CHECK(limit_problems(task, limit) == std::string("limits[0].metric: ") + metric + " is only for task binary");
    }
  }
  CHECK(limit_problems("quantile", "name: l, window: day, max: 0.1, metric: mean_absolute_error") == "");
  for (const auto* metric : {"mean_error", "mse", "rmse", "r2", "mape", "smape", "rmsle", "median_absolute_error"}) {
    const std::string limit = std::string("name: l, window: day, max: 0.1, metric: ") + metric;
    CHECK(limit_problems("regression", limit) == "");
    for (const auto* task : {"binary", "multiclass", "generative"}) {
      CHECK(limit_problems(task, limit) == std::string("limits[0].metric: ") + metric + " is only for task regression");
    }
  }
  for (const auto* task : {"binary", "multiclass", "regression", "generative"}) {
    for (const auto* metric :
         {"volume", "failure_rate", "coverage", "error_rate", "complaints_per_1000", "incidents_per_1000",
          "complaint_finding_rate", "override_rate", "seeded_catch_rate", "short_review_rate", "feedback_per_1000",
          "staff_stance", "public_stance", "psi, feature: age", "ks, feature: score"}) {
      CHECK(limit_problems(task, std::string("name: l, window: day, max: 0.1, metric: ") + metric) == "");
    }
  }
}

TEST_CASE("problems: output and burden are of binary pilots, the burden is one of its classes") {
  const auto found = [](const std::string& keys) { return problems("pilots: [{name: p, " + keys + "}]"); };
  CHECK(found("task: binary, output: benefit, burden: false, review_min_time: 5s") == "");
  CHECK(found("task: binary, output: both") ==
        "p.yml:1:42: pilots[0].output: must be one of burden, benefit, got 'both'\n");
  CHECK(found("task: binary, burden: 2") ==
        "p.yml:1:42: pilots[0].burden: '2' is not one of the classes; configured: 0, 1\n");
  CHECK(found("task: regression, output: burden") == "p.yml:1:38: pilots[0].output: is only for task binary\n");
  CHECK(found("task: regression, burden: 1") == "p.yml:1:38: pilots[0].burden: is only for task binary\n");
}

TEST_CASE("problems: feedback has no groups") {
  for (const auto* metric : {"feedback_per_1000", "staff_stance", "public_stance"}) {
    CHECK(
        problems("pilots:\n- name: p\n  task: binary\n  segments: {attributes: [g]}\n  limits: [{name: l, window: day, "
                 "max: 1, segment: g, metric: " +
                 std::string(metric) + "}]\n") ==
        "p.yml:5:43: pilots[0].limits[0].segment: feedback is kept for the whole pilot only\n");
  }
}

TEST_CASE("problems: distances of numbers, of categories, of both") {
  const auto limit = [](const char* metric, const char* feature) {
    return limit_problems("binary",
                          std::string("name: l, window: day, max: 0.5, metric: ") + metric + ", feature: " + feature);
  };
  for (const auto* metric : {"psi", "js_distance", "tvd"}) {
    for (const auto* feature : {"age", "sex", "score"}) CHECK(limit(metric, feature) == "");
  }
  for (const auto* metric : {"ks", "hellinger", "wasserstein1"}) {
    CHECK(limit(metric, "age") == "");
    CHECK(limit(metric, "sex") ==
          std::string("limits[0].feature: ") + metric + " compares numbers and 'sex' is categorical; use psi");
  }
  for (const auto* metric : {"linf", "chi2"}) {
    CHECK(limit(metric, "sex") == "");
    for (const std::string feature : {"age", "score"})
      CHECK(limit(metric, feature.c_str()) == std::string("limits[0].feature: ") + metric +
                                                  " compares categories and '" + feature + "' is numeric; use psi");
  }
}

TEST_CASE("problems: limits on figures of scores and confusion counts") {
  for (const auto* metric : {"accuracy", "precision", "recall", "specificity", "roc_auc"})
    CHECK(limit_problems("binary",
                         std::string("name: l, window: day, min: 0.7, evidence: interval, metric: ") + metric) == "");
  for (const auto* metric :
       {"f1", "balanced_accuracy", "mcc", "cohen_kappa", "average_precision", "brier", "log_loss", "ece"}) {
    const std::string limit = std::string("name: l, window: day, min: 0.7, metric: ") + metric;
    CHECK(limit_problems("binary", limit) == "");
    CHECK(limit_problems("binary", limit + ", evidence: interval") ==
          std::string("limits[0].evidence: ") + metric + " has no interval; write point or leave the key out");
  }
  CHECK(limit_problems("binary", "name: l, window: day, min: -0.2, metric: mcc") == "");  // from -1
  CHECK(limit_problems("binary", "name: l, window: day, max: 1.5, metric: log_loss") == "");
  CHECK_FALSE(limit_problems("binary", "name: l, window: day, max: 1.5, metric: brier").empty());
}

TEST_CASE("problems: psi and ks need a reference") {
  CHECK(problems("pilots:\n- name: p\n  task: binary\n  limits: [{name: l, metric: ks, feature: score, window: day, "
                 "max: 0.1}]\n") ==
        "p.yml:4:30: pilots[0].limits[0].metric: ks compares with a reference; the pilot has none (reference: {first: "
        "N}, or file, from and to, or previous_version)\n");
}

TEST_CASE("problems: metrics without an interval cannot wait for one") {
  for (const auto* metric : {"volume", "psi, feature: age", "ks, feature: age"}) {
    const auto found =
        limit_problems("binary", std::string("name: l, window: day, max: 1, evidence: interval, metric: ") + metric);
    CHECK(found == "limits[0].evidence: " + std::string(metric).substr(0, std::string(metric).find(',')) +
                       " has no interval; write point or leave the key out");
  }
  CHECK(limit_problems("binary", "name: l, window: day, max: 1, evidence: interval, metric: error_rate") == "");
}

TEST_CASE("problems: a reference is a file, the first decisions, a period or what the version before saw") {
  const auto found = [](const std::string& reference) {
    return problems("pilots: [{name: p, task: binary, reference: {" + reference + "}}]");
  };
  const std::string place = "p.yml:1:45: pilots[0].reference: ";
  CHECK(found("file: a.ndjson") == "");
  CHECK(found("first: 10") == "");
  CHECK(found("") == place + "needs one of file, first, from and to, previous_version\n");
  CHECK(found("first: 10, file: a") ==
        place + "takes one of file, first, from and to, previous_version, not several\n");
  CHECK(found("previous_version: 200, name: last") == "");
  CHECK(found("first: 500, strata: day_of_week") == "");
  CHECK(found("first: 500, strata: day") ==
        "p.yml:1:66: pilots[0].reference.strata: must be one of none, hour_of_day, day_of_week, hour_of_week, got "
        "'day'\n");
  CHECK(found("previous_version: 199") ==
        "p.yml:1:64: pilots[0].reference.previous_version: must be a whole number "
        "from 200 to 1000000000, got '199'\n");
  CHECK(found("from: 2026-01-01, to: 2026-02-01T00:00:00+01:00, max_rows: 500") == "");
  CHECK(found("from: 2026-01-01") == "p.yml:1:46: pilots[0].reference.from: needs both from and to\n");
  CHECK(found("to: 2026-01-01") == "p.yml:1:46: pilots[0].reference.to: needs both from and to\n");
  CHECK(found("from: 2026-01-01, to: 2026-01-01") == "p.yml:1:68: pilots[0].reference.to: must be later than from\n");
  CHECK(found("from: 2026-02-30, to: 2026-03-01") ==
        "p.yml:1:52: pilots[0].reference.from: must be a day, 2026-03-01, or a time, 2026-03-01T08:00:00+01:00, got "
        "'2026-02-30'\n");
  CHECK(found("first: 10, max_rows: 500") ==
        "p.yml:1:57: pilots[0].reference.max_rows: is only for a period: from and to\n");
  CHECK(found("first: none") ==
        "p.yml:1:53: pilots[0].reference.first: must be a whole number from 1 to 1000000000, got 'none'\n");
}

TEST_CASE("problems: addresses of Alertmanagers are http(s)://host:port/path") {
  const auto accepted = [](const std::string& url) {
    return problems("notify: {alertmanagers: [{url: '" + url + "'}]}\npilots: [{name: p, task: binary}]").empty();
  };
  for (const auto* good : {"http://a", "https://a.b-c.example:1/x/y", "http://10.0.0.1:65535", "http://[::1]:9093/",
                           "http://alert_manager:9093"}) {
    CAPTURE(good);
    CHECK(accepted(good));
  }
  for (const auto* bad : {"", "a:9093", "ftp://a", "http://", "http:///x", "http://a:0", "http://a:65536",
                          "http://a:", "http://a:99999999999", "http://u:p@a", "http://a/x?y", "http://a/#x",
                          "http://a b", "http://[::1", "http://[]:1", "http://a/api/v2/alerts/"}) {
    CAPTURE(bad);
    CHECK(!accepted(bad));
  }
  CHECK(problems("notify: {alertmanagers: [{url: http://a}, {url: 'http://a/'}]}\npilots: [{name: p, task: binary}]") ==
        "p.yml:1:49: notify.alertmanagers[1].url: 'a' is given twice; the first is in line 1\n");
}

TEST_CASE("problems: Alertmanagers that DNS knows have a name, and a port where their records have none") {
  const auto found = [](const std::string& entry) {
    return problems("notify: {alertmanagers: [{" + entry + "}]}\npilots: [{name: p, task: binary}]");
  };
  for (const auto* good : {"dns: _am._tcp.example", "dns: am.example., type: A, port: 9093", "dns: a, type: AAAA, port: 1, scheme: https",
                           "dns: a, name: b, path_prefix: /x, refresh_interval: 1s, max_targets: 1000"}) {
    CAPTURE(good);
    CHECK(found(good) == "");
  }
  CHECK(found("dns: am.example, type: A") == "p.yml:1:26: notify.alertmanagers[0].port: is required\n");
  CHECK(found("dns: am.example, port: 1") == "p.yml:1:44: notify.alertmanagers[0].port: SRV records bring their ports\n");
  CHECK(found("url: 'http://a', dns: b") == "p.yml:1:27: notify.alertmanagers[0].url: either url or dns\n");
  CHECK(found("url: 'http://a', scheme: http") ==
        "p.yml:1:44: notify.alertmanagers[0].scheme: goes with dns; a url has it all\n");
  CHECK(found("dns: a, type: MX") ==
        "p.yml:1:41: notify.alertmanagers[0].type: must be one of SRV, A, AAAA, got 'MX'\n");
  CHECK(found("dns: a, path_prefix: x") ==
        "p.yml:1:48: notify.alertmanagers[0].path_prefix: must be a path such as /alertmanager, got 'x'\n");
  for (const std::string bad : {"''", "a b", "a..b", ".", "http://a", "a:9093", "[a]"}) {
    CAPTURE(bad);
    CHECK_THAT(found("dns: " + bad), Catch::Contains("must be a name such as _alertmanager._tcp.example.org"));
  }
  CHECK_THAT(found("dns: " + std::string(64, 'a') + ".b"), Catch::Contains("must be a name"));
  CHECK(problems("notify: {alertmanagers: [{dns: a}, {dns: a}]}\npilots: [{name: p, task: binary}]") ==
        "p.yml:1:42: notify.alertmanagers[1].dns: 'a' is given twice; the first is in line 1\n");
}

TEST_CASE("problems: one way into an Alertmanager, and certificates for https only") {
  const auto found = [](const std::string& entry) {
    return problems("notify: {alertmanagers: [{" + entry + "}]}\npilots: [{name: p, task: binary}]");
  };
  CHECK(found("url: 'https://a', basic_auth: {username: u, password_file: f}, tls_config: {ca_file: c}") == "");
  CHECK(found("url: 'http://a', bearer_token_file: f") == "");
  CHECK(found("dns: a, scheme: https, tls_config: {cert_file: c, key_file: k}") == "");
  CHECK_THAT(found("url: 'http://a', basic_auth: {username: u, password_file: f}, bearer_token_file: f"),
             Catch::Contains("alertmanagers[0].basic_auth: either basic_auth or bearer_token_file"));
  CHECK_THAT(found("url: 'http://a', basic_auth: {username: u}"), Catch::Contains("basic_auth.password_file: is required"));
  CHECK_THAT(found("url: 'http://a', basic_auth: {username: 'u:v', password_file: f}"), Catch::Contains("a colon ends"));
  CHECK_THAT(found("url: 'http://a', tls_config: {ca_file: c}"), Catch::Contains("tls_config: is only for https"));
  CHECK_THAT(found("dns: a, tls_config: {ca_file: c}"), Catch::Contains("tls_config: is only for https"));
  CHECK_THAT(found("url: 'https://a', tls_config: {cert_file: c}"), Catch::Contains("needs both cert_file and key_file"));
}

TEST_CASE("problems: DNS servers are addresses") {
  const auto accepted = [](const std::string& server) {
    return problems("notify: {dns_servers: ['" + server + "']}\npilots: [{name: p, task: binary}]").empty();
  };
  for (const auto* good : {"10.0.0.53", "10.0.0.53:5353", "::1", "[::1]", "[fd00::53]:53"}) {
    CAPTURE(good);
    CHECK(accepted(good));
  }
  for (const auto* bad : {"", "ns.example", "10.0.0.53:0", "10.0.0.256", "[::1", "::1:99999:zz", "10.0.0.53,10.0.0.54"}) {
    CAPTURE(bad);
    CHECK(!accepted(bad));
  }
}

TEST_CASE("problems: sizes and durations have bounds") {
  const auto body = [](const std::string& size) {
    return problems("ingest: {max_queue_bytes: " + size + "}\npilots: [{name: p, task: binary}]").empty();
  };
  for (const auto* good : {"1", "1B", "1KB", "15EB"}) CHECK(body(good));
  for (const auto* bad : {"0", "-1", "1.5MB", "16EB", "99999999999999999999", "MB", "1mb", "1KiB", "1 KB"})
    CHECK(!body(bad));
  const auto horizon = [](const std::string& text) {
    return problems("pilots: [{name: p, task: binary, outcome_horizon: " + text + "}]").empty();
  };
  for (const auto* good : {"0", "0s", "1h30m", "1000y"}) CHECK(horizon(good));
  for (const auto* bad : {"5", "-5s", "1001y", "1m1h", "10000000000000y", "''", "[1s]"}) CHECK(!horizon(bad));
}

TEST_CASE("problems: tasks refuse what is not theirs") {
  CHECK(problems("pilots: [{name: p, task: regression, classes: [1, 2], positive: 1, threshold: 0.1}]") ==
        "p.yml:1:38: pilots[0].classes: is not for task regression, which predicts numbers\n"
        "p.yml:1:55: pilots[0].positive: is only for task binary\n"
        "p.yml:1:68: pilots[0].threshold: is only for task binary\n");
  CHECK(problems("pilots: [{name: p, task: generative, classes: [ok]}]") ==
        "p.yml:1:47: pilots[0].classes: must be 2 to 1000 classes\n");
  CHECK(problems("pilots: [{name: p, task: binary, segments: {attributes: [a, b, c, d, e, f, g, h, i]}}]") ==
        "p.yml:1:57: pilots[0].segments.attributes: must be at most 8 attributes\n");
  CHECK(problems(R"yml(pilots:
- name: p
  task: binary
  segments:
    attributes: [race, sex, age, region, town]
    pairs:
    - [race, sexx]
    - [sex, sex]
    - [race, sex]
    - [sex, race]
    - race
    - [race]
    - [race, {a: b}]
    - [age, sex]
    - [age, race]
    - [town, race]
    - [town, sex]
    reference_groups: {race*sex: a*f, sex*age: f}
    values: {race*sex: [a*f]}
  limits:
  - {name: l, metric: error_rate, window: day, max: 0.1, segment: sex*race}
)yml") == R"txt(p.yml:7:5: pilots[0].segments.pairs: must be at most 4 pairs
p.yml:7:14: pilots[0].segments.pairs[0][1]: 'sexx' is not an attribute of segments; did you mean 'sex'? configured: race, sex, age, region, town
p.yml:8:7: pilots[0].segments.pairs[1]: needs two different attributes
p.yml:10:7: pilots[0].segments.pairs[3]: this pair is given twice
p.yml:11:7: pilots[0].segments.pairs[4]: must be a list of two attributes, such as [district, sex]
p.yml:12:7: pilots[0].segments.pairs[5]: must be a list of two attributes, such as [district, sex]
p.yml:13:14: pilots[0].segments.pairs[6][1]: must be text, got a map
p.yml:18:39: pilots[0].segments.reference_groups.sex*age: 'sex*age' is not an attribute of segments; did you mean 'sex*race'? known: race, sex, age, region, town, race*sex, sex*race, age*sex, age*race, town*race, town*sex
p.yml:19:14: pilots[0].segments.values.race*sex: 'race*sex' is not an attribute of segments; known: race, sex, age, region, town
)txt");
}

TEST_CASE("problems: figures of the scores of all classes need them to be kept") {
  const std::string limit = "name: l, window: day, max: 0.5, metric: log_loss";
  CHECK(limit_problems("binary", limit) == "");
  CHECK(limit_problems("multiclass", limit) ==
        "limits[0].metric: log_loss needs the scores of all classes (scores: {by_class: keep})");
  CHECK(problems(pilot("multiclass", ", classes: [a, b], scores: {by_class: keep}, limits: [{" + limit + "}]")) == "");
  CHECK(problems(pilot("binary", ", scores: {by_class: keep}")).find("is only for task multiclass") !=
        std::string::npos);
  CHECK(limit_problems("regression", "name: l, window: day, min: 0.5, metric: accuracy") ==
        "limits[0].metric: accuracy is only for task binary or multiclass");
}

TEST_CASE("problems: quantile forecasts name levels that can be scored") {
  const auto levels = [](const std::string& list) { return problems(pilot("quantile", ", quantiles: " + list)); };
  CHECK(levels("[0.1, 0.5, 0.9]") == "");
  CHECK(levels("[0.5]") == "");
  for (const auto* list : {"[0.1, 0.5]", "[0.1, 0.4, 0.9]", "[0.9, 0.5, 0.1]", "[0, 0.5, 1]", "[0.1, 0.5, 0.8]", "[]",
                           "[0.5, 0.5, 0.5]"}) {
    CAPTURE(list);
    CHECK(levels(list).find("pilots[0].quantiles: must be") != std::string::npos);
  }
  CHECK(problems(pilot("regression", ", quantiles: [0.5]")).find("is only for task quantile") != std::string::npos);
  CHECK(limit_problems("quantile",
                       "name: l, window: day, min: 0.4, evidence: interval, metric: interval_coverage_50") == "");
  CHECK(limit_problems("regression", "name: l, window: day, max: 3, metric: wis") ==
        "limits[0].metric: wis is only for task quantile");
}

TEST_CASE("problems: verdict_rate names a class") {
  const std::string limit = "name: l, window: day, max: 0.1, metric: verdict_rate";
  CHECK(limit_problems("generative", limit + ", feature: bad") == "");
  CHECK(limit_problems("generative", limit + ", feature: bad, segment: region") == "");
  CHECK(limit_problems("generative", limit) ==
        "limits[0]: verdict_rate needs a feature: the class whose share is meant");
  CHECK(limit_problems("generative", limit + ", feature: badd").find("is not one of the classes") != std::string::npos);
}

TEST_CASE("problems: a limit that compares groups") {
  CHECK(
      problems(R"yml(pilots:
  - name: fraud
    task: binary
    segments: {attributes: [race], reference_groups: {rase: x}, values: {rase: [x, x], race: []}}
    windows: [week]
    limits:
      - {name: a, metric: false_positive_rate, window: week, segment: race, compare: ratio, max: 1.25}
      - {name: b, metric: false_positive_rate, window: week, compare: ratio, max: 0}
      - {name: c, metric: f1, window: week, segment: race, compare: ratios, max: 1}
      - {name: d, metric: f1, window: week, segment: race, compare: ratio, max: 1}
      - {name: e, metric: complaints_per_1000, window: week, segment: race, compare: difference, max: 1}
      - {name: f, metric: error_rate, window: week, segment: race, compare: difference, max: 10, evidence: budget}
      - {name: g, metric: error_rate, window: week, segment: race, compare: ratio, max: 0.5, evidence: budget}
      - {name: h, metric: error_rate, window: week, segment: race, compare: ratio, max: 2, evidence: confidence_sequence}
)yml") ==
      R"txt(p.yml:4:55: pilots[0].segments.reference_groups.rase: 'rase' is not an attribute of segments; did you mean 'race'? known: race
p.yml:4:74: pilots[0].segments.values.rase: 'rase' is not an attribute of segments; did you mean 'race'? known: race
p.yml:4:84: pilots[0].segments.values.rase[1]: 'x' is given twice; the first is in line 4
p.yml:4:94: pilots[0].segments.values.race: needs 1 to 10000 values
p.yml:8:9: pilots[0].limits[1]: a comparison of groups needs a segment: the attribute whose groups are meant
p.yml:8:83: pilots[0].limits[1].max: must be a ratio above 0, got '0'
p.yml:9:69: pilots[0].limits[2].compare: must be one of difference, ratio, got 'ratios'; did you mean 'ratio'?
p.yml:10:69: pilots[0].limits[3].compare: there is no comparison of f1 between groups
p.yml:11:86: pilots[0].limits[4].compare: complaints_per_1000 is compared by ratio only
p.yml:12:94: pilots[0].limits[5].max: must be a number from -1 to 1, got '10'
p.yml:13:9: pilots[0].limits[6]: a budget on a ratio takes max from 1 to 100
p.yml:14:102: pilots[0].limits[7].evidence: a confidence sequence is of the rate of an event; error_rate of groups beside others is none
)txt");
}

TEST_CASE("problems: complaints by category, estimates, and outcomes that only the selected have") {
  CHECK(problems(R"yml(pilots:
  - name: fraud
    task: binary
    segments: {attributes: [race]}
    complaints: {categories: [rude, slow, rude], max_categories: 5, severe: 5}
    outcomes_known: selected
    windows: [week]
    limits:
      - {name: a, metric: complaints_per_1000, window: week, feature: rud, max: 1}
      - {name: b, metric: complaints_per_1000, window: week, feature: rude, max: 1, evidence: budget}
      - {name: c, metric: complaints_per_1000, window: week, feature: rude, max: 1, compare: ratio, segment: race}
      - {name: d, metric: false_negative_rate, window: week, max: 0.1}
      - {name: e, metric: estimated_accuracy, window: week, min: 0.9, severity: critical}
      - {name: f, metric: estimated_f1, window: week, max: 0.9, evidence: budget}
      - {name: g, metric: complaints_per_1000, window: week, feature: __other__, max: 1}
  - name: letters
    task: multiclass
    classes: [a, b]
    outcomes_known: everyone
    windows: [week]
    limits:
      - {name: a, metric: complaints_per_1000, window: week, feature: __other__, max: 1, evidence: budget}
)yml") ==
        R"txt(p.yml:5:43: pilots[0].complaints.categories[2]: 'rude' is given twice; the first is in line 5
p.yml:5:50: pilots[0].complaints.max_categories: is only where categories are not listed
p.yml:5:77: pilots[0].complaints.severe: must be a whole number from 0 to 4, got '5'
p.yml:9:71: pilots[0].limits[0].feature: 'rud' is not one of complaints.categories; configured: rude, slow, rude, __other__
p.yml:11:62: pilots[0].limits[2].feature: complaints are compared between groups as a whole only
p.yml:12:27: pilots[0].limits[3].metric: false_negative_rate needs outcomes of everyone; the pilot says outcomes_known: selected
p.yml:13:27: pilots[0].limits[4].metric: estimated_accuracy needs a reference file that holds outcomes (reference: {file: ...})
p.yml:13:81: pilots[0].limits[4].severity: estimated_accuracy is an estimate, not a measurement; write warning or info
p.yml:14:27: pilots[0].limits[5].metric: estimated_f1 needs a reference file that holds outcomes (reference: {file: ...})
p.yml:14:75: pilots[0].limits[5].evidence: estimated_f1 has no form whose false alarms can be budgeted; write interval or point
p.yml:19:5: pilots[1].outcomes_known: is only for task binary
p.yml:22:9: pilots[1].limits[0]: what is in __other__ changes with what comes, unless complaints.categories lists what is not
)txt");
}

TEST_CASE("problems: the bound on what decisions take of memory") {
  const std::string pilots = "pilots: [{name: p, task: binary}]\n";
  CHECK(problems(pilots + "memory: {decisions: 4MB}\n") ==
        "p.yml:2:21: memory.decisions: must be a number of bytes >= 16777216, or a size such as 64MB, got '4MB'\n");
  CHECK(problems(pilots + "memory: {decision: 1GB}\n") ==
        "p.yml:2:10: memory.decision: unknown key; did you mean 'decisions'? known: decisions\n");
}

TEST_CASE("problems: more pilots than bounds.pilots") {
  const std::string two = "pilots:\n- {name: p, task: binary}\n- {name: q, task: binary}\n";
  CHECK(problems(two + "bounds: {pilots: 2}\n").empty());
  CHECK(problems(two + "bounds: {pilots: 1}\n") ==
        "p.yml:2:1: pilots: are 2, more than bounds.pilots (1): each takes memory of its own\n");
}

TEST_CASE("problems: bounds of a pilot") {
  CHECK(problems("pilots: [{name: p, task: binary, bounds: {kept: 0, version: 3}}]\n") ==
        "p.yml:1:49: pilots[0].bounds.kept: must be a whole number from 1 to 1000000000, got '0'\n"
        "p.yml:1:52: pilots[0].bounds.version: unknown key; did you mean 'versions'? known: decisions, kept, parked, "
        "versions, categories\n");
}

TEST_CASE("problems: the dashboard that alerts link to") {
  const auto said = [](const std::string& url) {
    return problems("notify: {dashboard_url: '" + url + "'}\npilots: [{name: p, task: binary}]");
  };
  CHECK(said("https://grafana.example/d/x?orgId=1") == "");
  for (const auto* url : {"grafana.example/d/x", "ftp://a/", "https://u:p@a/", "https://a/#x", "javascript:alert(1)", ""}) {
    CAPTURE(url);
    CHECK_THAT(said(url), Catch::Contains("notify.dashboard_url: must be a URL that starts with"));
  }
  CHECK_THAT(said("https://a/" + std::string(1000, 'x')), Catch::Contains("of at most 1,000 characters"));
}

TEST_CASE("problems: webhooks") {
  const auto said = [](const std::string& hook) {
    return problems("notify: {webhooks: [{" + hook + "}]}\npilots: [{name: p, task: binary}]");
  };
  const std::string good = "name: a, url: 'https://a.example/x?y=1', secret_files: [s]";
  const std::string place = "notify.webhooks[0]";
  CHECK(said(good) == "");
  CHECK(said(good +
             ", format: cloudevents, events: [state], allow_networks: [10.0.0.0/8, '::1'], ca_file: ca.crt, timeout: "
             "1s, retries: [], queue_capacity: 1, queue_bytes: 64KB") == "");
  CHECK_THAT(said(good + ", queue_bytes: 63KB"), Catch::Contains(place + ".queue_bytes: must be"));
  CHECK_THAT(said("name: a, secret_files: [s]"), Catch::Contains(place + ".url: is required"));
  CHECK_THAT(said("name: a, url: 'https://a'"), Catch::Contains(place + ".secret_files: is required"));
  CHECK_THAT(said("name: a, url: 'https://a', secret_files: []"), Catch::Contains("needs at least one file"));
  for (const auto* url :
       {"ftp://a", "a.example", "https://user:word@a.example/", "https://a/#x", "file:///etc/passwd"}) {
    CAPTURE(url);
    CHECK_THAT(said("name: a, secret_files: [s], url: '" + std::string(url) + "'"),
               Catch::Contains(place + ".url: must be"));
  }
  CHECK_THAT(said(good + ", allow_networks: [10.0.0.1/8]"),
             Catch::Contains(place + ".allow_networks[0]: must be an address"));
  CHECK_THAT(said(good + ", events: [breach, breach]"), Catch::Contains(".events[1]: is given twice"));
  CHECK_THAT(said(good + ", events: [other]"), Catch::Contains("must be one of breach, resolved, no_data, state"));
  CHECK_THAT(said(good + ", retries: [2d]"), Catch::Contains(".retries[0]: must be at most 1d"));
  CHECK_THAT(said(good + "}, {" + good), Catch::Contains("'a' is given twice"));
}

TEST_CASE("problems: what waits for webhooks leaves the store to records") {
  const auto yaml = [](const std::string& first, const std::string& second) {
    const auto hook = [](const std::string& name, const std::string& more) {
      return "{name: " + name + ", url: 'https://a.example', secret_files: [s]" + more + "}";
    };
    return "storage: {max_bytes: 64MB}\nnotify: {webhooks: [" + hook("a", first) + ", " + hook("b", second) +
           "]}\npilots: [{name: p, task: binary}]\n";
  };
  const auto bytes = [](const Settings& settings) {
    return std::pair(settings.notify.webhooks.at(0).queue_bytes, settings.notify.webhooks.at(1).queue_bytes);
  };
  constexpr std::uint64_t mb = 1 << 20;
  CHECK(bytes(valid(yaml("", ""))) == std::pair(4 * mb, 4 * mb));
  CHECK(bytes(valid(yaml(", queue_bytes: 12MB", ""))) == std::pair(12 * mb, 4 * mb));
  CHECK_THAT(problems(yaml(", queue_bytes: 12MB", ", queue_bytes: 5MB")),
             Catch::Contains("notify.webhooks[1]: queue_bytes of all webhooks together are more than a quarter of "
                             "storage.max_bytes"));
}
