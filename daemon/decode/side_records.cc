// SPDX-License-Identifier: Apache-2.0
#include "decode/side_records.h"

#include <cmath>

#include "base/text.h"

namespace pilotwatch::decode {
namespace {

using record::Reason;
using record::Stream;
using simdjson::dom::element;

/// The canonical text of a record: its members in one order and one spelling, so that the same record written in
/// another way has the same hash. Each member stands behind its length, so that no two records have one text.
class Canonical {
 public:
  Canonical& add(std::string_view member) {
    ((text_ += std::to_string(member.size())) += ':') += member;
    return *this;
  }
  Canonical& add(Instant time) { return add(std::to_string(time.time_since_epoch().count())); }
  Canonical& add(const std::optional<Id128>& id) { return add(id ? id->hex() : std::string()); }

  /// The identity of a record without `id`: its content, or the place in the request that the client has named.
  [[nodiscard]] Id128 id(IdKind kind, const Given& given) const {
    auto domain = given.schema.id_domains[static_cast<std::size_t>(kind)];
    const auto& reading = given.reading;
    if (reading.idempotency_key.empty()) return reading.hasher.hash(domain += " by content", text_);
    return reading.hasher.hash(domain += " by request",
                               std::to_string(reading.line) + ':' + std::string(reading.idempotency_key));
  }
  /// Orders corrections of equal time, whatever the batch they came in: FNV-1a 64.
  [[nodiscard]] std::uint64_t order() const {
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : text_) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return hash;
  }

 private:
  std::string text_;
};

std::optional<Id128> given_id(const Given& given, std::string_view key, IdKind kind) {
  const auto* e = given.members.take(key);
  return e != nullptr ? std::optional(read_id(*e, key, kind, given.schema, given.reading)) : std::nullopt;
}

std::string given_text(const Given& given, std::string_view key) {
  const auto* e = given.members.take(key);
  return e != nullptr ? std::string(text(*e, key)) : std::string();
}

/// A version, a threshold: text or a number.
std::string given_label(const Given& given, std::string_view key) {
  const auto* e = given.members.take(key);
  return e != nullptr ? std::string(Label(*e, key, false).text()) : std::string();
}

record::ComplaintUpdate complaint_update(const Given& given) {
  record::ComplaintUpdate u;
  u.complaint_id = read_id(given.members.require("id"), "id", IdKind::complaint, given.schema, given.reading);
  u.time = given.time;
  u.step = read_choice<record::Step>(given.members.require("step"), "step", record::step_names);
  if (const auto* e = given.members.take("found_for"))
    u.found_for = read_choice<record::FoundFor>(*e, "found_for", record::found_for_names);
  return u;
}

record::Review review(const Given& given) {
  record::Review r;
  r.time = given.time;
  r.prediction_id =
      read_id(given.members.require("prediction_id"), "prediction_id", IdKind::decision, given.schema, given.reading);
  const auto& final = given.members.require("final");
  r.final = read_target(final, "final", given.schema, given.reading);
  const auto id = given_id(given, "id", IdKind::review);
  if (const auto* e = given.members.take("opened_at")) r.opened_at = read_time(*e, "opened_at");
  if (r.opened_at && *r.opened_at > r.time) refuse(Reason::time, "opened_at", "is after time, when it was decided");
  if (const auto* e = given.members.take("ai_shown"))
    r.ai_shown = read_choice<record::AiShown>(*e, "ai_shown", record::ai_shown_names);
  if (const auto* e = given.members.take("seeded")) r.seeded = boolean(*e, "seeded");
  // Checked, and never kept: it may say who and about whom.
  if (const auto* e = given.members.take("reason")) static_cast<void>(text(*e, "reason"));
  Canonical canonical;
  canonical.add(r.prediction_id)
      .add(Label(final, "final", given.schema.truth_values()).text())
      .add(record::ai_shown_names[static_cast<std::size_t>(r.ai_shown)])
      .add(r.seeded ? "seeded" : "")
      .add(id)
      .add(r.time);
  if (r.opened_at) canonical.add(*r.opened_at);
  r.id = id ? *id : canonical.id(IdKind::review, given);
  r.content = canonical.order();
  return r;
}

std::int8_t stance(const element& e) {
  const double value = number(e, "stance");
  if (value < -2 || value > 2 || value != std::floor(value))
    refuse(Reason::number, "stance", "must be -2, -1, 0, 1 or 2");
  return static_cast<std::int8_t>(value);
}

record::Feedback feedback(const Given& given) {
  record::Feedback f;
  f.time = given.time;
  f.audience = read_choice<record::Audience>(given.members.require("audience"), "audience", record::audience_names);
  const auto id = given_id(given, "id", IdKind::feedback);
  f.prediction_id = given_id(given, "prediction_id", IdKind::decision);
  const auto theme = given_text(given, "theme");
  f.theme = given.reading.intern(theme);
  if (const auto* e = given.members.take("stance")) f.stance = stance(*e);
  if (const auto* e = given.members.take("value")) f.value = number(*e, "value");
  Canonical canonical;
  canonical.add(record::audience_names[static_cast<std::size_t>(f.audience)])
      .add(f.prediction_id)
      .add(theme)
      .add(f.stance ? std::to_string(*f.stance) : "")
      .add(f.value ? format_number(*f.value) : "")
      .add(f.time);
  f.id = id ? *id : canonical.id(IdKind::feedback, given);
  return f;
}

record::Change change(const Given& given) {
  record::Change c;
  c.time = given.time;
  c.what = read_choice<record::What>(given.members.require("what"), "what", record::what_names);
  const auto id = given_id(given, "id", IdKind::change);
  const auto from = given_label(given, "from"), to = given_label(given, "to");
  c.from = given.reading.intern(from);
  c.to = given.reading.intern(to);
  if (const auto* e = given.members.take("announced")) c.announced = boolean(*e, "announced");
  Canonical canonical;
  canonical.add(record::what_names[static_cast<std::size_t>(c.what)])
      .add(from)
      .add(to)
      .add(c.announced ? (*c.announced ? "yes" : "no") : "")
      .add(c.time);
  c.id = id ? *id : canonical.id(IdKind::change, given);
  return c;
}

}  // namespace

SideRecord read_side_record(Stream stream, const Given& given) {
  switch (stream) {
    case Stream::complaint_updates:
      return complaint_update(given);
    case Stream::reviews:
      return review(given);
    case Stream::feedback:
      return feedback(given);
    default:
      return change(given);
  }
}

}  // namespace pilotwatch::decode
