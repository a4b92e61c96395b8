// SPDX-License-Identifier: Apache-2.0
#include "record/entry.h"

#include "base/bytes.h"

namespace pilotwatch::record {
namespace {

/// 1: predictions, outcomes, complaints; rejects of these three and of unknown streams.
/// 2: all streams, and how many of them, so that streams and reasons can be added without a new version.
/// 3: the limits in force, where they have changed.
constexpr std::uint64_t entry_version = 4, oldest_version = 1;
constexpr std::uint64_t streams_of_version_1 = 4, reasons_of_version_1 = 11;

void write_value(ByteWriter& out, const Value& value) {
  out.u64(value.index());
  if (const auto* number = std::get_if<double>(&value)) out.f64(*number);
  if (const auto* text = std::get_if<StringRef>(&value)) out.u64(*text);
}

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

class Encoder {
 public:
  std::string entry(const Entry& entry) {
    out_.u64(entry_version);
    out_.time(entry.wall);
    out_.u64(entry.submissions.size());
    for (const auto& submission : entry.submissions) write(submission);
    out_.flag(entry.limits.has_value());
    if (entry.limits) write(*entry.limits);
    return out_.take();
  }

 private:
  void write(const std::vector<LimitDefinition>& limits) {
    out_.u64(limits.size());
    for (const auto& limit : limits) {
      for (const auto* text : {&limit.pilot, &limit.limit, &limit.text}) out_.text(*text);
      out_.id(limit.judgement);
    }
  }

  void write(const Submission& submission) {
    out_.text(submission.source);
    out_.u64(submission.bytes);
    out_.u64(submission.dropped_fields);
    out_.u64(submission.ignored);
    out_.u64(stream_count);
    out_.u64(reason_count);
    for (const auto& stream : submission.rejects.by_stream) {
      for (const auto count : stream) out_.u64(count);
    }
    out_.u64(submission.batch.strings.size());
    for (const auto& text : submission.batch.strings) out_.text(text);
    out_.u64(submission.batch.records.size());
    for (const auto& record : submission.batch.records) {
      out_.u64(record.pilot);
      out_.u64(record.body.index());
      std::visit([this](const auto& body) { write(body); }, record.body);
    }
  }

  void write(const std::vector<NamedNumber>& numbers) {
    out_.u64(numbers.size());
    for (const auto& item : numbers) {
      out_.u64(item.name);
      out_.f64(item.number);
    }
  }

  void write(const std::vector<NamedText>& texts) {
    out_.u64(texts.size());
    for (const auto& item : texts) {
      out_.u64(item.name);
      out_.u64(item.value);
    }
  }

  void write(const std::optional<double>& number) {
    out_.flag(number.has_value());
    if (number) out_.f64(*number);
  }

  void write(const std::optional<Id128>& id) {
    out_.flag(id.has_value());
    if (id) out_.id(*id);
  }

  void write(const Prediction& p) {
    out_.id(p.id);
    out_.time(p.time);
    out_.u64(p.model_version);
    write_value(out_, p.prediction);
    write(p.quantiles);
    write(p.score);
    write(p.scores);
    out_.u64(p.features.size());
    for (const auto& feature : p.features) {
      out_.u64(feature.name);
      write_value(out_, feature.value);
    }
    write(p.segments);
    write(p.latency_ms);
    out_.u64(p.weight);
    out_.flag(p.failed);
    out_.u64(static_cast<std::uint64_t>(p.part));
  }

  void write(const Outcome& o) {
    out_.id(o.prediction_id);
    out_.time(o.time);
    write_value(out_, o.actual);
    out_.u64(static_cast<std::uint64_t>(o.source));
    out_.u64(o.content);
  }

  void write(const Complaint& c) {
    out_.id(c.id);
    out_.time(c.time);
    write(c.prediction_id);
    out_.u64(c.category);
    out_.flag(c.severity.has_value());
    if (c.severity) out_.u64(*c.severity);
    out_.u64(c.channel);
    write(c.incident);
    write(c.segments);
  }

  void write(const ComplaintUpdate& u) {
    out_.id(u.complaint_id);
    out_.time(u.time);
    out_.u64(static_cast<std::uint64_t>(u.step));
    out_.flag(u.found_for.has_value());
    if (u.found_for) out_.u64(static_cast<std::uint64_t>(*u.found_for));
  }

  void write(const Review& r) {
    out_.id(r.id);
    out_.id(r.prediction_id);
    out_.time(r.time);
    write_value(out_, r.final);
    out_.flag(r.opened_at.has_value());
    if (r.opened_at) out_.time(*r.opened_at);
    out_.u64(static_cast<std::uint64_t>(r.ai_shown));
    out_.flag(r.seeded);
    out_.u64(r.content);
  }

  void write(const Feedback& f) {
    out_.id(f.id);
    out_.time(f.time);
    out_.u64(static_cast<std::uint64_t>(f.audience));
    write(f.prediction_id);
    out_.u64(f.theme);
    out_.flag(f.stance.has_value());
    if (f.stance) out_.i64(*f.stance);
    write(f.value);
  }

  void write(const Change& c) {
    out_.id(c.id);
    out_.time(c.time);
    out_.u64(static_cast<std::uint64_t>(c.what));
    out_.u64(c.from);
    out_.u64(c.to);
    out_.flag(c.announced.has_value());
    if (c.announced) out_.flag(*c.announced);
  }

  ByteWriter out_;
};

}  // namespace

std::uint64_t RejectCounts::total() const {
  std::uint64_t sum = 0;
  for (const auto& stream : by_stream) {
    for (const auto count : stream) sum += count;
  }
  return sum;
}

std::string encode_entry(const Entry& entry) { return Encoder{}.entry(entry); }
Entry decode_entry(std::string_view bytes) { return Decoder{bytes}.entry(); }

}  // namespace pilotwatch::record
