// SPDX-License-Identifier: Apache-2.0
#include "sim/story.h"

#include <utility>

namespace pilotwatch::sim {
namespace {

std::string head(const char* type, const char* pilot, Instant time) {
  return std::string(R"({"type":")") + type + R"(","pilot":")" + pilot + R"(","time":")" + format_rfc3339(time) + '"';
}

}  // namespace

std::string Story::line(Instant now) {
  if (random_.one_in(25)) return damaged();
  if (later_.size() < 4 || random_.one_in(3)) decide(now);
  // Mostly the oldest, sometimes another one: so outcomes overtake their predictions.
  const auto at = random_.one_in(4) ? random_.below(later_.size()) : 0;
  auto out = std::move(later_[at]);
  later_.erase(later_.begin() + static_cast<std::ptrdiff_t>(at));
  return out + "\n";
}

std::string Story::pick(std::initializer_list<const char*> words) {
  return "\"" + std::string(*(words.begin() + random_.below(words.size()))) + "\"";
}

void Story::decide(Instant now) {
  const auto id = std::to_string(++cases_);
  const auto late = random_.one_in(6) ? random_.between(0, 3 * 3'600'000) : random_.between(0, 30'000);
  const auto time = now - Millis{late};
  if (random_.one_in(3)) return decide_demand(id, time);
  decide_letter(id, time);
  react(id, time);
}

void Story::decide_letter(const std::string& id, Instant time) {
  const auto label = random_.below(2);
  const bool wrong = random_.percent(bad_ ? 80 : 10);
  const auto x = random_.between(0, 99) + (bad_ ? 60 : 0);
  tell(head("prediction", "letters", time) + R"(,"id":")" + id + R"(","model_version":)" +
       (random_.one_in(50) ? "\"v2\"" : "\"v1\"") + R"(,"prediction":)" + std::to_string(label) +
       R"(,"features":{"x":)" + std::to_string(x) + R"(},"segments":{"region":)" + pick({"north", "south"}) + "}}");
  if (random_.percent(80)) {
    tell(head("outcome", "letters", time + std::chrono::minutes{random_.between(1, 8)}) + R"(,"id":")" + id +
         R"(","actual":)" + std::to_string(wrong ? 1 - label : label) + "}");
  }
}

void Story::decide_demand(const std::string& id, Instant time) {
  const auto value = random_.between(0, 50);
  const auto error = bad_ ? random_.between(5, 12) : random_.between(0, 3);
  tell(head("prediction", "demand", time) + R"(,"id":")" + id + R"(","prediction":)" + std::to_string(value) + "}");
  tell(head("outcome", "demand", time + std::chrono::minutes{1}) + R"(,"id":")" + id + R"(","actual":)" +
       std::to_string(value + error) + "}");
}

/// What people say and do about it.
void Story::react(const std::string& id, Instant time) {
  const auto later = time + std::chrono::minutes{random_.between(1, 20)};
  if (random_.one_in(bad_ ? 3 : 12)) {
    tell(head("complaint", "letters", later) + R"(,"id":"c)" + id + R"(","category":)" + pick({"wrong", "late"}) +
         (random_.one_in(2) ? R"(,"prediction_id":")" + id + "\"" : "") + "}");
    tell(head("complaint_update", "letters", later + std::chrono::minutes{5}) + R"(,"id":"c)" + id + R"(","step":)" +
         pick({"decided", "reopened", "settled"}) + R"(,"found_for":)" + pick({"person", "body"}) + "}");
  }
  if (random_.one_in(6)) {
    tell(head("review", "letters", later) + R"(,"prediction_id":")" + id + R"(","final":)" +
         std::to_string(random_.below(2)) + "}");
  }
  if (random_.one_in(8))
    tell(head("feedback", "letters", later) + R"(,"audience":"staff","stance":)" +
         std::to_string(random_.between(-2, 2)) + "}");
  if (random_.one_in(40)) tell(head("change", "letters", later) + R"(,"what":"model","to":"v2"})");
}

std::string Story::damaged() {
  switch (random_.below(5)) {
    case 0:
      return "{\"type\":\"prediction\",\"pilot\":\"letters\n";
    case 1:
      return R"({"type":"prediction","pilot":"nobody","id":"1","time":"2016-12-31T00:00:00Z"})"
             "\n";
    case 2:
      return R"({"type":"outcome","pilot":"letters","id":"1"})"
             "\n";
    case 3:
      return std::string(1500, 'x') + "\n";
    default:
      return "\xFF\xFE{}\n";
  }
}

}  // namespace pilotwatch::sim
