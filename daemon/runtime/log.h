// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "base/steady.h"
#include "base/time.h"

/// Structured lines on stderr, spelled as Prometheus' programs spell theirs:
///   time=2026-01-05T00:00:00.000Z level=INFO source=journal.cc:12 component=journal msg="opened the store" entries=17
namespace pilotwatch::runtime {

enum class LogLevel : std::uint8_t { debug, info, warn, error };
inline constexpr std::size_t log_level_count = 4;
enum class LogFormat : std::uint8_t { logfmt, json };
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view name);    ///< debug|info|warn|error
[[nodiscard]] std::optional<LogFormat> parse_log_format(std::string_view name);  ///< logfmt|json

/// One key=value of a line. Use `err` for errors. Values are escaped, never trusted; keys are words of the program.
struct Field {
  template <std::convertible_to<std::string_view> T>
  Field(std::string_view name, const T& text) : key(name), value(std::string_view(text)) {}
  template <std::integral T>
  Field(std::string_view name, T number) : key(name), value(std::to_string(number)), bare(true) {}
  Field(std::string_view name, bool flag) : key(name), value(flag ? "true" : "false"), bare(true) {}
  /// JSON knows no NaN: a number that is not finite is a text there.
  Field(std::string_view name, double number) : key(name), value(format_number(number)), bare(number - number == 0) {}
  Field(std::string_view name, Millis duration) : key(name), value(format_duration(duration)) {}

  std::string_view key;
  std::string value;
  bool bare = false;  ///< a number or truth value: no quotes in JSON
};

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::logfmt;
  bool journal = false;          ///< prefix "<6>" and so on, see sd-daemon(3); `default_log_options` looks
  std::ostream* out = nullptr;   ///< instead of stderr; must outlive the Log (tests)
  const Clock* clock = nullptr;  ///< default: the system's
  const SteadyClock* steady = nullptr;  ///< the same
};
/// `journal` set from $JOURNAL_STREAM.
[[nodiscard]] LogOptions default_log_options();

/// A handle: copies are cheap and write to the same place. There is no global one; who logs gets a reference. Any
/// thread; lines are written whole. Lines below the level are counted nowhere and cost a comparison. A warning or an error that
/// says word for word what one within the last ten seconds has said is counted and left out; `repeated` says so later.
class Log {
 public:
  explicit Log(const LogOptions& options);

  /// The same log for a part of the program: its lines say component=NAME.
  [[nodiscard]] Log component(std::string_view name) const;

  using Fields = std::initializer_list<Field>;
  using Where = std::source_location;
  void debug(std::string_view message, Fields fields = {}, const Where& where = Where::current()) const;
  void info(std::string_view message, Fields fields = {}, const Where& where = Where::current()) const;
  void warn(std::string_view message, Fields fields = {}, const Where& where = Where::current()) const;
  void error(std::string_view message, Fields fields = {}, const Where& where = Where::current()) const;

  /// Lines written so far: debug, info, warn, error.
  /// Tells of lines that were left out and have not come again; to be called now and then, so that it is not told long after.
  void settle() const;

  using Counts = std::array<std::pair<const char*, std::uint64_t>, log_level_count>;
  [[nodiscard]] Counts counts() const;
  /// Lines left out as repetitions.
  [[nodiscard]] Counts left_out() const;

 private:
  struct Impl;
  void write(LogLevel level, std::string_view message, Fields fields, const Where& where) const;

  std::shared_ptr<Impl> impl_;
  std::string component_;
};

}  // namespace pilotwatch::runtime
