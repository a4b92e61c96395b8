// SPDX-License-Identifier: Apache-2.0
#include "engine/halves.h"

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
template <class T>
void fill(std::vector<T>& into, std::vector<T>& from) {
  if (into.empty()) into = std::move(from);
}
void fill(record::Value& into, record::Value& from) {
  if (std::holds_alternative<std::monostate>(into)) into = from;
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
  fill(answered.quantiles, asked.quantiles);
  fill(answered.score, asked.score);
  fill(answered.scores, asked.scores);
  fill(answered.latency_ms, asked.latency_ms);
  fill(asked.features, answered.features);
  fill(asked.segments, answered.segments);
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
  return found != waiting_.end() && found->second.prediction.part == part;
}

std::optional<OwnPrediction> Halves::add(const record::Batch& batch, const Prediction& half) {
  OwnPrediction own;
  own.prediction = half;
  Moving(batch, own.batch).move(own.prediction);
  const auto found = waiting_.find(half.id);
  if (found == waiting_.end()) {
    order_.emplace(half.time, half.id);
    waiting_.emplace(half.id, std::move(own));
    return std::nullopt;
  }
  auto other = std::move(found->second);
  order_.erase({other.prediction.time, half.id});
  waiting_.erase(found);
  return half.part == Part::request ? join(std::move(own), std::move(other)) : join(std::move(other), std::move(own));
}

std::optional<OwnPrediction> Halves::take_before(Instant time) {
  if (order_.empty() || order_.begin()->first > time) return std::nullopt;
  const auto found = waiting_.find(order_.begin()->second);
  order_.erase(order_.begin());
  auto out = std::move(found->second);
  waiting_.erase(found);
  if (out.prediction.part == Part::request) out.prediction.failed = true;
  return out;
}

std::optional<Instant> Halves::first() const {
  return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
}

/// Each in the journal's own form of a record.
void Halves::write(ByteWriter& out) const {
  out.u64(waiting_.size());
  for (const auto& [id, own] : waiting_) {
    record::Entry entry;
    auto& submission = entry.submissions.emplace_back();
    submission.batch.strings = own.batch.strings;
    submission.batch.records.push_back({.body = own.prediction});
    out.text(record::encode_entry(entry));
  }
}

void Halves::read(ByteReader& in) {
  for (auto left = in.count(1); left > 0; --left) {
    auto entry = record::decode_entry(in.text());
    auto& batch = entry.submissions.at(0).batch;
    OwnPrediction own;
    own.prediction = std::get<Prediction>(batch.records.at(0).body);
    own.batch.strings = std::move(batch.strings);
    order_.emplace(own.prediction.time, own.prediction.id);
    waiting_.emplace(own.prediction.id, std::move(own));
  }
}

}  // namespace pilotwatch::engine
