// SPDX-License-Identifier: Apache-2.0
#include "settings/load.h"

#include <algorithm>

#include "base/id.h"
#include "settings/document.h"
#include "settings/sections.h"
#include "settings/tests.h"

namespace pilotwatch::settings {
namespace {

constexpr std::uint64_t min_decision_memory = 16ULL << 20;
constexpr std::uint64_t max_document = 4'000'000'000;  ///< what the JSON parser can address

void read_ingest(const Value& value, Ingest& out) {
  MapReader map(value);
  map.read("max_body_bytes", out.max_body_bytes, &Value::size, Whole{1, max_document});
  map.read("max_line_bytes", out.max_line_bytes, &Value::size, Whole{1, max_document});
  map.read("max_queue_requests", out.max_queue_requests, &Value::whole, Whole{1});
  map.read("max_queue_bytes", out.max_queue_bytes, &Value::size, Whole{1});
  map.read("max_queue_time", out.max_queue_time, &Value::duration, Zero::refused);
  map.read("dead_letters", out.dead_letters, &Value::whole, Whole{0, 1'000'000});
  map.read("dead_letter_text", out.dead_letter_text, &Value::flag);
  map.read("tap", out.tap, &Value::flag);
  if (const auto v = map.take("anonymous")) out.anonymous = v->flag();
  map.finish();
}

/// A section with one duration in it.
void read_interval(const Value& value, std::string_view key, Millis& out) {
  MapReader map(value);
  map.read(key, out, &Value::duration, Zero::refused);
  map.finish();
}

/// Below this the write-ahead log alone would have no room to be copied.
constexpr std::uint64_t least_store_bytes = 16ULL << 20;

void read_storage(const Value& value, Settings& out) {
  MapReader map(value);
  map.read("checkpoint_interval", out.checkpoint_interval, &Value::duration, Zero::refused);
  Millis retention{0};
  map.read("retention", retention, &Value::duration, Zero::refused);
  if (retention > Millis{0}) out.retention = retention;
  map.read("max_bytes", out.max_store_bytes, &Value::size, Whole{least_store_bytes});
  map.finish();
}

void read_memory(const Value& value, Settings& out) {
  MapReader map(value);
  map.read("decisions", out.decision_memory, &Value::size, Whole{min_decision_memory});
  map.finish();
}

void read_bounds(const Value& value, Settings& out) {
  MapReader map(value);
  map.read("pilots", out.max_pilots, &Value::whole, Whole{1, 100'000});
  map.read("series", out.max_series, &Value::whole, Whole{1000, 100'000'000});
  map.finish();
}

void read_pilots(const Value& value, Settings& out) {
  UniqueNames names;
  if (value.node().IsSequence() && value.node().size() > out.max_pilots) {
    value.problem("are " + std::to_string(value.node().size()) + ", more than bounds.pilots (" +
                  std::to_string(out.max_pilots) + "): each takes memory of its own");
    return;
  }
  for (const auto& item : value.items()) {
    out.pilots.push_back(read_pilot(item, out.file, names));
  }
  if (value.node().IsSequence() && value.node().size() == 0) value.problem("needs at least one pilot");
}

void read_root(const Value& root, Settings& out) {
  MapReader map(root);
  if (const auto v = map.take("evaluation")) read_interval(*v, "interval", out.evaluation_interval);
  if (const auto v = map.take("storage")) read_storage(*v, out);
  if (const auto v = map.take("memory")) read_memory(*v, out);
  if (const auto v = map.take("bounds")) read_bounds(*v, out);
  if (const auto v = map.take("ingest")) read_ingest(*v, out.ingest);
  if (const auto v = map.take("notify")) out.notify = read_notify(*v, out.file, out.max_store_bytes);
  out.notify.evaluation_interval = out.evaluation_interval;
  const auto sources = map.take("sources"), tests = map.take("tests");
  if (const auto v = map.require("pilots")) read_pilots(*v, out);
  // After the pilots, whose names they use.
  const bool pilots_are_sound =
      std::none_of(out.pilots.begin(), out.pilots.end(), [](const Pilot& p) { return p.name.empty(); }) &&
      !out.pilots.empty();
  if (sources) read_sources(*sources, pilots_are_sound, out);
  if (tests) read_tests(*tests, pilots_are_sound, out);
  map.finish();
}

}  // namespace

std::string to_string(const Problem& problem) {
  return problem.file.string() + ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column) + ": " +
         (problem.path.empty() ? "" : problem.path + ": ") + problem.message;
}

std::variant<Settings, std::vector<Problem>> parse(std::string_view yaml, const std::filesystem::path& file) {
  Problems problems(file);
  Settings out;
  out.file = file;
  out.hash = content_hash(yaml).hex();
  const auto root = document(yaml, problems, "it needs at least the key pilots");
  if (root) read_root(Value(*root, root->Mark(), "", problems), out);
  if (problems.count() > 0) return std::move(problems).in_order();
  return out;
}

std::variant<Settings, std::vector<Problem>> load(const std::filesystem::path& file) {
  const auto text = read_text(file);
  if (text.has_error()) return std::vector{Problem{file, 1, 1, "", text.error().what}};
  return parse(*text, file);
}

}  // namespace pilotwatch::settings
