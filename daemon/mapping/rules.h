// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/json.h"
#include "settings/mapping.h"

/// The rules of a source, its own and its preset's, as one list. Private to mapping/.
namespace pilotwatch::mapping {

/// Where the rules' results go.
struct Sink {
  std::function<void(const Json& record)> record;
  std::function<void(record::Stream stream, Refusal refusal)> refuse;
};

class Rules {
 public:
  /// `mapping` must outlive it.
  explicit Rules(const settings::Mapping& mapping);

  /// Applies every rule that holds for the foreign record. False: none made or refused anything. An element that
  /// cannot be mapped is refused by itself; throws Refusal where the record as a whole cannot.
  bool apply(const Json& foreign, bool cells_are_text, std::string_view received, const Sink& sink) const;
  /// Lays the rules that extend the record's type over a record that came from elsewhere.
  void extend(const Json& foreign, bool cells_are_text, std::string_view type, Json& record) const;

 private:
  struct Rule {
    const settings::MapRule* base;
    std::vector<const settings::MapRule*> over;
    std::set<std::string> named;  ///< columns that the fields name
  };
  bool apply(const Rule& rule, const Json& foreign, bool cells_are_text, std::string_view received,
             const Sink& sink) const;

  std::vector<Rule> rules_;
  std::vector<const settings::MapRule*> extending_;
};

/// `type` of a record as its stream; unknown where it is none.
[[nodiscard]] record::Stream stream_of_type(std::string_view type);
/// The other way round; "" for unknown.
[[nodiscard]] std::string_view type_of_stream(record::Stream stream);

}  // namespace pilotwatch::mapping
