// SPDX-License-Identifier: Apache-2.0
#include "engine/decision_row.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/result.h"

namespace pilotwatch::engine {
namespace {

static_assert(std::endian::native == std::endian::little, "rows are written as they are in memory");

template <class T>
T load(const std::byte*& at) {
  T out;
  std::memcpy(&out, at, sizeof out);
  at += sizeof out;
  return out;
}

template <class T>
void store(std::byte*& at, const T& value) {
  std::memcpy(at, &value, sizeof value);
  at += sizeof value;
}

std::size_t values_of(const settings::Pilot& settings) {
  if (settings.task == settings::Task::quantile) return settings.quantiles.size();
  const bool by_class =
      settings.task == settings::Task::multiclass && settings.scores.by_class == settings::ByClass::keep;
  return by_class ? settings.classes.size() : 0;
}

}  // namespace

RowLayout::RowLayout(const settings::Pilot& settings)
    : numbers(settings::predicts_numbers(settings.task)),
      scores(settings.task == settings::Task::binary),
      ranks(std::any_of(settings.windows.begin(), settings.windows.end(),
                        [](const auto& window) { return window.kind == settings::WindowKind::count; })),
      groupings(settings.segments.groupings().size()),
      values(values_of(settings)) {
  PW_ASSERT(groupings <= max_groupings);
  bytes = groups_at + 2 * groupings + (numbers ? 8 : 2) + (scores ? 8 : 0) + 8 * values;
}

void RowLayout::pack(const Decision& d, std::byte* at) const {
  std::memset(at, 0, bytes);
  store(at, d.id);
  store(at, d.time);
  const bool listed = values > 0 && d.values.size() == values;
  store(at, static_cast<std::uint8_t>((d.has_predicted ? predicted : 0) | (d.failed ? failed : 0) |
                                      (d.has_score && scores ? scored : 0) | (listed ? has_values : 0)));
  PW_ASSERT(d.version <= 0xFF);
  store(at, static_cast<std::uint8_t>(d.version));
  for (std::size_t i = 0; i < groupings; ++i) store(at, d.groups[i]);
  if (numbers) {
    store(at, d.predicted);
  } else {
    store(at, static_cast<std::uint16_t>(d.predicted));
  }
  if (scores) store(at, d.score);
  for (std::size_t i = 0; listed && i < values; ++i) store(at, d.values[i]);
}

Decision RowLayout::unpack(const std::byte* at) const {
  Decision d;
  d.id = load<Id128>(at);
  d.time = load<Instant>(at);
  const auto flags = load<std::uint8_t>(at);
  d.has_predicted = (flags & predicted) != 0;
  d.failed = (flags & failed) != 0;
  d.has_score = (flags & scored) != 0;
  d.version = load<std::uint8_t>(at);
  d.groups = no_groups;
  for (std::size_t i = 0; i < groupings; ++i) d.groups[i] = load<std::uint16_t>(at);
  d.predicted = numbers ? load<double>(at) : load<std::uint16_t>(at);
  if (scores) d.score = load<double>(at);
  if (values > 0 && (flags & has_values) != 0) {
    d.values.resize(values);
    std::memcpy(d.values.data(), at, 8 * values);
  }
  return d;
}

}  // namespace pilotwatch::engine
