// SPDX-License-Identifier: Apache-2.0
#include "settings/load.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include <yaml-cpp/eventhandler.h>

#include "base/id.h"
#include "base/text.h"
#include "settings/sections.h"

namespace pilotwatch::settings {
namespace {

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

void read_pilots(const Value& value, Settings& out) {
  UniqueNames names;
  for (const auto& item : value.items()) {
    out.pilots.push_back(read_pilot(item, out.file, names));
  }
  if (value.node().IsSequence() && value.node().size() == 0) value.problem("needs at least one pilot");
}

void read_root(const Value& root, Settings& out) {
  MapReader map(root);
  if (const auto v = map.take("evaluation")) read_interval(*v, "interval", out.evaluation_interval);
  if (const auto v = map.take("storage")) read_interval(*v, "checkpoint_interval", out.checkpoint_interval);
  if (const auto v = map.take("ingest")) read_ingest(*v, out.ingest);
  if (const auto v = map.take("notify")) out.notify = read_notify(*v);
  const auto sources = map.take("sources");
  if (const auto v = map.require("pilots")) read_pilots(*v, out);
  // After the pilots, whose names they use.
  const bool pilots_are_sound =
      std::none_of(out.pilots.begin(), out.pilots.end(), [](const Pilot& p) { return p.name.empty(); }) &&
      !out.pilots.empty();
  if (sources) read_sources(*sources, pilots_are_sound, out);
  map.finish();
}

/// Bytes that are no text would travel on into labels and JSON.
bool is_text(std::string_view yaml, Problems& problems) {
  const auto valid = to_valid_utf8(yaml);
  if (valid == yaml) return true;
  const auto wrong = std::mismatch(yaml.begin(), yaml.end(), valid.begin(), valid.end()).first;
  YAML::Mark at;
  at.line = static_cast<int>(std::count(yaml.begin(), wrong, '\n'));
  const auto line_start = yaml.substr(0, static_cast<std::size_t>(wrong - yaml.begin())).rfind('\n') + 1;
  at.column = static_cast<int>(static_cast<std::size_t>(wrong - yaml.begin()) - line_start);
  problems.add(at, "", "is not valid UTF-8");
  return false;
}

/// Remembers where the root of a document is.
class RootMark final : public YAML::EventHandler {
 public:
  std::optional<YAML::Mark> mark;
  void OnDocumentStart(const YAML::Mark&) override { mark.reset(); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& at, YAML::anchor_t) override { first(at); }
  void OnAlias(const YAML::Mark& at, YAML::anchor_t) override { first(at); }
  void OnScalar(const YAML::Mark& at, const std::string&, YAML::anchor_t, const std::string&) override { first(at); }
  void OnSequenceStart(const YAML::Mark& at, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    first(at);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& at, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    first(at);
  }
  void OnMapEnd() override {}

 private:
  void first(const YAML::Mark& at) {
    if (!mark) mark = at;
  }
};

/// Where a second document begins. Not YAML::LoadAll: on text such as ", a}" at the top it finds documents without end.
std::optional<YAML::Mark> second_document(const std::string& yaml) {
  std::istringstream in(yaml);
  YAML::Parser parser(in);
  RootMark root;
  if (!parser.HandleNextDocument(root) || !parser.HandleNextDocument(root)) return std::nullopt;
  return root.mark.value_or(YAML::Mark{});
}

std::optional<YAML::Node> document(std::string_view yaml, Problems& problems) {
  if (!is_text(yaml, problems)) return std::nullopt;
  try {
    const std::string text(yaml);
    if (const auto mark = second_document(text)) problems.add(*mark, "", "a second YAML document; only one is read");
    const auto root = YAML::Load(text);
    if (!root.IsNull()) return root;
    problems.add({}, "", "the file is empty; it needs at least the key pilots");
  } catch (const YAML::Exception& e) {
    problems.add(e.mark, "", "not valid YAML: " + e.msg);
  }
  return std::nullopt;
}

Problem unreadable(const std::filesystem::path& file, const std::string& why) {
  return {file, 1, 1, "", "cannot be read: " + why};
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
  if (const auto root = document(yaml, problems)) read_root(Value(*root, root->Mark(), "", problems), out);
  if (problems.count() > 0) return std::move(problems).in_order();
  return out;
}

std::variant<Settings, std::vector<Problem>> load(const std::filesystem::path& file) {
  std::error_code ignored;
  // Opening a folder works; reading it throws somewhere inside iostreams.
  if (std::filesystem::is_directory(file, ignored)) return std::vector{unreadable(file, "is a folder")};
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::vector{unreadable(file, std::strerror(errno))};
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return parse(text, file);
}

}  // namespace pilotwatch::settings
