// SPDX-License-Identifier: Apache-2.0
// Predictions that come in two parts: joined before anything else sees them.
#include "engine/pilot.h"

namespace pilotwatch::engine {

using record::Part;

Disposition PilotState::apply_half(const record::Batch& batch, const record::Prediction& p) {
  if (decisions_.find(p.id)) {
    // A decision that was counted without this part, for it had not come: too late to change it, but no repeat.
    const auto lone = lone_.find(p.id);
    if (lone == lone_.end() || lone->second == p.part) return {.duplicate = true};
    lone_.erase(lone);
    ++counters_.parts_too_late;
    return {.late = true};
  }
  if (halves_.waits(p.id, p.part)) return {.duplicate = true};
  const auto other = p.part == Part::request ? Part::response : Part::request;
  if (!halves_.waits(p.id, other) && !room_for_decision()) return {.full = true};
  remember(p.time);
  // What comes after its time has passed, after an outage say, waits for its other part as long as others do.
  const bool late = now_ && p.time <= *now_ - settings_->lateness;
  auto whole = halves_.add(batch, p, late ? Halves::from_now_on : p.time);
  if (whole) return apply_prediction(whole->batch, whole->prediction);
  const auto due = late ? *now_ : p.time + settings_->lateness;
  if (!due_ || due < *due_) due_ = due;
  keep_parked();
  return {.late = closed(p.time)};
}

/// Those whose other part has not come within `lateness` are decisions as they are; before their windows close.
void PilotState::take_lone_halves(Instant waiting_from) {
  while (auto half = halves_.take_before(waiting_from)) decide_alone(std::move(*half));
}

void PilotState::decide_alone(OwnPrediction half) {
  const auto part = half.prediction.part;
  half.prediction.part = Part::whole;
  if (apply_prediction(half.batch, half.prediction).duplicate) return;
  lone_.emplace(half.prediction.id, part);
  ++counters_.parts_alone;
}

void PilotState::write_halves(ByteWriter& out) const {
  halves_.write(out);
  out.u64(lone_.size());
  for (const auto& [id, part] : lone_) {
    out.id(id);
    out.u64(static_cast<std::uint64_t>(part));
  }
}

void PilotState::read_halves(ByteReader& in) {
  halves_.read(in);
  for (auto left = in.count(17); left > 0; --left) {
    const auto id = in.id();
    const auto part = in.u64();
    if (part > static_cast<std::uint64_t>(Part::response)) throw CorruptBytes("unknown part of a prediction");
    lone_.emplace(id, static_cast<Part>(part));
  }
}

}  // namespace pilotwatch::engine
