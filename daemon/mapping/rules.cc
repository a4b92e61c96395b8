// SPDX-License-Identifier: Apache-2.0
#include "mapping/rules.h"

#include <algorithm>

#include "mapping/field.h"
#include "mapping/rows.h"
#include "mapping/scope.h"

namespace pilotwatch::mapping {
namespace {

using record::Stream;
using settings::Condition;
using settings::MapRule;

/// In the order of record::Stream.
constexpr std::string_view type_names[] = {"prediction", "outcome",  "complaint", "complaint_update",
                                           "review",     "feedback", "change"};

/// An absent value equals "".
bool holds(const Condition& condition, const Scope& scope) {
  Json scratch;
  const auto* found = find(condition.at, scope, scratch);
  if (condition.present) return (found != nullptr) == *condition.present;
  if (found != nullptr && !is_scalar(*found)) return false;
  const auto text = found != nullptr ? text_of(*found) : std::string();
  return std::ranges::find(condition.among, text) != condition.among.end();
}

bool hold(const std::vector<Condition>& when, const Scope& scope) {
  return std::ranges::all_of(when, [&](const auto& condition) { return holds(condition, scope); });
}

/// Conditions of rules look at the foreign record, whatever the element.
Scope of_whole(const Scope& scope) { return {scope.whole, scope.whole, 0, 1, scope.cells_are_text, scope.received}; }

void apply_fields(const MapRule& rule, const Scope& scope, Json& record) {
  for (const auto& field : rule.fields) apply_field(field, scope, record);
}

Json record_of(const MapRule& base, const std::vector<const MapRule*>& over, const Scope& scope) {
  Json record;
  record["type"] = base.type;
  apply_fields(base, scope, record);
  for (const auto* rule : over) {
    if (hold(rule->when, of_whole(scope))) apply_fields(*rule, scope, record);
  }
  return record;
}

std::set<std::string> named_columns(const MapRule& rule) {
  std::set<std::string> out;
  for (const auto& field : rule.fields) {
    for (const auto& joined : field.from) {
      for (const auto& pointer : joined) {
        if (pointer.root == settings::Pointer::Root::element && pointer.steps.size() == 1)
          out.insert(pointer.steps.front());
      }
    }
  }
  return out;
}

}  // namespace

Stream stream_of_type(std::string_view type) {
  const auto found = std::ranges::find(type_names, type);
  return static_cast<Stream>(found - std::begin(type_names));  // behind the last: unknown
}

std::string_view type_of_stream(Stream stream) {
  return stream == Stream::unknown ? "" : type_names[static_cast<std::size_t>(stream)];
}

Rules::Rules(const settings::Mapping& mapping) {
  std::set<std::string_view> replaced;
  for (const auto& rule : mapping.rules) {
    if (rule.extends) {
      extending_.push_back(&rule);
      continue;
    }
    replaced.insert(rule.type);
    rules_.push_back({&rule, {}, named_columns(rule)});
  }
  for (const auto& rule : mapping.preset_rules) {
    if (replaced.contains(rule.type)) continue;
    Rule laid{&rule, {}, named_columns(rule)};
    for (const auto* over : extending_) {
      if (over->type == rule.type) laid.over.push_back(over);
    }
    rules_.push_back(std::move(laid));
  }
}

bool Rules::apply(const Json& foreign, bool cells_are_text, std::string_view received, const Sink& sink) const {
  bool any = false;
  for (const auto& rule : rules_) any = apply(rule, foreign, cells_are_text, received, sink) || any;
  return any;
}

bool Rules::apply(const Rule& rule, const Json& foreign, bool cells_are_text, std::string_view received,
                  const Sink& sink) const {
  const Scope whole{foreign, foreign, 0, 1, cells_are_text, received, &rule.named};
  bool any = false;
  const auto take = [&](const Json& element, std::size_t index, std::size_t rows) {
    const Scope scope{foreign, element, index, rows, cells_are_text, received, &rule.named};
    if (rule.base->each && !hold(rule.base->each->when, scope)) return;
    any = true;
    try {
      sink.record(record_of(*rule.base, rule.over, scope));
    } catch (Refusal& refusal) {
      if (rows > 1) refusal.detail = "element " + std::to_string(index) + ": " + refusal.detail;
      sink.refuse(stream_of_type(rule.base->type), std::move(refusal));
    }
  };
  if (!hold(rule.base->when, whole)) return false;
  if (!rule.base->each) {
    take(foreign, 0, 1);
    return any;
  }
  Json scratch;
  const auto* list = find(rule.base->each->at, whole, scratch);
  if (list == nullptr) return false;
  try {
    for_each_row(*list, rule.base->each->form, take);
  } catch (Refusal& refusal) {
    sink.refuse(stream_of_type(rule.base->type), std::move(refusal));
    return true;
  }
  return any;
}

void Rules::extend(const Json& foreign, bool cells_are_text, std::string_view type, Json& record) const {
  const Scope scope{foreign, foreign, 0, 1, cells_are_text, {}, nullptr};
  for (const auto* rule : extending_) {
    if (rule->type == type && hold(rule->when, scope)) apply_fields(*rule, scope, record);
  }
}

}  // namespace pilotwatch::mapping
