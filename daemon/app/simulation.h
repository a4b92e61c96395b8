// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/commands.h"
#include "base/time.h"

/// Invented pilots for the demo and for tests; a pure generator: no clock, no I/O, and the same bytes on every machine
/// from the same options (integers and exactly rounded arithmetic only: no std::*_distribution, no exp or log of a
/// libm).
///
/// What each pilot writes (`config/demo.yml` uses these names); a prediction has `model_version`, an outcome is joined
/// by `id`:
///
///   routing     multiclass: permits, taxes, waste, housing, other; `score` a map class -> probability; `latency_ms`
///               features    length (numeric: characters), channel (web, mail, phone, counter), language (en, es, fr,
///               other) segments    region (north, south, east, west) outcomes    for 90 % of the letters, after a day
///               (median); about 8 % are wrong complaints  misrouted, slow, unclear
///   fraud       binary: 0, 1 (positive, about 2 % of cases); `score` a number, prediction = score >= 0.5
///               features    amount, account_age (days), hour (all numeric), channel (online, branch, agent)
///               segments    region (as above), age_band (18-34, 35-64, 65+)
///               outcomes    for all but late (median 9 days); about 0.7 % are wrong
///               versions    two side by side: 1.8.0 (90 %), 1.9.0-rc1 (10 %)
///               complaints  wrongly_flagged, slow, rude
///   demand      regression: prediction = point forecast of visitors
///               features    temperature, lag_demand (numeric), weekday (mon .. sun)
///               segments    site (harbour, station, market, airport)
///               outcomes    for all on the next day; about 8 % are off by more than 15 %
///               complaints  understaffed, queue
///   allocation  binary: 0, 1 (positive); `score` a number, prediction = score >= 0.5
///               features    need_index (0 .. 100), household_size (numeric), district (centre, harbour, hills, fields)
///               segments    district (as above), sex (f, m, x)
///               outcomes    for 70 %, after 3 days (median); about 8 % are wrong
///               complaints  refused, unexplained, slow
///   chatbot     generative: no `prediction`; features prompt_tokens (numeric), topic (hours, fees, forms,
///   appointments, other)
///               segments    none; `latency_ms`; some answers `failed`
///               outcomes    graded ok or bad for 25 % of answers, after some hours; about 6 % are bad
///               complaints  wrong_answer, rude, slow
///
/// The two model versions of `fraud` run side by side and are announced by a `change` each at the start.
///
/// From `drift_at_day` on, in the pilots of `drift_pilots`: inputs shift and the error rate rises (routing at --drift
/// 1: to about 20 %). In the week from `complaint_surge_at_day` on, in the pilots of `complaint_surge_pilots`: so many
/// times as many complaints, most of them of one incident a day. Outcomes and complaints that would fall after the last
/// day are not written: they are not known yet.
namespace pilotwatch::app {

inline constexpr std::string_view simulated_pilots[] = {"routing", "fraud", "demand", "allocation", "chatbot"};

struct SimulatedLine {
  Instant time;
  std::string json;  ///< one record in the wire format, without newline
};

/// All pilots' records, merged in the order of time.
class Simulation {
 public:
  /// Throws std::invalid_argument, with a sentence for the user, on an unknown pilot, a bad start or a number out of
  /// range.
  explicit Simulation(const SimulateOptions& options);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  /// nullopt after the last. Memory: what has been decided and waits for its outcome.
  std::optional<SimulatedLine> next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pilotwatch::app
