// SPDX-License-Identifier: Apache-2.0
// The binary form of the whole state, in parts.
#include <algorithm>
#include <iterator>

#include "base/bytes.h"
#include "judge/fold.h"

namespace pilotwatch::judge {
namespace {

/// In the place of the number of transitions: the newer forms.
constexpr std::uint64_t with_evidence = ~std::uint64_t{0}, with_chunks = with_evidence - 1,
                        with_hash = with_evidence - 2, with_breaches = with_evidence - 3;
constexpr std::uint64_t counters_version =
    3;  // 1: before the streams beside predictions, outcomes, complaints; 2: before `ignored`

void write_transition(ByteWriter& out, const Transition& t) {
  for (const auto* text : {&t.pilot, &t.limit, &t.group, &t.episode, &t.reason}) out.text(*text);
  out.u64(static_cast<std::uint64_t>(t.from));
  out.u64(static_cast<std::uint64_t>(t.to));
  out.time(t.at);
  out.time(t.at_wall);
  for (const auto& value : {t.value, t.lower, t.upper, t.threshold}) {
    out.flag(value.has_value());
    if (value) out.f64(*value);
  }
  out.u64(t.n);
  for (const auto& time : {t.window_start, t.window_end}) {
    out.flag(time.has_value());
    if (time) out.time(*time);
  }
  out.flag(t.evidence.has_value());
  if (t.evidence) t.evidence->write(out);
  out.flag(t.chunks.has_value());
  if (t.chunks) t.chunks->write(out);
  out.text(t.limit_hash);
  out.flag(t.started_wall.has_value());
  if (t.started_wall) out.time(*t.started_wall);
}

State read_state(ByteReader& in) {
  const auto state = in.u64();
  if (state >= state_count) throw CorruptBytes("unknown state");
  return static_cast<State>(state);
}

/// How a form that was written once differs from the newest.
struct TransitionForm {
  explicit TransitionForm(std::uint64_t mark)
      : breaches(mark == with_breaches),
        hash(breaches || mark == with_hash),
        chunks(hash || mark == with_chunks),
        evidence(chunks || mark == with_evidence) {}
  bool breaches, hash, chunks, evidence;
};

void read_transition(ByteReader& in, Transition& t, const TransitionForm& form) {
  for (auto* text : {&t.pilot, &t.limit, &t.group, &t.episode, &t.reason}) *text = in.text();
  t.from = read_state(in);
  t.to = read_state(in);
  t.at = in.time();
  t.at_wall = in.time();
  for (auto* value : {&t.value, &t.lower, &t.upper, &t.threshold}) {
    if (in.flag()) *value = in.f64();
  }
  t.n = in.u64();
  for (auto* time : {&t.window_start, &t.window_end}) {
    if (in.flag()) *time = in.time();
  }
  if (form.evidence && in.flag()) t.evidence.emplace().read(in);
  if (form.chunks && in.flag()) t.chunks.emplace().read(in);
  if (form.hash) t.limit_hash = in.text();
  if (form.breaches && in.flag()) t.started_wall = in.time();
}

/// "block/..." of a pilot is "block/<pilot>/...": what is not read at the start stands together.
std::string full_name(const std::string& pilot, const std::string& name) {
  constexpr std::string_view block = "block/";
  if (name.starts_with(block)) return std::string(block) + pilot + "/" + name.substr(block.size());
  return "pilot/" + pilot + "/" + name;
}

}  // namespace

void Fold::save_complete(const Save& save) {
  for (auto& pilot : engine_.pilots()) {
    pilot->save_complete([&](const std::string& name, std::string bytes) {
      save(full_name(pilot->settings().name, name), std::move(bytes));
    });
  }
}

void Fold::save(engine::Extent extent, const Save& save, bool relieve) {
  const auto relief = relieve ? reliefs() : std::vector<engine::Relief>(engine_.pilots().size());
  for (std::size_t i = 0; i < engine_.pilots().size(); ++i) {
    auto& pilot = *engine_.pilots()[i];
    pilot.save(
        extent,
        [&](const std::string& name, std::string bytes) {
          save(full_name(pilot.settings().name, name), std::move(bytes));
        },
        relief[i]);
  }
  ByteWriter judge;
  judge_.write(judge);
  save("judge", judge.take());
  ByteWriter out;
  out.u64(counters_version);
  out.u64(ingest_.rows.size());
  for (const auto& r : ingest_.rows) {
    out.text(r.source);
    out.u64(static_cast<std::uint64_t>(r.stream));
    for (const auto count : {r.received, r.accepted, r.duplicate, r.late}) out.u64(count);
    out.u64(r.rejected.size());
    for (const auto count : r.rejected) out.u64(count);
    out.flag(r.last_record.has_value());
    if (r.last_record) out.time(*r.last_record);
  }
  for (const auto* counts : {&ingest_.bytes, &ingest_.dropped_fields, &ingest_.ignored}) {
    out.u64(counts->size());
    for (const auto& [source, count] : *counts) {
      out.text(source);
      out.u64(count);
    }
  }
  save("counters", out.take());
  ByteWriter recent;
  recent.u64(with_breaches);
  for (const auto* all : {&recent_, &breaches_}) {
    recent.u64(all->size());
    for (const auto& transition : *all) write_transition(recent, transition);
  }
  save("transitions", recent.take());
}

std::unique_ptr<Fold> Fold::blank() const {
  auto out = std::make_unique<Fold>(*settings_);
  for (std::size_t i = 0; i < engine_.pilots().size(); ++i) {
    const auto& pilot = *engine_.pilots()[i];
    if (pilot.settings().reference.kind() == settings::ReferenceKind::file && pilot.reference() != nullptr)
      out->engine_.pilots()[i]->set_reference(*pilot.reference());
  }
  out->judge_.copy_chunks(judge_);
  if (read_block_) out->set_store(read_block_, memory_);
  return out;
}

void Fold::become(Fold& other) {
  engine_ = std::move(other.engine_);
  judge_ = std::move(other.judge_);
  ingest_ = std::move(other.ingest_);
  recent_ = std::move(other.recent_);
  breaches_ = std::move(other.breaches_);
  shown_breaches_.reset();
  sequence_ = other.sequence_;
}

void Fold::clear() { become(*blank()); }

void Fold::load(const std::map<std::string, std::string>& parts, std::uint64_t sequence, Instant wall) {
  // Into a fold of its own: one that cannot be loaded to its end must leave nothing behind.
  const auto loaded = blank();
  loaded->read_parts(parts, wall);
  loaded->sequence_ = sequence;
  become(*loaded);
}

void Fold::read_parts(const std::map<std::string, std::string>& parts, Instant wall) {
  if (!parts.contains("judge") || !parts.contains("counters"))
    throw CorruptBytes("a part of the checkpoint is missing");
  for (auto& pilot : engine_.pilots()) {
    std::map<std::string, std::string> own;
    for (const std::string kind : {"", "block/"}) {
      const auto prefix = full_name(pilot->settings().name, kind);
      for (auto at = parts.lower_bound(prefix); at != parts.end() && at->first.starts_with(prefix); ++at) {
        own.emplace(kind + at->first.substr(prefix.size()), at->second);
      }
    }
    pilot->load(own);
  }
  if (const auto judge = parts.find("judge"); judge != parts.end()) load_judge(judge->second, wall);
  for (const auto& pilot : engine_.pilots()) judge_.resume(*pilot);
  if (const auto counters = parts.find("counters"); counters != parts.end()) read_counters(counters->second);
  if (const auto recent = parts.find("transitions"); recent != parts.end()) load_recent(recent->second);
}

void Fold::read_counters(const std::string& bytes) {
  ByteReader in(bytes);
  if (in.u64() != counters_version) throw CorruptBytes("counters of another version");
  for (auto left = in.count(6); left > 0; --left) {
    const std::string source(in.text());
    const auto stream = in.u64();
    if (stream > static_cast<std::uint64_t>(record::Stream::unknown)) throw CorruptBytes("unknown stream");
    auto& r = row(source, static_cast<record::Stream>(stream));
    for (auto* count : {&r.received, &r.accepted, &r.duplicate, &r.late}) *count = in.u64();
    r.rejected.assign(in.count(1), 0);
    for (auto& count : r.rejected) count = in.u64();
    r.rejected.resize(record::reason_count);
    if (in.flag()) r.last_record = in.time();
  }
  for (auto* counts : {&ingest_.bytes, &ingest_.dropped_fields, &ingest_.ignored}) {
    for (auto left = in.count(2); left > 0; --left) {
      const std::string source(in.text());
      add_to(*counts, source, in.u64());
    }
  }
}

bool Fold::load_counters(const std::string& bytes) {
  try {
    Fold scratch(*settings_);
    scratch.read_counters(bytes);
    ingest_ = std::move(scratch.ingest_);
    return true;
  } catch (const CorruptBytes&) {
    return false;
  }
}

void Fold::load_recent(const std::string& bytes) {
  ByteReader in(bytes);
  ByteReader ahead = in;
  const TransitionForm form(ahead.u64());
  if (form.evidence) in = ahead;  // the oldest begins with how many there are
  std::deque<Transition> recent(in.count(20)), breaches;
  for (auto& transition : recent) read_transition(in, transition, form);
  if (form.breaches) {
    breaches.resize(in.count(20));
    for (auto& transition : breaches) read_transition(in, transition, form);
  } else {
    std::ranges::copy_if(recent, std::back_inserter(breaches), [](const Transition& t) { return !t.episode.empty(); });
  }
  recent_ = std::move(recent);
  breaches_ = std::move(breaches);
  shown_breaches_.reset();
}

bool Fold::can_load_limits(const std::string& judge, const std::string& recent) const {
  try {
    Fold scratch(*settings_);
    scratch.judge_.copy_chunks(judge_);
    scratch.load_judge(judge, Instant{});
    if (!recent.empty()) scratch.load_recent(recent);
    return true;
  } catch (const CorruptBytes&) {
    return false;
  }
}

void Fold::load_judge(const std::string& bytes, Instant wall) {
  ByteReader in(bytes);
  judge_.read(in, wall);
}

}  // namespace pilotwatch::judge
