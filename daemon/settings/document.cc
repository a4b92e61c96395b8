// SPDX-License-Identifier: Apache-2.0
#include "settings/document.h"

#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/text.h"

namespace pilotwatch::settings {
namespace {

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

}  // namespace

std::optional<YAML::Node> document(std::string_view yaml, Problems& problems, const std::string& when_empty) {
  if (!is_text(yaml, problems)) return std::nullopt;
  try {
    const std::string text(yaml);
    if (const auto mark = second_document(text)) problems.add(*mark, "", "a second YAML document; only one is read");
    const auto root = YAML::Load(text);
    if (!root.IsNull()) return root;
    if (!when_empty.empty()) problems.add({}, "", "the file is empty; " + when_empty);
  } catch (const YAML::Exception& e) {
    problems.add(e.mark, "", "not valid YAML: " + e.msg);
  }
  return std::nullopt;
}

Result<std::string> read_text(const std::filesystem::path& file) {
  std::error_code ignored;
  // Opening a folder works; reading it throws somewhere inside iostreams.
  if (std::filesystem::is_directory(file, ignored)) return Error{"cannot be read: is a folder"};
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{std::string("cannot be read: ") + std::strerror(errno)};
  return Result<std::string>(boost::system::in_place_value, std::istreambuf_iterator<char>(in),
                             std::istreambuf_iterator<char>());
}

}  // namespace pilotwatch::settings
