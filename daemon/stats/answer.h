// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace pilotwatch::stats {

/// Why a statistic has no value. "Undefined" is an answer of its own: never 0, never a NaN that travels on.
enum class Undefined : std::uint8_t {
  no_data,           ///< nothing was counted
  no_reference,      ///< the side to compare with is empty
  no_positives,      ///< no case whose outcome is positive
  no_negatives,      ///< no case whose outcome is negative
  none_predicted,    ///< no case was predicted positive
  all_predicted,     ///< every case was predicted positive
  one_class,         ///< only one class among the outcomes, or among the predictions, where two are needed
  constant,          ///< the values do not vary, and the figure is relative to their spread
  zero_denominator,  ///< the rate that would be divided by is 0
  zero_exposure,     ///< nothing was exposed: no decisions, no time
  too_few,           ///< fewer cases than the stated minimum
  out_of_domain,     ///< a value for which the formula has no meaning (a logarithm of a negative number)
  selective_labels,  ///< outcomes are known only for the selected: the figure needs those of the others too
  not_calibrated,    ///< there is no calibration to estimate with
};
inline constexpr const char* undefined_names[] = {"no_data",          "no_reference",  "no_positives", "no_negatives",
                                                  "none_predicted",   "all_predicted", "one_class",    "constant",
                                                  "zero_denominator", "zero_exposure", "too_few",      "out_of_domain",
                                                  "selective_labels", "not_calibrated"};
[[nodiscard]] inline const char* name(Undefined why) { return undefined_names[static_cast<std::size_t>(why)]; }

/// A value, or why there is none. has_value(), operator*, error(); value() throws where there is none.
template <class T>
using Answer = boost::system::result<T, Undefined>;

/// For readers who do not ask why.
template <class T>
[[nodiscard]] std::optional<T> optional(const Answer<T>& answer) {
  return answer.has_value() ? std::optional<T>(*answer) : std::nullopt;
}

/// Found by Answer<T>::value().
[[noreturn]] inline void throw_exception_from_error(Undefined why, const boost::source_location&) {
  throw std::logic_error(std::string("undefined: ") + name(why));
}

}  // namespace pilotwatch::stats
