// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Metric;

namespace {

std::string line(const std::string& type, int id, const std::string& rest,
                 const std::string& time = "2026-01-01T12:00:00Z") {
  return R"({"type":")" + type + R"(","pilot":"p","id":")" + std::to_string(id) + R"(","time":")" + time + "\"," +
         rest + "}\n";
}
std::string pair(int id, const std::string& prediction, const std::string& actual) {
  return line("prediction", id, prediction) + line("outcome", id, R"("actual":)" + actual);
}

}  // namespace

TEST_CASE("binary figures: from the confusion counts, shares with Wilson's interval") {
  Scenario s(settings_of({binary_pilot()}));
  std::string text;
  int id = 0;
  const auto add = [&](int times, int predicted, int actual) {
    for (int i = 0; i < times; ++i)
      text += pair(id++, R"("prediction":)" + std::to_string(predicted), std::to_string(actual));
  };
  add(30, 1, 1);
  add(10, 1, 0);
  add(5, 0, 1);
  add(55, 0, 0);
  s.send(text);
  const auto value = [&](Metric metric) { return s.figure("all", metric).value.value_or(-9); };
  CHECK(value(Metric::accuracy) == 0.85);
  CHECK(value(Metric::precision) == 0.75);
  CHECK(value(Metric::recall) == Approx(30.0 / 35));
  CHECK(value(Metric::specificity) == Approx(55.0 / 65));
  CHECK(value(Metric::f1) == Approx(60.0 / 75));
  CHECK(value(Metric::balanced_accuracy) == Approx((30.0 / 35 + 55.0 / 65) / 2));
  CHECK(value(Metric::mcc) == Approx((30.0 * 55 - 10 * 5) / std::sqrt(40.0 * 35 * 65 * 60)));
  CHECK(value(Metric::cohen_kappa) == Approx((0.85 - 0.53) / 0.47));  // chance: .40 * .35 + .60 * .65 = .53
  const auto precision = s.figure("all", Metric::precision);
  CHECK(precision.n == 40);
  CHECK(precision.formula == "wilson/v1");
  CHECK(precision.lower == Approx(0.5981).margin(1e-4));  // Wilson for 30 of 40: 0.5981 to 0.8581
  CHECK(precision.upper == Approx(0.8581).margin(1e-4));
  const auto snapshot = s.fold.snapshot(Instant{});
  for (const auto& f : snapshot->pilots[0].windows.back()->figures) CHECK(f.metric != Metric::roc_auc);  // no scores
}

TEST_CASE("binary figures: what cannot be computed is undefined and says why, never 0") {
  Scenario s(settings_of({binary_pilot()}));
  s.send(pair(1, R"("prediction":0,"score":0.25)", "0") + pair(2, R"("prediction":0,"score":0.5)", "0"));
  const auto figure = [&](Metric metric) { return s.figure("all", metric); };
  for (const auto& [metric, why] : {std::pair{Metric::precision, "none_predicted"},
                                    {Metric::recall, "no_positives"},
                                    {Metric::false_negative_rate, "no_positives"},
                                    {Metric::f1, "no_positives"},
                                    {Metric::balanced_accuracy, "no_positives"},
                                    {Metric::mcc, "no_positives"},
                                    {Metric::roc_auc, "no_positives"},
                                    {Metric::average_precision, "no_positives"}}) {
    CAPTURE(settings::metric_names[static_cast<std::size_t>(metric)]);
    CHECK(figure(metric).state == "undefined");
    CHECK(figure(metric).reason == why);
    CHECK_FALSE(figure(metric).value);
  }
  CHECK(figure(Metric::specificity).value == 1.0);
  CHECK(figure(Metric::brier).value == Approx((0.0625 + 0.25) / 2));
}

TEST_CASE("binary figures: scores, of the decisions that have one, and corrections take back") {
  Scenario s(settings_of({binary_pilot()}));
  // Pairs (positive, negative) in order: .9 .8 | .7 .6, ties none; .4 is a positive below .6 and .7: 4 of 6 right.
  s.send(pair(1, R"("score":0.9)", "1") + pair(2, R"("score":0.8)", "1") + pair(3, R"("score":0.7)", "0") +
         pair(4, R"("score":0.6)", "0") + pair(5, R"("score":0.4)", "0") + pair(6, R"("prediction":1)", "1"));
  auto auc = s.figure("all", Metric::roc_auc);
  CHECK(auc.value == 1.0);
  CHECK(auc.n == 5);  // the sixth has no score
  CHECK(s.figure("all", Metric::accuracy).n == 6);
  s.send(line("outcome", 5, R"("actual":1)", "2026-01-01T13:00:00Z"));  // corrected
  auc = s.figure("all", Metric::roc_auc);
  CHECK(auc.value == Approx(4.0 / 6));
  CHECK(auc.formula == "delong/v1");
  CHECK(auc.lower < auc.value);
  CHECK(s.figure("all", Metric::brier).value == Approx((0.01 + 0.04 + 0.49 + 0.36 + 0.36) / 5));
  CHECK(s.figure("all", Metric::log_loss).value ==
        Approx(-(std::log(0.9) + std::log(0.8) + std::log(0.3) + std::log(0.4) + std::log(0.4)) / 5));
  CHECK(s.figure("all", Metric::average_precision).value == Approx((1 + 1 + 3.0 / 5) / 3));
  // |mean y - mean p| a bin: .9 and .8: .1, .2; .7, .6: .7, .6; .4: .6
  CHECK(s.figure("all", Metric::ece).value == Approx((0.1 + 0.2 + 0.7 + 0.6 + 0.6) / 5));

  Scenario at_once(settings_of({binary_pilot()}));  // the same records, the correction first
  at_once.send(line("outcome", 5, R"("actual":1)", "2026-01-01T13:00:00Z"));
  at_once.send(pair(1, R"("score":0.9)", "1") + pair(2, R"("score":0.8)", "1") + pair(3, R"("score":0.7)", "0") +
               pair(4, R"("score":0.6)", "0") + pair(5, R"("score":0.4)", "0") + pair(6, R"("prediction":1)", "1"));
  for (const auto metric : {Metric::roc_auc, Metric::brier, Metric::log_loss, Metric::average_precision, Metric::ece})
    CHECK(at_once.figure("all", metric).value == s.figure("all", metric).value);
}

TEST_CASE("binary figures: more scores than scores.max_distinct give certified brackets") {
  auto pilot = binary_pilot();
  pilot.scores.max_distinct = 16;
  Scenario few(settings_of({pilot})), all(settings_of({binary_pilot()}));
  std::string text;
  for (int i = 0; i < 400; ++i)
    text += pair(i, R"("score":)" + std::to_string(0.001 * i + 0.1), std::to_string(i * 7 % 400 > 250 - i / 4));
  few.send(text);
  all.send(text);
  for (const auto metric : {Metric::roc_auc, Metric::average_precision}) {
    CAPTURE(settings::metric_names[static_cast<std::size_t>(metric)]);
    const auto exact = all.figure("all", metric);
    engine::Figure bracket;
    const auto snapshot = few.fold.snapshot(Instant{});
    for (const auto& f : snapshot->pilots[0].windows.back()->figures) {
      if (f.metric == metric && f.formula.ends_with("-bracket/v1")) bracket = f;
    }
    REQUIRE(bracket.value);
    CHECK(*bracket.lower < *bracket.upper);
    CHECK(*bracket.lower <= *exact.value);
    CHECK(*exact.value <= *bracket.upper);
  }
  CHECK(few.figure("all", Metric::brier).value == all.figure("all", Metric::brier).value);  // sums, never a bracket
}

TEST_CASE("binary figures: survive a checkpoint") {
  auto pilot = binary_pilot();
  pilot.segments.attributes = {"g"};
  Scenario s(settings_of({pilot}));
  s.send(pair(1, R"("score":0.9,"segments":{"g":"a"})", "1") + pair(2, R"("score":0.3,"segments":{"g":"a"})", "0"));
  std::map<std::string, std::string> parts;
  s.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
  Scenario back(settings_of({pilot}));
  back.fold.load(parts, s.sequence, Instant{});
  CHECK(back.saved() == s.saved());
  CHECK(back.figure("all", Metric::roc_auc, "a").value == 1.0);
  back.send(line("outcome", 2, R"("actual":1)", "2026-01-01T13:00:00Z"));  // takes back what was loaded
  CHECK(back.figure("all", Metric::brier, "a").value == Approx((0.01 + 0.49) / 2));
}

TEST_CASE("multi-class figures: averages over classes, and scores where the settings keep them") {
  auto pilot = binary_pilot();
  pilot.task = settings::Task::multiclass;
  pilot.classes = {"a", "b", "c"};
  pilot.scores.by_class = settings::ByClass::keep;
  const auto scores = [](double a, double b, double c) {
    return R"("score":{"a":)" + std::to_string(a) + R"(,"b":)" + std::to_string(b) + R"(,"c":)" + std::to_string(c) +
           "}";
  };
  // predicted a a b b c c, actual a a a b b c; then one without scores, c as c
  const std::string text = pair(1, scores(0.6, 0.3, 0.1), R"("a")") + pair(2, scores(0.7, 0.2, 0.1), R"("a")") +
                           pair(3, scores(0.3, 0.5, 0.2), R"("a")") + pair(4, scores(0.2, 0.7, 0.1), R"("b")") +
                           pair(5, scores(0.1, 0.3, 0.6), R"("b")") + pair(6, scores(0.1, 0.1, 0.8), R"("c")") +
                           pair(7, R"("prediction":"c")", R"("c")");
  Scenario s(settings_of({pilot}));
  s.send(text);
  const auto value = [&](Metric metric) { return s.figure("all", metric).value.value_or(-9); };
  CHECK(value(Metric::accuracy) == Approx(5.0 / 7));
  CHECK(value(Metric::micro_f1) == Approx(5.0 / 7));
  CHECK(value(Metric::macro_precision) == Approx((1 + 0.5 + 2.0 / 3) / 3));
  CHECK(value(Metric::macro_recall) == Approx((2.0 / 3 + 0.5 + 1) / 3));
  CHECK(value(Metric::balanced_accuracy) == Approx((2.0 / 3 + 0.5 + 1) / 3));
  CHECK(value(Metric::macro_f1) == Approx((0.8 + 0.5 + 0.8) / 3));
  CHECK(value(Metric::weighted_f1) == Approx((3 * 0.8 + 2 * 0.5 + 2 * 0.8) / 7));
  CHECK(value(Metric::cohen_kappa) == Approx((5.0 / 7 - 16.0 / 49) / (1 - 16.0 / 49)));  // chance (6 + 4 + 6) / 49
  CHECK(value(Metric::mcc) == Approx((7 * 5 - 16.0) / std::sqrt((49 - 17.0) * (49 - 17.0))));
  CHECK(value(Metric::log_loss) ==
        Approx(-(std::log(0.6) + std::log(0.7) + std::log(0.3) + std::log(0.7) + std::log(0.3) + std::log(0.8)) / 6));
  CHECK(s.figure("all", Metric::log_loss).n == 6);
  // A(a|b) 1, A(b|a) 4.5/6; A(a|c) 1, A(c|a) 1; A(b|c) 1, A(c|b) 1
  CHECK(value(Metric::roc_auc_hand_till) == Approx((1 + 4.5 / 6 + 4) / 6));
  CHECK(s.figure("all", Metric::roc_auc_hand_till).formula == "roc-auc-hand-till/v1");

  s.send(line("outcome", 5, R"("actual":"c")", "2026-01-01T13:00:00Z"));  // takes b back
  Scenario other(settings_of({pilot}));
  other.send(line("outcome", 5, R"("actual":"c")", "2026-01-01T13:00:00Z") + text);
  for (const auto metric : {Metric::log_loss, Metric::roc_auc_hand_till, Metric::mcc})
    CHECK(other.figure("all", metric).value == s.figure("all", metric).value);

  std::map<std::string, std::string> parts;
  s.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
  Scenario back(settings_of({pilot}));
  back.fold.load(parts, s.sequence, Instant{});
  CHECK(back.saved() == s.saved());

  pilot.scores.by_class = settings::ByClass::drop;
  Scenario plain(settings_of({pilot}));
  plain.send(text);
  const auto snapshot = plain.fold.snapshot(Instant{});
  for (const auto& f : snapshot->pilots[0].windows.back()->figures) CHECK(f.metric != Metric::log_loss);
}

TEST_CASE("regression figures: errors, squares, shares of the outcome, the middle error") {
  auto pilot = binary_pilot();
  pilot.task = settings::Task::regression;
  pilot.classes.clear();
  const auto text = pair(1, R"("prediction":1)", "2") + pair(2, R"("prediction":5)", "4") +
                    pair(3, R"("prediction":6)", "10") + pair(4, R"("prediction":2)", "0");
  Scenario s(settings_of({pilot}));
  s.send(text);
  const auto value = [&](Metric metric) { return s.figure("all", metric).value.value_or(-9); };
  CHECK(value(Metric::mean_absolute_error) == 2.0);  // 1 1 4 2
  CHECK(value(Metric::mean_error) == -0.5);
  CHECK(value(Metric::mse) == 5.5);
  CHECK(value(Metric::rmse) == Approx(std::sqrt(5.5)));
  CHECK(value(Metric::r2) == Approx(1 - 22.0 / 56));  // around the mean 4: 4 0 36 16
  CHECK(value(Metric::mape) == Approx((0.5 + 0.25 + 0.4) / 3));
  CHECK(s.figure("all", Metric::mape).n == 3);  // one outcome is 0
  CHECK(value(Metric::smape) == Approx((2.0 / 3 + 2.0 / 9 + 8.0 / 16 + 2) / 4));
  const auto log_square = [](double f, double y) { return std::pow(std::log1p(f) - std::log1p(y), 2); };
  CHECK(value(Metric::rmsle) ==
        Approx(std::sqrt((log_square(1, 2) + log_square(5, 4) + log_square(6, 10) + log_square(2, 0)) / 4)));
  CHECK(value(Metric::median_absolute_error) == 1.5);
  CHECK(s.figure("all", Metric::median_absolute_error).formula == "median-ae/v1");

  s.send(pair(5, R"("prediction":-3)", "4"));  // ln(1 - 3) has no value
  CHECK(s.figure("all", Metric::rmsle).state == "undefined");
  CHECK(s.figure("all", Metric::rmsle).reason == "out_of_domain");
  s.send(line("outcome", 5, R"("actual":-3)", "2026-01-01T13:00:00Z"));
  CHECK(s.figure("all", Metric::median_absolute_error).value == 1.0);  // 7 taken back, 0 instead
  CHECK(s.figure("all", Metric::mean_absolute_error).value == 1.6);

  pilot.scores.max_distinct = 2;
  Scenario few(settings_of({pilot}));
  few.send(text);
  const auto bracket = few.figure("all", Metric::median_absolute_error);
  CHECK(bracket.formula == "median-ae-bracket/v1");
  CHECK(*bracket.lower <= 1.5);
  CHECK(*bracket.upper >= 1.5);
}

TEST_CASE("quantile figures: the weighted interval score and its parts, coverage, the median; corrections take back") {
  auto pilot = binary_pilot();
  pilot.task = settings::Task::quantile;
  pilot.classes.clear();
  pilot.quantiles = {0.25, 0.5, 0.75};
  const auto forecast = [](double low, double middle, double high) {
    return R"("prediction":{"0.75":)" + std::to_string(high) + R"(,"0.5":)" + std::to_string(middle) + R"(,"0.25":)" +
           std::to_string(low) + "}";
  };
  const auto text = pair(1, forecast(10, 12, 16), "13") + pair(2, forecast(10, 12, 16), "20");
  Scenario s(settings_of({pilot}));
  s.send(text);
  const auto value = [&](Metric metric) { return s.figure("all", metric).value.value_or(-9); };
  // K = 1.5; both: dispersion .25 * 6 / 1.5 = 1; 13: under .5 * 1 / 1.5; 20: under (4 + .5 * 8) / 1.5
  CHECK(value(Metric::wis_dispersion) == 1.0);
  CHECK(value(Metric::wis_underprediction) == Approx((0.5 / 1.5 + 8 / 1.5) / 2));
  CHECK(value(Metric::wis_overprediction) == 0.0);
  CHECK(value(Metric::wis) == Approx(1 + 8.5 / 3));
  CHECK(value(Metric::quantile_bias) == Approx((-0.5 - 1) / 2));
  CHECK(value(Metric::mean_absolute_error) == 4.5);
  CHECK(value(Metric::interval_coverage_50) == 0.5);
  CHECK(s.figure("all", Metric::interval_coverage_50).formula == "wilson/v1");
  CHECK(s.figure("all", Metric::interval_coverage_90).state == "undefined");  // no levels 0.05 and 0.95
  CHECK(s.figure("all", Metric::interval_coverage_90).reason == "out_of_domain");
  CHECK(s.figure("all", Metric::error_rate).value == 1.0);  // no tolerance: neither median was met

  std::map<std::string, std::string> parts;
  s.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
  Scenario back(settings_of({pilot}));
  back.fold.load(parts, s.sequence, Instant{});
  CHECK(back.saved() == s.saved());
  const auto correction = line("outcome", 2, R"("actual":12)", "2026-01-01T13:00:00Z");
  back.send(correction);
  CHECK(back.figure("all", Metric::wis).value == Approx(1 + 0.5 / 3));
  Scenario other(settings_of({pilot}));
  other.send(correction + text);
  CHECK(other.figure("all", Metric::wis).value == back.figure("all", Metric::wis).value);
}

TEST_CASE("quantile figures: a forecast without a level, or whose values descend, is refused") {
  auto pilot = binary_pilot();
  pilot.task = settings::Task::quantile;
  pilot.classes.clear();
  pilot.quantiles = {0.25, 0.5, 0.75};
  Scenario s(settings_of({pilot}));
  const auto sent = s.send(line("prediction", 1, R"("prediction":{"0.25":1,"0.5":2})") +
                           line("prediction", 2, R"("prediction":{"0.25":1,"0.5":3,"0.75":2})") +
                           line("prediction", 3, R"("prediction":7)") +
                           line("prediction", 4, R"("prediction":{"0.1":0,"0.25":1,"0.5":2,"0.75":2})"));
  CHECK(sent.rejected == 3);
  CHECK(sent.accepted == 1);  // a level more is dropped
}

TEST_CASE("generative figures: the share of each grade; small ones of a group are not shown") {
  auto pilot = binary_pilot();
  pilot.task = settings::Task::generative;
  pilot.classes = {"right", "refused", "wrong"};
  pilot.segments.attributes = {"g"};
  pilot.segments.min_n = 10;
  Scenario s(settings_of({pilot}));
  std::string text;
  for (int i = 0; i < 100; ++i) {
    const char* grade = i < 70 ? "right" : i < 75 ? "refused" : "wrong";  // 70, 5, 25
    text += pair(i, R"("segments":{"g":"a"})", std::string("\"") + grade + "\"");
  }
  s.send(text + line("outcome", 0, R"("actual":"wrong")", "2026-01-01T13:00:00Z"));  // corrected: 69, 5, 26
  s.fold.finish(Instant{});
  const auto rate = [&](const char* group, const char* grade) {
    return s.figure("all", Metric::verdict_rate, group, grade);
  };
  CHECK(rate("", "right").value == 0.69);
  CHECK(rate("", "refused").value == 0.05);
  CHECK(rate("", "wrong").value == 0.26);
  CHECK(rate("", "wrong").n == 100);
  CHECK(rate("", "wrong").formula == "wilson/v1");
  CHECK(s.figure("all", Metric::error_rate).value == 0.26);
  for (const auto* grade : {"right", "refused", "wrong"})
    CHECK(rate("a", grade).state == "suppressed");  // five refused
}
