// SPDX-License-Identifier: Apache-2.0
// How entries of the journal are written; entry.cc reads them.
#include "base/bytes.h"
#include "record/entry.h"

namespace pilotwatch::record {
namespace {

void write_value(ByteWriter& out, const Value& value) {
  out.u64(value.index());
  if (const auto* number = std::get_if<double>(&value)) out.f64(*number);
  if (const auto* text = std::get_if<StringRef>(&value)) out.u64(*text);
}

class Encoder {
 public:
  std::string entry(const Entry& entry) {
    head(entry);
    for (const auto& submission : entry.submissions) write(submission);
    foot(entry);
    return out_.take();
  }

  /// Frame behind frame: one for each submission that is packed already, one for what lies between.
  std::string packed(const Entry& entry) {
    std::string out;
    const auto pack_what_waits = [&] {
      if (!out_.bytes().empty()) out += compress(out_.take());
    };
    head(entry);
    for (const auto& submission : entry.submissions) {
      if (submission.packed.empty()) {
        write(submission);
        continue;
      }
      pack_what_waits();
      out += submission.packed;
    }
    foot(entry);
    pack_what_waits();
    return out;
  }

  std::string submission(const Submission& submission) {
    out_.reserve(submission.bytes / 2);  // mostly enough
    write(submission);
    return out_.take();
  }

 private:
  void head(const Entry& entry) {
    out_.u64(entry_version);
    out_.time(entry.wall);
    out_.u64(entry.submissions.size());
  }
  void foot(const Entry& entry) {
    out_.flag(entry.limits.has_value());
    if (entry.limits) write(*entry.limits);
    out_.u64(entry.actions.size());
    for (const auto& action : entry.actions) {
      out_.u64(action.index());
      std::visit([this](const auto& what) { write(what); }, action);
    }
  }

  void write(const PausePilot& action) {
    out_.text(action.pilot);
    out_.text(action.author);
    out_.time(action.from);
    out_.i64(action.lasts.count());
    out_.text(action.reason);
  }
  void write(const ResumePilot& action) {
    out_.text(action.pilot);
    out_.text(action.author);
    out_.time(action.at);
  }
  void write(const AcknowledgeEpisode& action) {
    out_.text(action.episode);
    out_.text(action.author);
    out_.text(action.note);
  }

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

std::string encode_entry(const Entry& entry) { return Encoder{}.entry(entry); }
std::string pack_entry(const Entry& entry) { return Encoder{}.packed(entry); }
void pack(Submission& submission) { submission.packed = compress(Encoder{}.submission(submission)); }

}  // namespace pilotwatch::record
