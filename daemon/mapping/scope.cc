// SPDX-License-Identifier: Apache-2.0
#include "mapping/scope.h"

#include <charconv>

namespace pilotwatch::mapping {
namespace {

using settings::Pointer;

const Json* element_of(const Json& array, const std::string& step) {
  std::size_t index = 0;
  const auto end = step.data() + step.size();
  const auto parsed = std::from_chars(step.data(), end, index);
  const bool leading_zero = step.size() > 1 && step.front() == '0';
  if (parsed.ec != std::errc{} || parsed.ptr != end || leading_zero || index >= array.size()) return nullptr;
  return &array[index];
}

const Json* only_of(const Json& value, const Scope& scope) {
  if (value.is_array()) return value.size() == 1 ? &value.front() : nullptr;
  if (!value.is_object()) return nullptr;
  const Json* found = nullptr;
  for (const auto& [key, item] : value.get_ref<const Json::object_t&>()) {
    if (scope.named != nullptr && scope.named->contains(key)) continue;
    if (found != nullptr) return nullptr;
    found = &item;
  }
  return found;
}

const Json* walk(const Json& from, const std::vector<std::string>& steps) {
  const Json* at = &from;
  for (const auto& step : steps) {
    at = at->is_array() ? element_of(*at, step) : member(*at, step);
    if (at == nullptr) return nullptr;
  }
  return at;
}

}  // namespace

const Json* find(const Pointer& pointer, const Scope& scope, Json& scratch) {
  const Json* found = nullptr;
  switch (pointer.root) {
    case Pointer::Root::element:
      found = walk(scope.element, pointer.steps);
      break;
    case Pointer::Root::whole:
      found = walk(scope.whole, pointer.steps);
      break;
    case Pointer::Root::only:
      found = only_of(scope.element, scope);
      break;
    case Pointer::Root::index:
      if (scope.rows == 1) return nullptr;
      scratch = scope.index;
      return &scratch;
    case Pointer::Root::literal:
      scratch = pointer.steps.front();
      return &scratch;
    case Pointer::Root::received:
      if (scope.received.empty()) return nullptr;
      scratch = std::string(scope.received);
      return &scratch;
  }
  if (found == nullptr || found->is_null()) return nullptr;
  if (scope.cells_are_text && found->is_string() && found->get_ref<const std::string&>().empty()) return nullptr;
  return found;
}

}  // namespace pilotwatch::mapping
