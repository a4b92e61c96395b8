// SPDX-License-Identifier: Apache-2.0
// Reviews and feedback in the state of one pilot. What each adds to the cells is added with a sign, as everywhere.
#include <algorithm>

#include "engine/pilot.h"

namespace pilotwatch::engine {
namespace {


}  // namespace

bool PilotState::closed(Instant time) const {
  return closed_before_ && calendar_.day_of(time) < *closed_before_;
}

/// The review in force; no_review where there is none.
std::uint32_t PilotState::review_of(const Id128& prediction_id) const {
  const auto head = review_by_prediction_.find(prediction_id);
  if (head == review_by_prediction_.end()) return ReviewRow::no_review;
  auto best = head->second;
  for (auto at = best; at != ReviewRow::no_review; at = reviews_[at].next) {
    if (reviews_[best].order() < reviews_[at].order()) best = at;
  }
  return best;
}

Disposition PilotState::apply_review(const record::Batch& batch, const record::Review& r) {
  const ReviewRow row{r.prediction_id, r.time,
                      r.content,       target(batch, r.final),
                      r.opened_at,     r.ai_shown != record::AiShown::never,
                      r.seeded,        ReviewRow::no_review};
  const auto slot = decisions_.find(r.prediction_id);
  if (!slot) return park_review(r.prediction_id, row);
  const auto head = review_by_prediction_.find(r.prediction_id);
  const bool fresh = head == review_by_prediction_.end();
  for (auto at = fresh ? ReviewRow::no_review : head->second; at != ReviewRow::no_review; at = reviews_[at].next) {
    if (reviews_[at].order() == row.order()) return {.duplicate = true};
  }
  if (full()) return {.full = true};
  const auto before = review_of(r.prediction_id);
  add_review(row);
  ++counters_.reviews;
  if (!fresh) ++counters_.reviews_corrected;
  remember(r.time);
  const Decision d = decisions_[*slot];
  if (before == ReviewRow::no_review || reviews_[before].order() < row.order()) {
    if (before != ReviewRow::no_review) count_review(d, reviews_[before], -1, Where::everywhere);
    count_review(d, row, 1, Where::everywhere);
  }
  return {.late =
              now_ && *now_ >= start_of(settings_->time_zone, day_of(settings_->time_zone, d.time) + 1) + maturity()};
}

Disposition PilotState::park_review(const Id128& prediction_id, const ReviewRow& row) {
  const auto* rows = parked_reviews_.find(prediction_id);
  const bool fresh = rows == nullptr;
  if (!fresh && std::any_of(rows->begin(), rows->end(), [&](const auto& r) { return r.order() == row.order(); }))
    return {.duplicate = true};
  if (full()) return {.full = true};
  parked_reviews_.add(prediction_id, row);
  keep_parked();
  ++counters_.reviews;
  if (!fresh) ++counters_.reviews_corrected;
  remember(row.time);
  return {};
}

/// Of a known decision; another one before those that there are.
void PilotState::add_review(ReviewRow row) {
  auto& head = review_by_prediction_.emplace(row.prediction_id, ReviewRow::no_review).first->second;
  row.next = head;
  head = reviews_.push(row);
}

/// The decision that reviews have waited for has come.
void PilotState::join_reviews(const Decision& d) {
  const auto rows = parked_reviews_.take(d.id);
  if (rows.empty()) return;
  for (const auto& row : rows) add_review(row);
  count_review(d, reviews_[review_of(d.id)], 1, Where::everywhere);
}

void PilotState::count_review(const Decision& d, const ReviewRow& r, std::int64_t sign, Where where) {
  SideCounts add;
  if (d.has_predicted) {
    Decision final = d;  // were the person's decision the truth, would the output be wrong?
    final.actual = r.final;
    final.has_outcome = true;
    const bool differs = is_error(*settings_, final);
    if (r.seeded) {
      add.add(Side::seeded, sign);
      if (differs) add.add(Side::seeded_caught, sign);
    } else if (r.shown) {
      add.add(Side::reviews, sign);
      if (differs) add.add(Side::overrides, sign);
      if (differs && settings_->task == settings::Task::binary)
        add.add(d.predicted == burden_ ? Side::relieving : Side::aggravating, sign);
    }
  }
  if (r.opened_at) {
    add.add(Side::timed, sign);
    if (r.time - *r.opened_at < settings_->review_min_time) add.add(Side::short_reviews, sign);
  }
  if (add.empty()) return;
  each_scope(d.time, d.rank, d.version, d.groups, where, [&](Tally& tally) { tally.side += add; });
}

Disposition PilotState::apply_feedback(const record::Feedback& f) {
  if (feedback_ids_.contains(f.id)) return {.duplicate = true};
  if (full()) return {.full = true};
  feedback_ids_.insert(f.id);
  const FeedbackRow row{f.id, f.time, f.audience, f.stance};
  const auto slot = feedback_.push(row);
  ++counters_.feedback[static_cast<std::size_t>(f.audience)];
  count_feedback(row, no_rank, Where::everywhere);
  remember(f.time);
  if (ordered()) await_order(OrderKey{f.time, Ordered::feedback, f.id}, Waiting{slot, true});
  return {.late = closed(f.time)};
}

/// Of the whole pilot, in the window of its own time: in no version and no group, so that no difference of figures
/// narrows down who said it.
void PilotState::count_feedback(const FeedbackRow& f, std::uint64_t rank, Where where) {
  const bool staff = f.audience == record::Audience::staff;
  each_scope(f.time, rank, 0, no_groups, where, [&](Tally& tally) {
    tally.side.add(staff ? Side::staff_feedback : Side::public_feedback, 1);
    if (!f.stance) return;
    tally.side.add(staff ? Side::staff_stances : Side::public_stances, 1);
    tally.side.add(staff ? Side::staff_stance_sum : Side::public_stance_sum, *f.stance);
  });
}

void PilotState::write_side(ByteWriter& out) const {
  out.u64(updates_.size());
  for (const auto& [id, updates] : updates_) {
    out.id(id);
    out.u64(updates.size());
    for (const auto& update : updates) update.write(out);
  }
  out.u64(changes_.size());
  for (const auto& [id, change] : changes_) {
    out.id(id);
    change.write(out);
  }
  out.u64(version_starts_.size());
  for (const auto& start : version_starts_) {
    out.flag(start.first.has_value());
    if (start.first) out.time(*start.first);
    out.flag(start.judged);
    out.flag(start.unannounced);
  }
}

void PilotState::read_side(ByteReader& in) {
  for (auto left = in.count(17); left > 0; --left) {
    const auto id = in.id();
    auto& updates = updates_[id];
    for (auto rows = in.count(3); rows > 0; --rows) {
      UpdateRow update;
      update.read(in);
      updates.insert(update);
    }
    update_rows_ += updates.size();
  }
  for (auto left = in.count(20); left > 0; --left) {
    const auto id = in.id();
    changes_[id].read(in);
  }
  version_starts_.resize(in.count(3));
  if (version_starts_.size() > versions_.size()) throw CorruptBytes("more starts than versions");
  for (auto& start : version_starts_) {
    if (in.flag()) start.first = in.time();
    start.judged = in.flag();
    start.unannounced = in.flag();
  }
}

/// What is found again from the tables, when all of them are loaded.
void PilotState::index_side() {
  for (std::uint32_t slot = 0; slot < complaints_.size(); ++slot) {
    const auto& row = complaints_[slot];
    if (row.names_incident && row.leads) incident_leader_.emplace(row.incident, slot);
    if (!row.linked) continue;
    if (row.decision >= decisions_.size()) throw CorruptBytes("a complaint about a decision that is not there");
    linked_complaints_[row.decision].push_back(slot);
  }
  for (std::uint32_t slot = 0; slot < reviews_.size(); ++slot) {
    const auto [head, fresh] = review_by_prediction_.emplace(reviews_[slot].prediction_id, slot);
    if (fresh) continue;
    reviews_.modify(slot).next = head->second;
    head->second = slot;
  }
  for (std::uint32_t slot = 0; slot < feedback_.size(); ++slot) feedback_ids_.insert(feedback_[slot].id);
}

}  // namespace pilotwatch::engine
