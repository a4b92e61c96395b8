// SPDX-License-Identifier: Apache-2.0
#include "runtime/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "base/guarded.h"
#include "runtime/log_repeats.h"

namespace pilotwatch::runtime {
namespace {

constexpr std::array<const char*, log_level_count> names = {"debug", "info", "warn", "error"};
constexpr std::array<const char*, log_level_count> labels = {"DEBUG", "INFO", "WARN", "ERROR"};
constexpr std::array<const char*, log_level_count> journal_prefixes = {"<7>", "<6>", "<4>", "<3>"};
constexpr std::array<spdlog::level::level_enum, log_level_count> spdlog_levels = {
    spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};

std::size_t index(LogLevel level) { return static_cast<std::size_t>(level); }

enum class Escape : std::uint8_t { json, go };

/// "\u0007" or "\x07".
std::string hex_escape(Escape escape, unsigned char c) {
  std::array<char, 8> out{};
  if (escape == Escape::json) {
    std::snprintf(out.data(), out.size(), "\\u%04x", c);
  } else {
    std::snprintf(out.data(), out.size(), "\\x%02x", c);
  }
  return out.data();
}

/// Between quotes, in the escapes that JSON and Go share; `escape`: of what is left.
void append_quoted(std::string& out, std::string_view text, Escape escape) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += hex_escape(escape, byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

/// logfmt leaves a value bare only where no reader can take it for something else.
bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F || c == '"' || c == '=' || c == '\\') return true;
  }
  return false;
}

void append_logfmt(std::string& out, std::string_view key, std::string_view value) {
  if (!out.empty()) out += ' ';
  out += key;
  out += '=';
  const std::string text = to_valid_utf8(value);
  if (needs_quotes(text)) {
    append_quoted(out, text, Escape::go);
  } else {
    out += text;
  }
}

void append_json(std::string& out, std::string_view key, std::string_view value, bool bare) {
  out += out.empty() ? '{' : ',';
  append_quoted(out, to_valid_utf8(key), Escape::json);
  out += ':';
  if (bare) {
    out += value;
  } else {
    append_quoted(out, to_valid_utf8(value), Escape::json);
  }
}

/// Always with milliseconds, so that columns line up and texts sort as times do.
std::string log_time(Instant now) {
  std::string text = format_rfc3339(now);
  if (text.find('.') == std::string::npos) text.insert(text.size() - 1, ".000");
  return text;
}

std::string source_of(const std::source_location& where) {
  std::string_view file = where.file_name();
  file.remove_prefix(file.rfind('/') + 1);  // npos + 1 = 0
  return std::string(file) + ':' + std::to_string(where.line());
}

spdlog::sink_ptr make_sink(std::ostream* out) {
  if (out != nullptr) return std::make_shared<spdlog::sinks::ostream_sink_mt>(*out, true);
  return std::make_shared<spdlog::sinks::stderr_sink_mt>();
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (name == names[i]) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

std::optional<LogFormat> parse_log_format(std::string_view name) {
  if (name == "logfmt") return LogFormat::logfmt;
  if (name == "json") return LogFormat::json;
  return std::nullopt;
}

LogOptions default_log_options() {
  LogOptions options;
  const char* const journal = std::getenv("JOURNAL_STREAM");  // NOLINT(concurrency-mt-unsafe): before any thread
  options.journal = journal != nullptr && *journal != '\0';
  return options;
}

struct Log::Impl {
  explicit Impl(const LogOptions& given)
      : options(given),
        logger("pilotwatch", make_sink(given.out)),
        clock(given.clock ? given.clock : &system_clock),
        steady(given.steady ? given.steady : &system_steady_clock()) {
    logger.set_pattern("%v");
    logger.set_level(spdlog::level::trace);
    logger.flush_on(spdlog::level::trace);
  }
  ~Impl() {
    const auto rest = repeats.with([](LogRepeats& known) { return known.settle_all(); });
    for (const auto& line : rest) write(line.level, line.text, line.left_out);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// `text`: everything behind the time. `repeated`: so often it was left out since it was written last.
  void write(std::size_t level, const std::string& text, std::uint64_t repeated) {
    counts[level].fetch_add(1, std::memory_order_relaxed);
    const bool json = options.format == LogFormat::json;
    std::string line;
    json ? append_json(line, "time", log_time(clock->now()), false) : append_logfmt(line, "time", log_time(clock->now()));
    line += json ? "," : " ";
    line += text;
    if (repeated > 0) {
      json ? append_json(line, "repeated", std::to_string(repeated), true)
           : append_logfmt(line, "repeated", std::to_string(repeated));
    }
    if (json) line += '}';
    if (options.journal) line.insert(0, journal_prefixes[level]);
    logger.log(spdlog_levels[level], spdlog::string_view_t(line.data(), line.size()));
  }

  LogOptions options;
  spdlog::logger logger;  // ours alone, not in spdlog's registry: nothing to shut down
  SystemClock system_clock;
  const Clock* clock;
  const SteadyClock* steady;
  Guarded<LogRepeats> repeats;
  std::array<std::atomic<std::uint64_t>, log_level_count> counts{}, left_out{};
};

Log::Log(const LogOptions& options) : impl_(std::make_shared<Impl>(options)) {}

Log Log::component(std::string_view name) const {
  Log copy = *this;
  copy.component_ = std::string(name);
  return copy;
}

void Log::debug(std::string_view message, Fields fields, const Where& where) const {
  write(LogLevel::debug, message, fields, where);
}
void Log::info(std::string_view message, Fields fields, const Where& where) const {
  write(LogLevel::info, message, fields, where);
}
void Log::warn(std::string_view message, Fields fields, const Where& where) const {
  write(LogLevel::warn, message, fields, where);
}
void Log::error(std::string_view message, Fields fields, const Where& where) const {
  write(LogLevel::error, message, fields, where);
}

void Log::write(LogLevel level, std::string_view message, Fields fields, const Where& where) const {
  if (level < impl_->options.level) return;
  const bool json = impl_->options.format == LogFormat::json;
  std::string text;
  const auto append = [&](std::string_view key, std::string_view value, bool bare) {
    json ? append_json(text, key, value, bare) : append_logfmt(text, key, value);
  };
  append("level", labels[index(level)], false);
  append("source", source_of(where), false);
  if (!component_.empty()) append("component", component_, false);
  append("msg", message, false);
  for (const Field& field : fields) append(field.key, field.value, field.bare);
  if (json) text.erase(0, 1);  // its brace: the time stands before it
  const bool may_repeat = level >= LogLevel::warn;
  std::optional<std::uint64_t> before = 0;
  const auto owed = impl_->repeats.with([&](LogRepeats& known) {
    const auto now = impl_->steady->now();
    if (may_repeat) before = known.take(text, index(level), now);
    return known.settle(now);
  });
  for (const auto& line : owed) impl_->write(line.level, line.text, line.left_out);
  if (before) return impl_->write(index(level), text, *before);
  impl_->left_out[index(level)].fetch_add(1, std::memory_order_relaxed);
}

void Log::settle() const {
  const auto owed = impl_->repeats.with([&](LogRepeats& known) { return known.settle(impl_->steady->now()); });
  for (const auto& line : owed) impl_->write(line.level, line.text, line.left_out);
}

Log::Counts Log::counts() const {
  Counts out{};
  for (std::size_t i = 0; i < log_level_count; ++i) out[i] = {names[i], impl_->counts[i].load(std::memory_order_relaxed)};
  return out;
}

Log::Counts Log::left_out() const {
  Counts out{};
  for (std::size_t i = 0; i < log_level_count; ++i)
    out[i] = {names[i], impl_->left_out[i].load(std::memory_order_relaxed)};
  return out;
}

}  // namespace pilotwatch::runtime
