// SPDX-License-Identifier: Apache-2.0
// Complaints and what becomes of them in the state of one pilot: links, categories, incidents, updates, harm.
#include <algorithm>

#include "engine/counting.h"
#include "engine/pilot.h"

namespace pilotwatch::engine {
namespace {

/// Where a complaint stands by all its updates: the last one that decides, reopens or withdraws it counts. A step with
/// a finding decides, whatever it is called; a decision without one leaves the finding unknown.
ComplaintFinding finding_of(const std::set<UpdateRow>& updates) {
  for (auto at = updates.rbegin(); at != updates.rend(); ++at) {
    if (at->found_for) {
      const bool person =
          *at->found_for == record::FoundFor::person || *at->found_for == record::FoundFor::partly_person;
      return person ? ComplaintFinding::for_person : ComplaintFinding::not_for_person;
    }
    if (at->step == record::Step::reopened || at->step == record::Step::withdrawn) return ComplaintFinding::open;
  }
  return ComplaintFinding::open;
}

/// And what else they say of it.
ComplaintStanding standing_of(const std::set<UpdateRow>& updates) {
  using record::FoundFor;
  using record::Step;
  ComplaintStanding out;
  out.finding = finding_of(updates);
  for (const auto& update : updates) {
    const bool person = update.found_for == FoundFor::person || update.found_for == FoundFor::partly_person;
    out.escalated = out.escalated || update.step == Step::escalated;
    out.reopened = out.reopened || update.step == Step::reopened;
    out.resolved = out.resolved || update.found_for || update.step == Step::decided || update.step == Step::settled ||
                   update.step == Step::closed;
    if (person) out.found = std::min(out.found, update.time);
    if (update.step == Step::restored) out.restored = std::min(out.restored, update.time);
  }
  return out;
}

}  // namespace

Disposition PilotState::apply_complaint(const record::Batch& batch, const record::Complaint& c) {
  if (complaint_by_id_.contains(c.id)) return {.duplicate = true};
  if (full()) return {.full = true};
  const auto slot = static_cast<std::uint32_t>(complaints_.size());
  complaint_by_id_.emplace(c.id, slot);

  ComplaintRow row;
  row.id = c.id;
  row.time = c.time;
  row.groups = group_indexes(batch, c.segments, "");
  row.names_prediction = c.prediction_id.has_value();
  if (c.prediction_id) {
    row.prediction_id = *c.prediction_id;
    const auto found = decisions_.find(*c.prediction_id);
    row.linked = found.has_value();
    if (found) row.decision = *found;
  }
  row.severe = c.severity && *c.severity >= settings_->complaints.severe;
  row.category = category_index(batch.text(c.category), row);
  row.names_incident = c.incident.has_value();
  row.incident = c.incident.value_or(Id128{});
  complaints_.push(row);
  lead_incident(slot);
  apply_known_updates(slot);
  ++counters_.complaints;
  if (row.linked) {
    count_harm(row.decision, -1, Where::everywhere);
    attach(row.decision, c.time);
    linked_complaints_[row.decision].push_back(slot);
    count_harm(row.decision, 1, Where::everywhere);
  }
  if (!row.linked) ++counters_.complaints_unlinked;
  if (row.names_prediction && !row.linked) complaints_waiting_[row.prediction_id].push_back(slot);
  const std::pair<std::string, std::string> kind{row.category == no_category ? "" : categories_[row.category].name,
                                                 c.severity ? std::to_string(*c.severity) : ""};
  bump(counters_.complaints_by, kind);
  raise(counters_.last_complaint, c.time);
  remember(c.time);
  count_complaint(complaints_[slot], 1);
  if (!row.linked && ordered()) await_order(OrderKey{c.time, Ordered::complaint, c.id}, Waiting{slot, true});
  const Instant cohort = row.linked ? decisions_.time(row.decision) : row.time;
  return {.late = closed_before_ && day_of(settings_->time_zone, cohort) < *closed_before_};
}

void PilotState::link_complaints(const Id128& prediction_id, std::uint32_t slot) {
  const auto found = complaints_waiting_.find(prediction_id);
  if (found == complaints_waiting_.end()) return;
  for (const auto complaint : found->second) {
    auto& row = complaints_.modify(complaint);
    take_back_unlinked(row);
    waiting_.erase(OrderKey{row.time, Ordered::complaint, row.id});
    row.linked = true;
    row.decision = slot;
    row.rank = no_rank;
    attach(slot, row.time);
    linked_complaints_[slot].push_back(complaint);
    count_complaint(row, 1);
    --counters_.complaints_unlinked;
  }
  complaints_waiting_.erase(found);
  count_harm(slot, 1, Where::everywhere);
}

void PilotState::attach(std::uint32_t slot, Instant complaint) {
  decisions_.add_complaint(slot, complaint);
}

/// The categories of complaints about a decision, each once, in order.
std::vector<std::string> PilotState::complained_about(std::uint32_t slot, Instant by) const {
  std::set<std::string> out;
  const auto linked = linked_complaints_.find(slot);
  if (linked == linked_complaints_.end()) return {};
  for (const auto complaint : linked->second) {
    const auto& row = complaints_[complaint];
    if (row.time <= by && row.category != no_category) out.insert(categories_[row.category].name);
  }
  return {out.begin(), out.end()};
}

void PilotState::add_complaint(Tally& tally, const ComplaintRow& c, std::int64_t sign) {
  tally.complaints += static_cast<std::uint64_t>(sign);
  if (c.category != no_category) tally.categories.add(c.category, sign);
  if (c.leads) tally.side.add(Side::incidents, sign);
  if (c.severe) tally.side.add(Side::severe, sign);
  const auto& standing = c.standing;
  if (standing.escalated) tally.side.add(Side::escalated, sign);
  if (standing.resolved || standing.reopened) tally.side.add(Side::resolved, sign);
  if (standing.reopened) tally.side.add(Side::reopened, sign);
  if (standing.finding == ComplaintFinding::open) return;
  tally.side.add(Side::decided, sign);
  if (standing.finding == ComplaintFinding::for_person) tally.side.add(Side::found_for_person, sign);
}

/// Changes what a counted complaint adds to its cells.
void PilotState::recount_complaint(std::uint32_t slot, const std::function<void(ComplaintRow&)>& change) {
  const ComplaintRow& row = complaints_[slot];
  if (row.linked) count_harm(row.decision, -1, Where::everywhere);
  count_complaint(row, -1);
  change(complaints_.modify(slot));
  count_complaint(row, 1);
  if (row.linked) count_harm(row.decision, 1, Where::everywhere);
}

/// An incident counts once, with its earliest complaint by (time, id); so the order of arrival does not matter. Before
/// the complaint of `slot` is counted.
void PilotState::lead_incident(std::uint32_t slot) {
  auto& row = complaints_.modify(slot);
  row.leads = true;
  if (!row.names_incident) return;
  const auto [leader, first] = incident_leader_.emplace(row.incident, slot);
  if (first) return;
  const auto& known = complaints_[leader->second];
  if (std::pair(known.time, known.id) < std::pair(row.time, row.id)) {
    row.leads = false;
    return;
  }
  recount_complaint(leader->second, [](ComplaintRow& c) { c.leads = false; });
  leader->second = slot;
}

/// What was said about the complaint before it came. Before it is counted.
void PilotState::apply_known_updates(std::uint32_t slot) {
  const auto& id = complaints_[slot].id;
  const auto rows = parked_updates_.take(id);
  if (rows.empty()) return;
  const std::set<UpdateRow> updates(rows.begin(), rows.end());
  complaints_.modify(slot).standing = standing_of(updates);
  update_rows_ += updates.size();
  updates_.emplace(id, updates);
  await_finding(id);
}

Disposition PilotState::apply_complaint_update(const record::ComplaintUpdate& u) {
  const UpdateRow update{u.time, u.step, u.found_for};
  const auto found = complaint_by_id_.find(u.complaint_id);
  if (found == complaint_by_id_.end()) return park_update(u.complaint_id, update);
  const auto known = updates_.find(u.complaint_id);
  if (known != updates_.end() && known->second.contains(update)) return {.duplicate = true};
  if (full()) return {.full = true};
  auto& updates = updates_[u.complaint_id];
  updates.insert(update);
  ++update_rows_;
  ++counters_.complaint_updates;
  remember(u.time);
  const auto standing = standing_of(updates);
  const auto& row = complaints_[found->second];
  if (standing != row.standing) recount_complaint(found->second, [&](ComplaintRow& c) { c.standing = standing; });
  if (u.found_for) await_finding(u.complaint_id);
  return {.late = closed(row.linked ? decisions_.time(row.decision) : row.time)};
}

Disposition PilotState::park_update(const Id128& complaint_id, const UpdateRow& row) {
  const auto* rows = parked_updates_.find(complaint_id);
  if (rows != nullptr && std::find(rows->begin(), rows->end(), row) != rows->end()) return {.duplicate = true};
  if (full()) return {.full = true};
  parked_updates_.add(complaint_id, row);
  keep_parked();
  ++counters_.complaint_updates;
  remember(row.time);
  return {};
}

/// Known already, or new. A late complaint can be the earliest of its category: then others may have figures of
/// their own.
std::uint16_t PilotState::category_index(const std::string& name, const ComplaintRow& row) {
  if (name.empty()) return no_category;
  const auto find = [this](const std::string& wanted) {
    return static_cast<std::size_t>(
        std::find_if(categories_.begin(), categories_.end(), [&](const Category& c) { return c.name == wanted; }) -
        categories_.begin());
  };
  auto index = find(name);
  // Those that the settings name always count, whatever else has come before.
  if (index == categories_.size() && categories_.size() >= settings_->bounds.categories &&
      !own_categories().contains(name)) {
    bump(counters_.label_overflows, std::string("category"));
    index = find(other_value);
    if (index == categories_.size()) categories_.push_back({other_value, Instant::max(), {}});
    return static_cast<std::uint16_t>(index);
  }
  const bool fresh = index == categories_.size();
  if (!fresh && std::pair(categories_[index].first, categories_[index].first_id) <= std::pair(row.time, row.id))
    return static_cast<std::uint16_t>(index);
  const auto before = category_names();
  if (fresh) categories_.push_back({name, row.time, row.id});
  categories_[index].first = row.time;
  categories_[index].first_id = row.id;
  auto after = category_names();
  after.resize(before.size());
  if (after != before) mark_all_stale();
  return static_cast<std::uint16_t>(index);
}

std::vector<std::string> PilotState::category_names() const {
  const auto& settings = settings_->complaints;
  auto named = own_categories();
  if (settings.categories.empty()) {
    std::vector<const Category*> order;
    for (const auto& category : categories_) order.push_back(&category);
    std::sort(order.begin(), order.end(), [](const Category* a, const Category* b) {
      return std::tie(a->first, a->first_id, a->name) < std::tie(b->first, b->first_id, b->name);
    });
    if (order.size() > settings.max_categories) order.resize(static_cast<std::size_t>(settings.max_categories));
    for (const auto* category : order) named.insert(category->name);
  }
  std::vector<std::string> out;
  for (const auto& category : categories_) out.push_back(named.contains(category.name) ? category.name : other_value);
  return out;
}

/// A decision that burdened somebody and was found wrong: how long it stood. Until it was restored or, where no record
/// says so, until it was found wrong; the earliest of its complaints counts.
void PilotState::count_harm(std::uint32_t slot, std::int64_t sign, Where where) {
  const auto linked = linked_complaints_.find(slot);
  if (linked == linked_complaints_.end()) return;
  const Decision d = decisions_[slot];
  if (settings_->task == settings::Task::binary && (!d.has_predicted || d.predicted != burden_)) return;
  Instant found = Instant::max(), restored = Instant::max();
  for (const auto complaint : linked->second) {
    const auto& standing = complaints_[complaint].standing;
    if (standing.finding != ComplaintFinding::for_person) continue;
    found = std::min(found, standing.found);
    restored = std::min(restored, standing.restored);
  }
  if (found == Instant::max()) return;
  const bool undone = restored != Instant::max();
  const auto lasted = std::max(Millis{0}, (undone ? restored : found) - d.time);
  const auto days = std::chrono::floor<std::chrono::days>(lasted).count();
  each_scope(d.time, d.rank, d.version, d.groups, where, [&](Tally& tally) {
    tally.side.add(Side::harmed, sign);
    tally.side.add(Side::harm_seconds, sign * std::chrono::floor<std::chrono::seconds>(lasted).count());
    if (!undone) return;
    tally.side.add(Side::restored, sign);
    tally.restore_days.add(static_cast<std::uint32_t>(std::min<std::int64_t>(days, 1'000'000)), sign);
  });
}

void PilotState::write_categories(ByteWriter& out) const {
  out.u64(categories_.size());
  for (const auto& category : categories_) {
    out.text(category.name);
    out.time(category.first);
    out.id(category.first_id);
  }
}

void PilotState::read_categories(ByteReader& in) {
  categories_.resize(in.count(18));
  for (auto& category : categories_) {
    category.name = in.text();
    category.first = in.time();
    category.first_id = in.id();
  }
}

}  // namespace pilotwatch::engine
