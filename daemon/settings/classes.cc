// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "settings/sections.h"

namespace pilotwatch::settings {
namespace {

constexpr std::size_t max_classes = 1000, max_label_bytes = 256;

bool is_quoted(const YAML::Node& node) { return node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str"; }

/// 007 is a code, not a number; JSON would not write it so either.
bool looks_like_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  return digit(0) && !(text[0] == '0' && digit(1));
}

/// The canonical label of an unquoted scalar: the one that decode/ makes of the same JSON value.
std::string plain_label(const std::string& text, bool truth_values) {
  for (const auto* yes : {"true", "True", "TRUE"}) {
    if (text == yes) return truth_values ? "1" : "true";
  }
  for (const auto* no : {"false", "False", "FALSE"}) {
    if (text == no) return truth_values ? "0" : "false";
  }
  if (!looks_like_number(text)) return text;
  if (const auto whole = parse_all<std::int64_t>(text)) return std::to_string(*whole);
  const auto number = parse_all<double>(text);
  if (!number || !std::isfinite(*number)) return text;
  if (*number == std::floor(*number) && std::abs(*number) < 9e15)
    return std::to_string(static_cast<std::int64_t>(*number));
  return format_number(*number);
}

std::optional<std::string> read_label(const Value& value, bool truth_values) {
  auto text = value.filled_text();
  if (!text) return text;
  if (!is_quoted(value.node())) *text = plain_label(*text, truth_values);
  if (text->size() <= max_label_bytes) return text;
  value.problem("must be at most 256 bytes long");
  return std::nullopt;
}

std::vector<std::string> read_list(const Value& value, bool truth_values) {
  std::vector<std::string> out;
  UniqueNames names;
  for (const auto& item : value.items()) {
    if (auto label = read_label(item, truth_values)) {
      names.add(item, *label);
      out.push_back(std::move(*label));
    }
  }
  return out;
}

void check_number(const Value& list, Task task) {
  if (!list.node().IsSequence()) return;
  const auto size = list.node().size();
  if (task == Task::binary && size != 2) list.problem("a binary task has exactly two classes");
  if (task != Task::binary && (size < 2 || size > max_classes)) list.problem("must be 2 to 1000 classes");
}

}  // namespace

void read_burden(const Value& value, Pilot& pilot) {
  pilot.burden = read_label(value, true).value_or("");
  const std::vector<std::string_view> known(pilot.classes.begin(), pilot.classes.end());
  if (!pilot.burden.empty() && !known.empty()) value.must_be_known(pilot.burden, "one of the classes", known);
}

void read_classes(MapReader& map, std::optional<Task> task, Pilot& pilot) {
  const auto classes = task == Task::multiclass ? map.require("classes") : map.take("classes");
  const auto positive = map.take("positive");
  if (!task) return;
  if (positive && task != Task::binary) positive->key_problem("is only for task binary");
  if (classes && predicts_numbers(*task)) {
    classes->key_problem(std::string("is not for task ") + task_names[static_cast<std::size_t>(*task)] +
                         ", which predicts numbers");
  }
  if (predicts_numbers(*task)) return;
  const bool truth_values = task != Task::multiclass;
  if (classes) {
    pilot.classes = read_list(*classes, truth_values);
    check_number(*classes, *task);
  } else if (task == Task::binary) {
    pilot.classes = {"0", "1"};
  } else if (task == Task::generative) {
    pilot.classes = {"ok", "bad"};
  }
  if (task != Task::binary || pilot.classes.empty()) return;
  pilot.positive = pilot.classes.back();
  if (!positive) return;
  pilot.positive = read_label(*positive, truth_values).value_or("");
  const std::vector<std::string_view> known(pilot.classes.begin(), pilot.classes.end());
  if (!pilot.positive.empty()) positive->must_be_known(pilot.positive, "one of the classes", known);
}

}  // namespace pilotwatch::settings
