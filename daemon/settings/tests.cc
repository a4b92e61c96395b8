// SPDX-License-Identifier: Apache-2.0
// YAML `tests`: records and what limits are expected to make of them.
#include "settings/tests.h"

#include <algorithm>

#include "settings/sections.h"
#include "settings/test_span.h"

namespace pilotwatch::settings {
namespace {

/// A Monday, so that weeks begin with the test.
constexpr std::chrono::local_days usual_start{std::chrono::year{2024} / 1 / 1};

/// States that a limit on windows can come to are not all: only evidence of decisions warns, only who waits recovers.
bool can_come_to(const Limit& limit, std::string_view state) {
  if (watches_decisions(limit.evidence)) return true;
  return state != "warning" && (state != "recovering" || limit.keep_firing_for > Millis{0});
}

/// Of what can only be after the begin.
std::optional<Instant> read_later_time(const Value& value, const TestFrame& frame) {
  const auto time = read_test_time(value, frame);
  if (!time || *time >= frame.start) return time;
  value.problem("is before the start of the test, " + format_rfc3339(frame.start));
  return std::nullopt;
}

class ExpectationReader {
 public:
  ExpectationReader(const Value& value, const TestFrame& frame) : map_(value), frame_(frame) {}

  TestExpectation read() {
    out_.place = position_of(map_.value());
    limit();
    const auto state = map_.take("state"), at = map_.take("at"), transitions = map_.take("transitions"),
               never = map_.take("never");
    const int ways = (state ? 1 : 0) + (transitions ? 1 : 0) + (never ? 1 : 0);
    if (map_.value().node().IsMap() && ways != 1)
      map_.value().problem(ways == 0 ? "needs one of state (with at), transitions, never"
                                     : "takes one of state, transitions, never, not several");
    if (state) out_.state = state_name(*state);
    if (at) out_.at = read_later_time(*at, frame_);
    if (state && !at) state->key_problem("needs at beside it: when");
    if (at && !state && ways > 0) at->key_problem("is only for state");
    if (transitions) steps(*transitions);
    if (never) never_of(*never);
    map_.finish();
    return std::move(out_);
  }

 private:
  static std::string state_name(const Value& value) {
    const auto index = value.choice<std::size_t>(limit_state_names);
    return index ? limit_state_names[*index] : "";
  }

  void limit() {
    const auto name = map_.require("limit"), group = map_.take("group");
    if (group) out_.group = group->filled_text().value_or("");
    const auto text = name ? name->text() : std::nullopt;
    if (!text) return;
    out_.limit = *text;
    if (frame_.pilot == nullptr) return;
    std::vector<std::string_view> known;
    for (const auto& l : frame_.pilot->limits) known.push_back(l.name);
    if (!name->must_be_known(*text, "a limit of the pilot", known)) return;
    const auto found = std::ranges::find(frame_.pilot->limits, *text, &Limit::name);
    about_ = &*found;
    if (!found->segment.empty() && !group)
      name->problem("is about the groups of " + found->segment + "; say which one (group: ...)");
    if (found->segment.empty() && group) group->key_problem("is only for limits on groups (segment)");
  }

  void steps(const Value& list) {
    out_.transitions.emplace();
    for (const auto& item : list.items()) out_.transitions->push_back(step(item));
  }

  TestStep step(const Value& item) const {
    TestStep out;
    if (!item.node().IsMap()) {
      out.to = state_name(item);
      return out;
    }
    MapReader map(item);
    if (const auto to = map.require("to")) out.to = state_name(*to);
    for (const auto& [key, when] :
         {std::pair{"at", &out.at}, std::pair{"after", &out.after}, std::pair{"by", &out.by}}) {
      if (const auto value = map.take(key)) *when = read_later_time(*value, frame_);
    }
    if (out.at && (out.after || out.by)) item.problem("takes at, or after and by");
    if (out.after && out.by && *out.after > *out.by) item.problem("after is later than by");
    map.finish();
    return out;
  }

  void never_of(const Value& value) {
    if (value.node().IsSequence()) {
      for (const auto& item : value.items()) out_.never.push_back(state_name(item));
      if (out_.never.empty()) return value.problem("needs at least one state");
    } else {
      out_.never.push_back(state_name(value));
    }
    if (about_ == nullptr ||
        std::ranges::any_of(out_.never, [&](const auto& state) { return can_come_to(*about_, state); }))
      return;
    value.problem("can never fail: a limit on windows is never warning, and recovering only with keep_firing_for");
  }

  MapReader map_;
  const TestFrame& frame_;
  const Limit* about_ = nullptr;  ///< null: the expectation names none that there is
  TestExpectation out_;
};

class TestReader {
 public:
  TestReader(const Value& value, bool pilots_are_sound, const Settings& settings)
      : map_(value), pilots_are_sound_(pilots_are_sound), settings_(settings) {}

  LimitTest read(UniqueNames& names) {
    out_.place = position_of(map_.value());
    name(names);
    pilot();
    start();
    if (const auto end = map_.take("end")) out_.end = read_later_time(*end, frame_);
    records();
    if (const auto list = map_.require("expect")) {
      for (const auto& item : list->items()) out_.expect.push_back(ExpectationReader(item, frame_).read());
      if (list->node().IsSequence() && list->node().size() == 0) list->problem("needs at least one expectation");
    }
    map_.finish();
    return std::move(out_);
  }

 private:
  void name(UniqueNames& names) {
    const auto value = map_.require("name");
    const auto text = value ? value->filled_text() : std::nullopt;
    if (!text) return;
    if (text->find_first_of("\r\n") != std::string::npos) value->problem("must be on one line");
    names.add(*value, *text);
    out_.name = *text;
  }

  void pilot() {
    const auto value = map_.require("pilot");
    const auto text = value ? value->text() : std::nullopt;
    if (!text) return;
    out_.pilot = *text;
    if (!pilots_are_sound_) return;
    std::vector<std::string_view> known;
    for (const auto& p : settings_.pilots) known.push_back(p.name);
    if (value->must_be_known(*text, "a pilot", known)) frame_.pilot = settings_.find(*text);
  }

  void start() {
    const auto zone = frame_.pilot == nullptr ? Zone() : frame_.pilot->time_zone;
    frame_.start = zone.start_of(usual_start);
    if (const auto value = map_.take("start")) {
      if (const auto time = value->node().IsScalar() ? parse_instant(value->node().Scalar(), zone) : std::nullopt) {
        frame_.start = *time;
      } else {
        value->wrong("a day, 2026-03-01, or a time, 2026-03-01T08:00:00+01:00");
      }
    }
    out_.start = frame_.start;
  }

  void records() {
    std::string file;
    map_.read("file", file, &Value::filled_text);
    if (!file.empty()) out_.file = (settings_.file.parent_path() / file).lexically_normal();
    std::uint64_t number = 0;
    if (const auto list = map_.take("records")) {
      for (const auto& item : list->items()) {
        out_.records.push_back(read_series(item, frame_));
        number += out_.records.back().times;
        if (number > max_test_records && number - out_.records.back().times <= max_test_records)
          item.problem("makes it more than " + std::to_string(max_test_records) + " records in one test");
      }
    }
  }

  MapReader map_;
  bool pilots_are_sound_;
  const Settings& settings_;
  TestFrame frame_;
  LimitTest out_;
};

}  // namespace

Position position_of(const Value& value) {
  const auto mark = value.mark();
  return {static_cast<std::uint32_t>(std::max(mark.line, 0) + 1),
          static_cast<std::uint32_t>(std::max(mark.column, 0) + 1)};
}

std::optional<Instant> read_test_time(const Value& value, const TestFrame& frame) {
  const auto text = value.node().IsScalar() && value.node().Scalar().size() <= 40 ? value.node().Scalar() : "";
  const auto zone = frame.pilot == nullptr ? Zone() : frame.pilot->time_zone;
  if (const auto time = parse_instant(text, zone)) {
    if (is_within_test(*time, frame.start)) return time;
    value.problem("is more than 20 years from the start of the test, " + format_rfc3339(frame.start));
    return std::nullopt;
  }
  const auto after = parse_duration(text);
  if (!after.has_error() && *after >= Millis{0} && *after <= longest_test) return frame.start + *after;
  value.wrong(
      "a time from the start on such as 7d or 1h30m (at most 20y), a day, 2026-03-01, or a time, "
      "2026-03-01T08:00:00+01:00");
  return std::nullopt;
}

void read_tests(const Value& list, bool pilots_are_sound, Settings& out) {
  UniqueNames names;
  for (const auto& item : list.items()) out.tests.push_back(TestReader(item, pilots_are_sound, out).read(names));
}

}  // namespace pilotwatch::settings
