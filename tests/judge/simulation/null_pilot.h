// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "judge/fold.h"
#include "settings/load.h"
#include "stats/simulation/streams.h"

/// Pilots in which nothing is wrong, for the nulls of pilot_simulation: the settings, and their decisions day by day.
namespace pilotwatch::simulation {

inline constexpr int days = 180, change_day = 90, decisions_a_day = 60;
/// Monday, 30 September 2024.
inline constexpr Instant start{std::chrono::duration_cast<Millis>(std::chrono::hours{24 * 19'996})};

/// What a pilot of the task has limits on: every metric that can have a budget, with a bound that holds. Names that
/// begin with "classical" mark limits without a guarantee.
[[nodiscard]] settings::Settings null_settings(settings::Task task);
/// A binary pilot whose inputs and error rate follow the hours and the days of the week. Stratified: its limits know
/// that; else (names that begin with "unstratified") the same ones do not.
[[nodiscard]] settings::Settings seasonal_settings(bool stratified);

/// How a stream differs from the null of its task.
struct Course {
  bool seasonal = false;
  int a_day = decisions_a_day;
  double changed_error_rate = .04;  ///< from change_day on
};

/// The decisions of one pilot, their outcomes, complaints and findings; the same for the same seed and index.
class Stream {
 public:
  Stream(const settings::Pilot& pilot, Course course, std::uint64_t seed, std::uint64_t index);
  /// Everything that happens on the day, in the order of time; what will follow from it comes with its own day.
  [[nodiscard]] record::Batch day(int day);

 private:
  struct Case;
  [[nodiscard]] Case draw(double error_rate);
  void add(Instant time, double error_rate);
  void inputs(record::Prediction& p, Instant time);
  void object(const Id128& id, Instant time);
  [[nodiscard]] double error_rate(Instant time, double base) const;
  record::StringRef ref(std::string_view text);

  const settings::Pilot& pilot_;
  Course course_;
  stats::simulation::Random random_;
  record::Batch words_;  ///< strings only: every batch begins with them
  std::map<std::string, record::StringRef, std::less<>> known_;
  std::vector<record::Record> waiting_;
  std::uint64_t ids_ = 0;
};

/// First day of a breach by limit.
using Breaches = std::map<std::string, double>;
[[nodiscard]] Breaches run(const settings::Settings& settings, Course course, std::uint64_t seed, std::uint64_t index);

}  // namespace pilotwatch::simulation
