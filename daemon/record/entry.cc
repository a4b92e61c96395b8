// SPDX-License-Identifier: Apache-2.0
#include "record/entry.h"

#include <utility>

#include "base/bytes.h"

namespace pilotwatch::record {
namespace {

/// 1: predictions, outcomes, complaints; rejects of these three and of unknown streams.
/// 2: all streams, and how many of them, so that streams and reasons can be added without a new version.
/// 3: the limits in force, where they have changed. 4: ignored records, parts of predictions. 5: actions of people.
constexpr std::uint64_t oldest_version = 1;
constexpr std::uint64_t streams_of_version_1 = 4, reasons_of_version_1 = 11;

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : in_(bytes) {}

  Entry entry() {
    version_ = in_.u64();
    if (version_ < oldest_version || version_ > entry_version) throw CorruptBytes("entry of another version");
    Entry entry;
    entry.wall = in_.time();
    entry.submissions.resize(in_.count(4));
    for (auto& submission : entry.submissions) read(submission);
    if (version_ > 2 && in_.flag()) read(entry.limits.emplace());
    if (version_ > 4) {
      for (auto left = in_.count(3); left > 0; --left) entry.actions.push_back(action());
    }
    if (!in_.at_end()) throw CorruptBytes("bytes behind the entry");
    return entry;
  }

 private:
  void read(std::vector<LimitDefinition>& limits) {
    limits.resize(in_.count(19));
    for (auto& limit : limits) {
      for (auto* text : {&limit.pilot, &limit.limit, &limit.text}) *text = in_.text();
      limit.judgement = in_.id();
    }
  }

  Action action() {
    const auto kind = in_.u64();
    const auto text = [this] { return std::string(in_.text()); };
    std::string about = text(), author = text();
    switch (kind) {
      case 0: {
        const auto from = in_.time();
        const Millis lasts{in_.i64()};
        return PausePilot{std::move(about), from, lasts, std::move(author), text()};
      }
      case 1:
        return ResumePilot{std::move(about), in_.time(), std::move(author)};
      case 2:
        return AcknowledgeEpisode{std::move(about), std::move(author), text()};
      default:
        throw CorruptBytes("unknown action");
    }
  }

  void read(Submission& submission) {
    submission.source = in_.text();
    submission.bytes = in_.u64();
    submission.dropped_fields = in_.u64();
    if (version_ > 3) submission.ignored = in_.u64();
    read(submission.rejects);
    auto& batch = submission.batch;
    batch.strings.resize(in_.count());
    for (auto& text : batch.strings) text = in_.text();
    if (batch.strings.empty()) throw CorruptBytes("batch without strings");
    strings_ = batch.strings.size();
    batch.records.resize(in_.count(4));
    for (auto& record : batch.records) read(record);
  }

  /// Written: all streams but the last in their order, then `unknown`.
  void read(RejectCounts& rejects) {
    const auto streams = version_ == 1 ? streams_of_version_1 : in_.count();
    const auto reasons = version_ == 1 ? reasons_of_version_1 : in_.count(0);
    if (streams == 0 || streams > stream_count || reasons > reason_count)
      throw CorruptBytes("rejects of unknown streams or reasons");
    for (std::size_t s = 0; s < streams; ++s) {
      auto& counts = s + 1 == streams ? rejects.by_stream.back() : rejects.by_stream[s];
      for (std::size_t r = 0; r < reasons; ++r) counts[r] = in_.u64();
    }
  }

  void read(Record& record) {
    record.pilot = string();
    switch (in_.u64()) {
      case 0:
        record.body = prediction();
        break;
      case 1:
        record.body = outcome();
        break;
      case 2:
        record.body = complaint();
        break;
      case 3:
        record.body = complaint_update();
        break;
      case 4:
        record.body = review();
        break;
      case 5:
        record.body = feedback();
        break;
      case 6:
        record.body = change();
        break;
      default:
        throw CorruptBytes("unknown record type");
    }
  }

  StringRef string() {
    const auto ref = in_.u64();
    if (ref >= strings_) throw CorruptBytes("string outside the table");
    return static_cast<StringRef>(ref);
  }

  Value value() {
    switch (in_.u64()) {
      case 0:
        return std::monostate{};
      case 1:
        return in_.f64();
      case 2:
        return string();
      default:
        throw CorruptBytes("unknown kind of value");
    }
  }

  std::vector<NamedNumber> numbers() {
    std::vector<NamedNumber> out(in_.count(9));
    for (auto& item : out) {
      item.name = string();
      item.number = in_.f64();
    }
    return out;
  }

  std::vector<NamedText> texts() {
    std::vector<NamedText> out(in_.count(2));
    for (auto& item : out) {
      item.name = string();
      item.value = string();
    }
    return out;
  }

  std::optional<double> number() { return in_.flag() ? std::optional(in_.f64()) : std::nullopt; }
  std::optional<Id128> id() { return in_.flag() ? std::optional(in_.id()) : std::nullopt; }

  Prediction prediction() {
    Prediction p;
    p.id = in_.id();
    p.time = in_.time();
    p.model_version = string();
    p.prediction = value();
    p.quantiles = numbers();
    p.score = number();
    p.scores = numbers();
    p.features.resize(in_.count(2));
    for (auto& feature : p.features) {
      feature.name = string();
      feature.value = value();
    }
    p.segments = texts();
    p.latency_ms = number();
    p.weight = in_.u64();
    p.failed = in_.flag();
    if (version_ > 3) {
      const auto part = in_.u64();
      if (part > static_cast<std::uint64_t>(Part::response)) throw CorruptBytes("unknown part of a prediction");
      p.part = static_cast<Part>(part);
    }
    return p;
  }

  Outcome outcome() {
    Outcome o;
    o.prediction_id = in_.id();
    o.time = in_.time();
    o.actual = value();
    const auto source = in_.u64();
    if (source > static_cast<std::uint64_t>(OutcomeSource::investigation)) throw CorruptBytes("unknown outcome source");
    o.source = static_cast<OutcomeSource>(source);
    o.content = in_.u64();
    return o;
  }

  Complaint complaint() {
    Complaint c;
    c.id = in_.id();
    c.time = in_.time();
    c.prediction_id = id();
    c.category = string();
    if (in_.flag()) c.severity = static_cast<std::uint8_t>(in_.u64());
    c.channel = string();
    c.incident = id();
    c.segments = texts();
    return c;
  }

  template <class E>
  E choice(E last) {
    const auto raw = in_.u64();
    if (raw > static_cast<std::uint64_t>(last)) throw CorruptBytes("unknown choice");
    return static_cast<E>(raw);
  }

  ComplaintUpdate complaint_update() {
    ComplaintUpdate u;
    u.complaint_id = in_.id();
    u.time = in_.time();
    u.step = choice(Step::closed);
    if (in_.flag()) u.found_for = choice(FoundFor::none);
    return u;
  }

  Review review() {
    Review r;
    r.id = in_.id();
    r.prediction_id = in_.id();
    r.time = in_.time();
    r.final = value();
    if (in_.flag()) r.opened_at = in_.time();
    r.ai_shown = choice(AiShown::never);
    r.seeded = in_.flag();
    r.content = in_.u64();
    return r;
  }

  Feedback feedback() {
    Feedback f;
    f.id = in_.id();
    f.time = in_.time();
    f.audience = choice(Audience::everyone);
    f.prediction_id = id();
    f.theme = string();
    if (in_.flag()) {
      const auto stance = in_.i64();
      if (stance < -2 || stance > 2) throw CorruptBytes("stance out of range");
      f.stance = static_cast<std::int8_t>(stance);
    }
    f.value = number();
    return f;
  }

  Change change() {
    Change c;
    c.id = in_.id();
    c.time = in_.time();
    c.what = choice(What::other);
    c.from = string();
    c.to = string();
    if (in_.flag()) c.announced = in_.flag();
    return c;
  }

  ByteReader in_;
  std::uint64_t version_ = 0;
  std::size_t strings_ = 0;
};

}  // namespace

std::uint64_t RejectCounts::total() const {
  std::uint64_t sum = 0;
  for (const auto& stream : by_stream) {
    for (const auto count : stream) sum += count;
  }
  return sum;
}

Entry decode_entry(std::string_view bytes) { return Decoder{bytes}.entry(); }

}  // namespace pilotwatch::record
