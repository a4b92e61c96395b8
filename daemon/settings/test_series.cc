// SPDX-License-Identifier: Apache-2.0
// YAML `tests[].records[]`: records in the wire format, with members whose values change from one to the next.
#include <algorithm>
#include <cmath>

#include "settings/test_span.h"
#include "settings/tests.h"
#include "settings/wire.h"

namespace pilotwatch::settings {
namespace {

/// Members of these are texts, also where they look like numbers: `model_version: 7`.
bool is_text(std::string_view member) {
  constexpr std::string_view texts[] = {"id",       "prediction_id", "part",   "model_version", "category", "channel",
                                        "incident", "step",          "source", "found_for",     "ai_shown", "reason",
                                        "audience", "theme",         "what",   "from",          "to"};
  return member.starts_with("segments.") || std::ranges::find(texts, member) != std::end(texts);
}

/// Of `V*N` the N, which is cut off; 1 where there is none.
std::optional<std::uint64_t> cut_times(std::string& text) {
  const auto star = text.rfind('*');
  if (star == std::string::npos || star + 1 == text.size()) return 1;
  const auto digits = text.substr(star + 1);
  if (digits.find_first_not_of("0123456789") != std::string::npos) return 1;
  const auto times = parse_all<std::uint64_t>(digits);
  if (!times || *times == 0 || *times > max_test_records) return std::nullopt;
  text.resize(star);
  return times;
}

/// "10..20"
std::optional<std::pair<std::string, double>> steps_of(const std::string& text) {
  const auto dots = text.find("..");
  if (dots == std::string::npos) return std::nullopt;
  const auto from = text.substr(0, dots), to = text.substr(dots + 2);
  const auto last = parse_all<double>(to);
  if (scalar_of(from, false).kind != Scalar::Kind::number || !last || !std::isfinite(*last)) return std::nullopt;
  return std::pair(from, *last);
}

std::uint64_t length_of(const TestMember& member) {
  std::uint64_t out = 0;
  for (const auto& run : member.runs) out += run.times;
  return out;
}

class SeriesReader {
 public:
  SeriesReader(const Value& value, const TestFrame& frame) : map_(value), frame_(frame) {}

  TestSeries read() {
    out_.place = position_of(map_.value());
    const auto type = read_type();
    out_.first = frame_.start;
    if (const auto value = map_.take("time")) out_.first = read_test_time(*value, frame_).value_or(frame_.start);
    const auto every = map_.take("every");
    if (every) out_.every = every->duration(Zero::allowed).value_or(out_.every);
    const auto times = map_.take("times");
    if (type) {
      members(wire_types()[*type]);
    } else {
      for (const auto& any : wire_types()) members(any);
    }
    number(times, every);
    map_.finish();
    return std::move(out_);
  }

 private:
  std::optional<std::size_t> read_type() {
    const auto value = map_.require("type");
    const auto type = value ? value->choice<std::size_t>(wire_type_names()) : std::nullopt;
    if (type) out_.type = wire_type_names()[*type];
    return type;
  }

  void members(const WireType& type) {
    for (const auto name : type.needed) {
      if (const auto value = out_.type.empty() ? map_.take(name) : map_.require(name)) member(name, *value);
    }
    for (const auto name : type.others) {
      if (const auto value = map_.take(name)) member(name, *value);
    }
  }

  void member(std::string_view name, const Value& value) {
    if (std::ranges::find(seen_, name) != seen_.end()) return;  // of an unknown type, whose members are those of all
    seen_.push_back(name);
    if (is_wire_time(name)) {
      out_.opened_at = read_test_time(value, frame_);
      return;
    }
    if (!is_wire_object(name) || !value.node().IsMap()) {
      if (name == "features" || name == "segments") return value.wrong("a map of names and values");
      return add(std::string(name), value);
    }
    MapReader object(value);
    for (const auto& [key, part] : object.take_all()) {
      if (known(name, key, part)) add(std::string(name) + "." + key, part);
    }
  }

  /// Whether the pilot has it; what it does not have the decoder would drop, and the test would be about nothing.
  [[nodiscard]] bool known(std::string_view object, const std::string& key, const Value& value) const {
    if (frame_.pilot == nullptr || (object != "features" && object != "segments")) return true;
    std::vector<std::string_view> names;
    if (object == "segments") {
      names.assign(frame_.pilot->segments.attributes.begin(), frame_.pilot->segments.attributes.end());
    } else {
      for (const auto& feature : frame_.pilot->features) names.push_back(feature.name);
    }
    if (std::ranges::find(names, key) != names.end()) return true;
    value.key_problem(in_quotes(key) + " is not a " + (object == "segments" ? "segment attribute" : "feature") +
                      " of the pilot" + instead(key, "configured", names));
    return false;
  }

  void add(std::string name, const Value& value) {
    TestMember out;
    out.name = std::move(name);
    out.listed = value.node().IsSequence();
    if (!out.listed) {
      if (auto one = read_scalar(value)) out.runs.push_back({typed(out.name, *std::move(one)), std::nullopt, 1});
    } else {
      for (const auto& item : value.items()) {
        if (auto run = read_run(out.name, item)) out.runs.push_back(*std::move(run));
      }
      if (value.node().size() == 0) value.problem("needs at least one value");
    }
    if (!out.runs.empty()) out_.members.push_back(std::move(out));
  }

  static Scalar typed(std::string_view member, Scalar value) {
    if (is_text(member)) value.kind = Scalar::Kind::text;
    return value;
  }

  static std::optional<TestRun> read_run(const std::string& member, const Value& item) {
    auto text = item.text();
    if (!text) return std::nullopt;
    const auto times = cut_times(*text);
    if (!times) {
      item.problem("is repeated 1 to " + std::to_string(max_test_records) + " times");
      return std::nullopt;
    }
    const bool quoted = is_quoted(item);
    if (!quoted && !is_text(member)) {
      if (const auto steps = steps_of(*text))
        return TestRun{{Scalar::Kind::number, steps->first}, steps->second, *times};
    }
    return TestRun{typed(member, scalar_of(*text, quoted)), std::nullopt, *times};
  }

  /// As many as `times` says, else as the longest list has values, else one.
  void number(const std::optional<Value>& times, const std::optional<Value>& every) {
    std::uint64_t longest = 0;
    for (const auto& m : out_.members) longest = std::max(longest, m.listed ? length_of(m) : 0);
    out_.times = std::max<std::uint64_t>(1, longest);
    if (times) out_.times = times->whole(Whole{1, max_test_records}).value_or(1);
    if (out_.times > max_test_records)
      map_.value().problem("has more than " + std::to_string(max_test_records) + " records");
    if (every && !times && longest == 0)
      every->key_problem("needs times: N beside it, or a member with a list of values");
    if (every && !is_bounded())
      every->problem("leads more than 20 years from the start of the test, " + format_rfc3339(frame_.start));
  }

  [[nodiscard]] bool is_bounded() const {
    const auto steps = static_cast<Millis::rep>(std::min(out_.times, max_test_records) - 1);
    return steps == 0 ||
           (out_.every <= 2 * longest_test / steps && is_within_test(out_.first + out_.every * steps, frame_.start));
  }

  MapReader map_;
  const TestFrame& frame_;
  std::vector<std::string_view> seen_;
  TestSeries out_;
};

}  // namespace

TestSeries read_series(const Value& value, const TestFrame& frame) { return SeriesReader(value, frame).read(); }

}  // namespace pilotwatch::settings
