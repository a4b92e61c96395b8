// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace pilotwatch::stats {

/// A figure that was estimated without outcomes. Deliberately no number: it converts to none, so it cannot slip into a
/// limit with a budget or stand in a column of measured figures. Whoever shows it has to spell out that it is an
/// estimate.
class Estimated {
 public:
  constexpr Estimated(double estimate, double standard_error) : estimate_(estimate), standard_error_(standard_error) {}
  [[nodiscard]] constexpr double estimate() const { return estimate_; }
  /// Of what will be measured once the outcomes are known, around the estimate, if its assumptions hold. No bound on
  /// the error of the estimate when they do not.
  [[nodiscard]] constexpr double standard_error() const { return standard_error_; }

 private:
  double estimate_, standard_error_;
};

}  // namespace pilotwatch::stats
