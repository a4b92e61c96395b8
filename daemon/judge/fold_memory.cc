// SPDX-License-Identifier: Apache-2.0
// Which decisions leave memory: one bound for all pilots, and old decisions brought in before they are asked for.
#include <algorithm>
#include <map>

#include "judge/fold.h"

namespace pilotwatch::judge {
namespace {

constexpr std::size_t most_moved = std::size_t{16} << 20;  // by one checkpoint: it is in memory twice until it is written

/// The id of the prediction that the engine will look for; null where it will look for none.
const Id128* asked_for(const record::Record& record) {
  if (const auto* p = std::get_if<record::Prediction>(&record.body)) return &p->id;
  if (const auto* o = std::get_if<record::Outcome>(&record.body)) return &o->prediction_id;
  if (const auto* r = std::get_if<record::Review>(&record.body)) return &r->prediction_id;
  const auto* c = std::get_if<record::Complaint>(&record.body);
  return c != nullptr && c->prediction_id ? &*c->prediction_id : nullptr;
}

}  // namespace

void Fold::set_store(engine::ReadBlock read, std::uint64_t memory) {
  read_block_ = std::move(read);
  memory_ = memory;
  for (auto& pilot : engine_.pilots()) {
    pilot->set_store([read = read_block_, name = pilot->settings().name](const std::string& block) {
      constexpr std::string_view prefix = "block/";
      return read(std::string(prefix) + name + "/" + block.substr(prefix.size()));
    });
  }
}

void Fold::prepare(const record::Entry& entry) {
  if (!any_in_blocks()) return;
  std::map<engine::PilotState*, std::vector<Id128>> asked;
  for (auto& pilot : engine_.pilots()) {
    if (pilot->decisions().any_old()) asked[pilot.get()];
  }
  for (const auto& submission : entry.submissions) {
    record::StringRef last{};
    std::vector<Id128>* ids = nullptr;
    bool looked = false;
    for (const auto& record : submission.batch.records) {
      if (!looked || record.pilot != last) {
        const auto pilot = asked.find(engine_.find(submission.batch.text(record.pilot)));
        ids = pilot == asked.end() ? nullptr : &pilot->second;
        last = record.pilot;
        looked = true;
      }
      const auto* id = ids == nullptr ? nullptr : asked_for(record);
      if (id != nullptr) ids->push_back(*id);
    }
  }
  for (auto& [pilot, ids] : asked) pilot->prepare(ids);
}

void Fold::confirm(bool written) {
  for (auto& pilot : engine_.pilots()) pilot->confirm(written);
}

bool Fold::evict() {
  return std::any_of(engine_.pilots().begin(), engine_.pilots().end(), [](auto& pilot) { return pilot->evict(); });
}

void Fold::forget_blocks() {
  for (auto& pilot : engine_.pilots()) pilot->forget_blocks();
}

bool Fold::any_in_blocks() const {
  return std::any_of(engine_.pilots().begin(), engine_.pilots().end(),
                     [](const auto& pilot) { return pilot->decisions().any_in_blocks(); });
}

Fold::Memory Fold::memory() const {
  Memory out;
  out.limit = read_block_ ? memory_ : 0;
  for (const auto& pilot : engine_.pilots()) {
    const auto& decisions = pilot->decisions();
    out.bytes += decisions.bytes();
    out.decisions += decisions.in_memory();
    out.old += decisions.old().size();
    out.blocks_read += decisions.old().blocks_read();
    out.false_hits += decisions.old().false_hits();
    out.late_bytes += decisions.late_bytes();
    out.index_bytes += decisions.old().index_bytes();
    out.leaving += decisions.leaving();
    out.movable += decisions.movable();
  }
  return out;
}

/// The pilots that take most give most: each may keep as much as the others, so that three quarters of the bound are
/// taken then.
std::vector<engine::Relief> Fold::reliefs() const {
  const auto all = memory();
  std::vector<engine::Relief> out(engine_.pilots().size());
  if (all.limit == 0) return out;
  const auto kept = [](const engine::Decisions& decisions, std::size_t level) {
    const auto bytes = decisions.bytes() - std::min(decisions.bytes(), decisions.leaving());
    return std::max(std::min(bytes, level), bytes - std::min(bytes, decisions.movable()));
  };
  std::size_t low = 0, high = all.limit;
  while (low < high) {
    const auto level = low + (high - low + 1) / 2;
    std::size_t sum = 0;
    for (const auto& pilot : engine_.pilots()) sum += kept(pilot->decisions(), level);
    if (sum > all.limit / 4 * 3) {
      high = level - 1;
    } else {
      low = level;
    }
  }
  const bool late = all.late_bytes > all.limit / 16;
  auto left = std::clamp<std::size_t>(all.limit / 8, std::size_t{256} << 10, most_moved);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto& decisions = engine_.pilots()[i]->decisions();
    const auto bytes = decisions.bytes() - std::min(decisions.bytes(), decisions.leaving());
    out[i].rows = std::min(left, bytes - kept(decisions, low));
    left -= out[i].rows;
    // Its own part of a 32nd.
    if (late) out[i].late = static_cast<std::size_t>(static_cast<double>(all.limit) / 32 *
                                                     static_cast<double>(decisions.late_bytes()) / static_cast<double>(all.late_bytes));
  }
  return out;
}

}  // namespace pilotwatch::judge
