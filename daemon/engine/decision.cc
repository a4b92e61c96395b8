// SPDX-License-Identifier: Apache-2.0
#include "engine/decision.h"

#include <algorithm>
#include <cmath>

namespace pilotwatch::engine {
namespace {

void write_groups(ByteWriter& out, const Groups& groups) {
  for (const auto group : groups) out.u64(static_cast<std::uint16_t>(group + 1));  // no_group: one byte
}

void read_groups(ByteReader& in, Groups& groups) {
  for (auto& group : groups) group = static_cast<std::uint16_t>(in.u64() - 1);
}

}  // namespace

bool is_error(const settings::Pilot& pilot, const Decision& d) {
  if (!d.labelled()) return false;
  switch (pilot.task) {
    case settings::Task::regression:
    case settings::Task::quantile:
      return std::abs(d.predicted - d.actual) >
             std::max(pilot.tolerance.absolute, pilot.tolerance.relative * std::abs(d.actual));
    case settings::Task::generative:
      return d.actual + 1 == static_cast<double>(pilot.classes.size());
    default:
      return d.predicted != d.actual;
  }
}

void ComplaintRow::write(ByteWriter& out) const {
  out.id(id);
  out.time(time);
  out.id(prediction_id);
  out.flag(names_prediction);
  out.flag(linked);
  out.u64(decision);
  out.u64(rank + 1);
  std::uint64_t flags = 0;
  for (const bool flag : {names_incident, leads, finding_seen, severe, standing.escalated, standing.resolved,
                          standing.reopened, standing.found != Instant::max(), standing.restored != Instant::max()}) {
    flags = flags << 1 | (flag ? 1U : 0U);
  }
  out.u64(flags << 2 | static_cast<std::uint64_t>(standing.finding));
  out.u64(category);
  if (standing.found != Instant::max()) out.time(standing.found);
  if (standing.restored != Instant::max()) out.time(standing.restored);
  if (names_incident) out.id(incident);
  write_groups(out, groups);
}

void ComplaintRow::read(ByteReader& in) {
  id = in.id();
  time = in.time();
  prediction_id = in.id();
  names_prediction = in.flag();
  linked = in.flag();
  decision = static_cast<std::uint32_t>(in.u64());
  rank = in.u64() - 1;
  auto flags = in.u64();
  if ((flags & 3) > static_cast<std::uint64_t>(ComplaintFinding::not_for_person)) throw CorruptBytes("unknown finding");
  standing.finding = static_cast<ComplaintFinding>(flags & 3);
  flags >>= 2;
  bool is_found = false, is_restored = false;
  for (bool* flag : {&is_restored, &is_found, &standing.reopened, &standing.resolved, &standing.escalated, &severe,
                     &finding_seen, &leads, &names_incident}) {
    *flag = (flags & 1) != 0;
    flags >>= 1;
  }
  const auto index = in.u64();
  if (index > no_category) throw CorruptBytes("unknown category");
  category = static_cast<std::uint16_t>(index);
  if (is_found) standing.found = in.time();
  if (is_restored) standing.restored = in.time();
  if (names_incident) incident = in.id();
  read_groups(in, groups);
}

}  // namespace pilotwatch::engine
