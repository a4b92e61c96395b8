// SPDX-License-Identifier: Apache-2.0
#include "record/entry.h"

#include "base/bytes.h"

namespace pilotwatch::record {
namespace {

constexpr std::uint64_t entry_version = 1;

void write_value(ByteWriter& out, const Value& value) {
  out.u64(value.index());
  if (const auto* number = std::get_if<double>(&value)) out.f64(*number);
  if (const auto* text = std::get_if<StringRef>(&value)) out.u64(*text);
}

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : in_(bytes) {}

  Entry entry() {
    if (in_.u64() != entry_version) throw CorruptBytes("entry of another version");
    Entry entry;
    entry.wall = in_.time();
    entry.submissions.resize(in_.count(4));
    for (auto& submission : entry.submissions) read(submission);
    if (!in_.at_end()) throw CorruptBytes("bytes behind the entry");
    return entry;
  }

 private:
  void read(Submission& submission) {
    submission.source = in_.text();
    submission.bytes = in_.u64();
    submission.dropped_fields = in_.u64();
    for (auto& stream : submission.rejects.by_stream) {
      for (auto& count : stream) count = in_.u64();
    }
    auto& batch = submission.batch;
    batch.strings.resize(in_.count());
    for (auto& text : batch.strings) text = in_.text();
    if (batch.strings.empty()) throw CorruptBytes("batch without strings");
    strings_ = batch.strings.size();
    batch.records.resize(in_.count(4));
    for (auto& record : batch.records) read(record);
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

  ByteReader in_;
  std::size_t strings_ = 0;
};

class Encoder {
 public:
  std::string entry(const Entry& entry) {
    out_.u64(entry_version);
    out_.time(entry.wall);
    out_.u64(entry.submissions.size());
    for (const auto& submission : entry.submissions) write(submission);
    return out_.take();
  }

 private:
  void write(const Submission& submission) {
    out_.text(submission.source);
    out_.u64(submission.bytes);
    out_.u64(submission.dropped_fields);
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
