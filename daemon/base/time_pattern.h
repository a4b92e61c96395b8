// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "base/zone.h"

namespace pilotwatch {

/// A form of writing times, as strftime spells it: "%d/%m/%Y %H:%M:%S".
///   %Y %y %m %d %e %H %I %M %S %p    numbers may lack their leading zeros; %y is 1969 to 2068; %p is AM or PM
///   %b %B                            English names of months, short or whole
///   %f                               a fraction of a second without its point, any number of digits
///   %z                               +01:00, +0100 or Z
///   %F %T %D %R                      %Y-%m-%d, %H:%M:%S, %m/%d/%y, %H:%M
///   %%                               a per cent sign; blanks stand for any number of blanks
class TimePattern {
 public:
  TimePattern() = default;  ///< reads nothing
  /// An error says in words what the pattern lacks or what it cannot have.
  [[nodiscard]] static Result<TimePattern> compile(std::string_view pattern);

  /// `zone` is where the clock hung, unless the text has an offset. nullopt where the text is not of this form.
  [[nodiscard]] std::optional<Instant> parse(std::string_view text, const Zone& zone) const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;      ///< as it was given
  std::string expanded_;  ///< without %F, %T, %D, %R
};

}  // namespace pilotwatch
