// SPDX-License-Identifier: Apache-2.0
#include "engine/halves.h"

#include <algorithm>
#include <unordered_map>

#include "record/entry.h"

namespace pilotwatch::engine {
namespace {

using record::Part;
using record::Prediction;
using record::StringRef;

/// Moves a prediction's strings from one batch to another.
class Moving {
 public:
  Moving(const record::Batch& from, record::Batch& to) : from_(from), to_(to) {}

  void move(Prediction& p) {
    move(p.model_version);
    move(p.prediction);
    for (auto* numbers : {&p.quantiles, &p.scores}) {
      for (auto& number : *numbers) move(number.name);
    }
    for (auto& feature : p.features) {
      move(feature.name);
      move(feature.value);
    }
    for (auto& segment : p.segments) {
      move(segment.name);
      move(segment.value);
    }
  }

 private:
  void move(StringRef& ref) {
    if (ref == record::no_string) return;
    const auto [known, fresh] = moved_.try_emplace(ref, static_cast<StringRef>(to_.strings.size()));
    if (fresh) to_.strings.push_back(from_.text(ref));
    ref = known->second;
  }
  void move(record::Value& value) {
    if (auto* ref = std::get_if<StringRef>(&value)) move(*ref);
  }

  const record::Batch& from_;
  record::Batch& to_;
  std::unordered_map<StringRef, StringRef> moved_;
};

/// `into` where it says nothing.
template <class T>
void fill(T& into, T& from) {
  if (into == T{}) into = std::move(from);
}
void fill(record::Value& into, record::Value& from) {
  if (std::holds_alternative<std::monostate>(into)) into = from;
}
/// What `into` has no member of that name for.
template <class T>
void add_missing(const record::Batch& batch, std::vector<T>& into, const std::vector<T>& from) {
  const auto own = into.size();
  for (const auto& item : from) {
    const auto end = into.begin() + static_cast<std::ptrdiff_t>(own);
    const auto& name = batch.text(item.name);
    if (std::none_of(into.begin(), end, [&](const T& known) { return batch.text(known.name) == name; }))
      into.push_back(item);
  }
}

/// The request says what was asked and when, the response what was answered; what one of them leaves out the other
/// may say.
OwnPrediction join(OwnPrediction request, OwnPrediction response) {
  Moving(response.batch, request.batch).move(response.prediction);
  Prediction& asked = request.prediction;
  Prediction& answered = response.prediction;
  if (!answered.latency_ms && !asked.latency_ms && answered.time >= asked.time)
    asked.latency_ms = static_cast<double>((answered.time - asked.time).count());
  fill(answered.model_version, asked.model_version);
  fill(answered.prediction, asked.prediction);
  if (answered.quantiles.empty()) answered.quantiles = std::move(asked.quantiles);  // one forecast, not parts of two
  fill(answered.score, asked.score);
  if (answered.scores.empty()) answered.scores = std::move(asked.scores);
  fill(answered.latency_ms, asked.latency_ms);
  add_missing(request.batch, asked.features, answered.features);
  add_missing(request.batch, asked.segments, answered.segments);
  Prediction& out = answered;
  out.features = std::move(asked.features);
  out.segments = std::move(asked.segments);
  out.time = asked.time;
  out.weight = std::max(asked.weight, answered.weight);
  out.failed = asked.failed || answered.failed;
  out.part = Part::whole;
  return {std::move(request.batch), std::move(out)};
}

}  // namespace

bool Halves::waits(const Id128& id, Part part) const {
  const auto found = waiting_.find(id);
  return found != waiting_.end() && found->second.half.prediction.part == part;
}

std::optional<OwnPrediction> Halves::add(const record::Batch& batch, const Prediction& half, Instant since) {
  OwnPrediction own;
  own.prediction = half;
  Moving(batch, own.batch).move(own.prediction);
  const auto found = waiting_.find(half.id);
  if (found == waiting_.end()) {
    order_.emplace(since, half.id);
    waiting_.emplace(half.id, Waiting{std::move(own), since});
    return std::nullopt;
  }
  auto other = std::move(found->second.half);
  drop(half.id);
  return half.part == Part::request ? join(std::move(own), std::move(other)) : join(std::move(other), std::move(own));
}

void Halves::settle(Instant now) {
  while (!order_.empty() && order_.rbegin()->first == from_now_on) {
    const auto id = order_.rbegin()->second;
    order_.erase(std::prev(order_.end()));
    order_.emplace(now, id);
    waiting_.at(id).since = now;
  }
}

std::optional<OwnPrediction> Halves::take_before(Instant time) {
  if (order_.empty() || order_.begin()->first > time) return std::nullopt;
  const auto found = waiting_.find(order_.begin()->second);
  auto out = std::move(found->second.half);
  drop(found->first);
  if (out.prediction.part == Part::request) out.prediction.failed = true;
  return out;
}

void Halves::drop(const Id128& id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  order_.erase({found->second.since, found->first});
  waiting_.erase(found);
}

std::optional<Instant> Halves::first() const {
  if (order_.empty() || order_.begin()->first == from_now_on) return std::nullopt;
  return order_.begin()->first;
}

/// Each in the journal's own form of a record.
void Halves::write(ByteWriter& out) const {
  out.u64(waiting_.size());
  for (const auto& [id, waiting] : waiting_) {
    record::Entry entry;
    auto& submission = entry.submissions.emplace_back();
    submission.batch.strings = waiting.half.batch.strings;
    submission.batch.records.push_back({.body = waiting.half.prediction});
    out.time(waiting.since);
    out.text(record::encode_entry(entry));
  }
}

void Halves::read(ByteReader& in) {
  for (auto left = in.count(1); left > 0; --left) {
    const auto since = in.time();
    auto entry = record::decode_entry(in.text());
    auto& batch = entry.submissions.at(0).batch;
    OwnPrediction own;
    own.prediction = std::get<Prediction>(batch.records.at(0).body);
    own.batch.strings = std::move(batch.strings);
    const auto id = own.prediction.id;
    order_.emplace(since, id);
    waiting_.emplace(id, Waiting{std::move(own), since});
  }
}

}  // namespace pilotwatch::engine
