// SPDX-License-Identifier: Apache-2.0
#include "judge/limit_book.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "engine/window.h"
#include "judge/judge.h"

namespace pilotwatch::judge {
namespace {

using settings::Evidence;

class Text {
 public:
  void add(const char* key, const std::string& value) {
    if (value.empty()) return;
    (out_ += key) += ": ";
    for (const char c : value) {
      if (c == '\n' || c == '\\') out_ += '\\';
      out_ += c == '\n' ? 'n' : c;
    }
    out_ += '\n';
  }
  void add(const char* key, double value) { add(key, format_number(value)); }
  void add(const char* key, std::uint64_t value) { add(key, std::to_string(value)); }
  void add(const char* key, const std::optional<double>& value) {
    if (value) add(key, *value);
  }
  template <class E, std::size_t N>
  void add(const char* key, const char* const (&names)[N], E value) {
    add(key, std::string(names[static_cast<std::size_t>(value)]));
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

void add_budget(Text& out, const settings::Pilot& pilot, const settings::Limit& limit) {
  const auto& guarantee = pilot.guarantee;
  const auto over = guarantee.over_decisions > 0 ? std::to_string(guarantee.over_decisions) + " decisions"
                                                 : format_duration(guarantee.over);
  out.add("guarantee", "at most " + format_number(guarantee.false_alarm_probability) + " in " + over);
  out.add("budget_share", allotment(pilot, limit).share);
  if (limit.block > 0) out.add("block", limit.block);
  if (limit.period != settings::BlockPeriod::none) out.add("block", settings::block_period_names, limit.period);
  out.add("design_effect", limit.design_effect);
  out.add("range", limit.range);
}

void add_windows(Text& out, const settings::Limit& limit) {
  if (limit.evidence == Evidence::reference_chunks) {
    out.add("direction", settings::direction_names, limit.direction);
    out.add("sd", limit.chunks.sd);
    out.add("ddof", std::uint64_t{limit.chunks.ddof});
    out.add("compare_with", settings::chunk_compare_names, limit.chunks.leave_one_out ? 1 : 0);
    if (limit.chunks.own > 0) out.add("chunks", limit.chunks.own);
  }
  out.add("min_n", limit.min_n);
  if (limit.of > 1) out.add("times", std::to_string(limit.times) + " of " + std::to_string(limit.of));
  out.add("for", format_duration(limit.for_));
  out.add("keep_firing_for", format_duration(limit.keep_firing_for));
}

std::string short_hash(const std::string& text) { return content_hash(text).hex().substr(0, 16); }

/// The keys that only one has, or whose values differ.
std::vector<std::string> differences(const std::string& before, const std::string& after) {
  std::map<std::string, std::string> old;
  std::vector<std::string> out;
  for (const auto& [key, value] : definition_items(before)) old[key] = value;
  for (const auto& [key, value] : definition_items(after)) {
    const auto found = old.find(key);
    if (found == old.end() || found->second != value) out.push_back(key);
    if (found != old.end()) old.erase(found);
  }
  for (const auto& [key, value] : old) out.push_back(key);
  return out;
}

}  // namespace

std::string definition_text(const settings::Pilot& pilot, const settings::Limit& limit) {
  Text out;
  out.add("metric", settings::metric_names, limit.metric);
  out.add("feature", limit.feature);
  out.add("segment", limit.segment);
  out.add("compare", settings::compare_names, limit.compare);
  out.add("window", engine::window_name(limit.window));
  if (limit.metric != settings::Metric::drift) {
    out.add("max", limit.max);
    out.add("min", limit.min);
  }
  out.add("evidence", settings::evidence_names, limit.evidence);
  if (limit.evidence == Evidence::budget) {
    add_budget(out, pilot, limit);
  } else if (limit.evidence == Evidence::confidence_sequence) {
    out.add("alpha", limit.alpha);
  } else {
    add_windows(out, limit);
  }
  out.add("severity", settings::severity_names, limit.severity);
  for (const auto& [key, text] : {std::pair{"alertname", &limit.alertname}, std::pair{"owner", &limit.owner},
                                  std::pair{"reason", &limit.reason}, std::pair{"source", &limit.source},
                                  std::pair{"action", &limit.action}, std::pair{"runbook_url", &limit.runbook_url}}) {
    out.add(key, *text);
  }
  return out.take();
}

std::vector<std::pair<std::string, std::string>> definition_items(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> out;
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    const auto colon = text.find(": ", from);
    if (colon != std::string::npos && colon < end) {
      std::string value;
      for (auto at = colon + 2; at < end; ++at) {
        const bool escaped = text[at] == '\\' && at + 1 < end;
        if (escaped) ++at;
        value += escaped && text[at] == 'n' ? '\n' : text[at];
      }
      out.emplace_back(text.substr(from, colon - from), std::move(value));
    }
    from = end + 1;
  }
  return out;
}

LimitRecord& LimitBook::append(const record::LimitDefinition& definition, const LimitRecord* before, Instant wall) {
  LimitRecord out;
  out.pilot = definition.pilot;
  out.limit = definition.limit;
  out.text = definition.text;
  out.hash = definition.text.empty() ? "" : short_hash(definition.text);
  out.since_wall = wall;
  if (before != nullptr) out.previous = before->hash;
  out.changed = differences(before == nullptr ? "" : before->text, out.text);
  records_.push_back(std::move(out));
  return records_.back();
}

std::vector<LimitBook::Change> LimitBook::define(
    const std::vector<record::LimitDefinition>& all, Instant wall,
    const std::function<std::optional<Instant>(const std::string& pilot)>& now) {
  std::vector<Change> out;
  std::set<std::pair<std::string, std::string>> defined;
  for (const auto& definition : all) {
    const std::pair key{definition.pilot, definition.limit};
    if (!defined.insert(key).second) continue;
    const auto known = in_force_.find(key);
    const bool fresh = known == in_force_.end();
    const bool epoch = fresh || known->second.judgement != definition.judgement;
    if (!epoch && records_[known->second.record].text == definition.text) continue;
    const auto before = fresh ? std::nullopt : std::optional(records_[known->second.record]);
    auto& record = append(definition, before ? &*before : nullptr, wall);
    record.since = now(definition.pilot);
    record.epoch = epoch;
    const auto place = records_.size() - 1;
    in_force_[key] = {place, epoch ? place : known->second.epoch, definition.judgement};
    out.push_back({definition.pilot, definition.limit, record.previous, epoch});
  }
  for (auto at = in_force_.begin(); at != in_force_.end();) {
    if (defined.contains(at->first)) {
      ++at;
      continue;
    }
    const auto before = records_[at->second.record];
    auto& record = append({at->first.first, at->first.second, "", {}}, &before, wall);
    record.since = now(at->first.first);
    record.epoch = true;
    out.push_back({at->first.first, at->first.second, record.previous, true});
    at = in_force_.erase(at);
  }
  return out;
}

bool LimitBook::says(const std::vector<record::LimitDefinition>& all) const {
  return all.size() == in_force_.size() && std::all_of(all.begin(), all.end(), [&](const auto& definition) {
           const auto found = in_force_.find({definition.pilot, definition.limit});
           return found != in_force_.end() && found->second.judgement == definition.judgement &&
                  records_[found->second.record].text == definition.text;
         });
}

const LimitRecord* LimitBook::find(const std::string& pilot, const std::string& limit) const {
  const auto found = in_force_.find({pilot, limit});
  return found == in_force_.end() ? nullptr : &records_[found->second.record];
}

const LimitRecord* LimitBook::epoch_of(const std::string& pilot, const std::string& limit) const {
  const auto found = in_force_.find({pilot, limit});
  return found == in_force_.end() ? nullptr : &records_[found->second.epoch];
}

std::optional<Id128> LimitBook::judgement(const std::string& pilot, const std::string& limit) const {
  const auto found = in_force_.find({pilot, limit});
  return found == in_force_.end() ? std::nullopt : std::optional(found->second.judgement);
}

void LimitBook::write(ByteWriter& out) const {
  out.u64(records_.size());
  for (const auto& r : records_) {
    for (const auto* text : {&r.pilot, &r.limit, &r.hash, &r.previous, &r.text}) out.text(*text);
    out.flag(r.since.has_value());
    if (r.since) out.time(*r.since);
    out.time(r.since_wall);
    out.flag(r.epoch);
    out.u64(r.changed.size());
    for (const auto& key : r.changed) out.text(key);
  }
  out.u64(in_force_.size());
  for (const auto& [key, in_force] : in_force_) {
    out.text(key.first);
    out.text(key.second);
    out.u64(in_force.record);
    out.u64(in_force.epoch);
    out.id(in_force.judgement);
  }
}

void LimitBook::read(ByteReader& in) {
  records_.assign(in.count(9), {});
  for (auto& r : records_) {
    for (auto* text : {&r.pilot, &r.limit, &r.hash, &r.previous, &r.text}) *text = in.text();
    if (in.flag()) r.since = in.time();
    r.since_wall = in.time();
    r.epoch = in.flag();
    r.changed.resize(in.count());
    for (auto& key : r.changed) key = in.text();
  }
  in_force_.clear();
  for (auto left = in.count(20); left > 0; --left) {
    const std::string pilot(in.text()), limit(in.text());
    InForce own;
    own.record = in.u64();
    own.epoch = in.u64();
    own.judgement = in.id();
    if (own.record >= records_.size() || own.epoch >= records_.size()) throw CorruptBytes("no such record of a limit");
    in_force_[{pilot, limit}] = own;
  }
}

}  // namespace pilotwatch::judge
