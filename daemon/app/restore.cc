// SPDX-License-Identifier: Apache-2.0
// How the core gets its state back: checkpoint and tail, or everything from the first entry that there is.
#include <algorithm>

#include "app/core.h"
#include "base/bytes.h"

namespace pilotwatch::app {
namespace {

/// What is not built anew: what was judged stays judged, what came has come.
constexpr const char* parts_that_stay[] = {"judge", "transitions", "counters"};
constexpr std::uint64_t look_now = ~std::uint64_t{0} / 2;  // bytes that make_room() has not looked at
constexpr const char* figures_begin_fact = "figures_begin_ms";
constexpr std::chrono::seconds replay_word_pause{10};

}  // namespace

void Core::restore() {
  try {
    const auto& ingest = parts_.settings.ingest;
    parts_.dead_letters.add(parts_.journal.dead_letters(ingest.dead_letters, ingest.dead_letter_text));
  } catch (const journal::WriteError& error) {
    parts_.log.error("rejected lines of earlier runs cannot be read", {{"err", error.what()}});
  }
  restore_state(false);
  try {
    record_limits();
  } catch (const journal::WriteError& error) {  // with the first entry that can be written
    parts_.log.error("the limits cannot be recorded yet", {{"err", error.what()}});
  }
  static_cast<void>(write_outbox());
  parts_.log.info("state restored", {{"sequence", parts_.fold.sequence()}, {"replayed_entries", replayed_.load()}});
  last_snapshot_.with([&](auto& snapshot) { snapshot = parts_.fold.snapshot(parts_.clock.now()); });
}

/// `anew`: what the checkpoint says can be read, but not what it stands on.
void Core::restore_state(bool anew) {
  shape_ = content_hash(parts_.fold.shape()).hex();
  const std::string known = parts_.journal.fact("shape");
  journal::Checkpoint checkpoint;
  bool damaged = false;
  try {
    checkpoint = parts_.journal.read_checkpoint();
  } catch (const CorruptBytes& error) {
    parts_.log.error("the checkpoint is damaged; rebuilding from the journal", {{"err", error.what()}});
    damaged = true;
    checkpoint = parts_.journal.read_checkpoint_parts(parts_that_stay);
  }
  const bool same_shape = !damaged && checkpoint.sequence > 0 && known == shape_;
  if (!same_shape || anew || !restore_from(checkpoint)) {
    if (known == to_be_rebuilt) {
      parts_.log.info("a rebuild has not come to its end; rebuilding every figure from the journal");
    } else if (checkpoint.sequence > 0 && !same_shape && !damaged)
      parts_.log.info("the settings' shape has changed; rebuilding every figure from the journal");
    ++rebuilds_;
    rebuild(checkpoint);
    tell_where_figures_begin();
    writer_.wait();
    write_checkpoint(true);
    unlooked_bytes_ = look_now;
    make_room([this] { write_checkpoint(false); });
  }
  // What was committed last may be in the checkpoint: a clock that stepped back meanwhile must not move time back.
  last_wall_ = parts_.journal.last_wall().value_or(Instant{});
  if (const auto begin = parts_.journal.fact(figures_begin_fact); !begin.empty())
    figures_begin_.with([&](auto& since) { since = Instant{Millis{std::stoll(begin)}}; });
}

/// What is about to be replayed.
void Core::begin_replay(std::uint64_t after) {
  const auto first = std::max(after, parts_.journal.forgotten_through());
  const auto last = parts_.journal.last_sequence();
  replayed_ = 0;
  to_replay_ = last > first ? last - first : 0;
  next_replay_word_ = parts_.steady.now() + replay_word_pause;
}

/// A start that takes long says how far it is.
void Core::tell_replay(std::uint64_t sequence) {
  ++replayed_;
  const auto now = parts_.steady.now();
  if (now < next_replay_word_) return;
  next_replay_word_ = now + replay_word_pause;
  const auto all = std::max(to_replay_.load(), replayed_.load());  // of what is forgotten some entries are left
  parts_.log.info("replaying the journal", {{"entries", replayed_.load()},
                                            {"of", all},
                                            {"percent", all == 0 ? 100 : 100 * replayed_ / all},
                                            {"sequence", sequence}});
  if (parts_.on_replay) parts_.on_replay(replayed_, all);
}

/// One entry of the journal, within the bound on memory.
void Core::replay(const record::Entry& entry, std::uint64_t sequence, const std::function<void()>& relieve) {
  parts_.fold.prepare(entry);
  if (parts_.outbox != nullptr) parts_.outbox->begin(sequence);
  last_applied_ = parts_.fold.apply(entry, sequence);
  static_cast<void>(write_outbox());  // so that what days have left does not gather in memory
  tell_replay(sequence);
  for (const auto& submission : entry.submissions) unlooked_bytes_ += submission.bytes;
  make_room(relieve);
  repeat_alerts();
}

/// False: the checkpoint cannot be read (damaged, or of another version), or not what it stands on.
bool Core::restore_from(const journal::Checkpoint& checkpoint) {
  try {
    parts_.fold.load(checkpoint.parts, checkpoint.sequence, parts_.clock.now());
    full_checkpoint_ = false;
    checkpointed_ = checkpoint.sequence;
    begin_replay(checkpoint.sequence);
    parts_.journal.replay(checkpoint.sequence, [this](std::uint64_t sequence, const record::Entry& entry) {
      replay(entry, sequence, [this] { write_checkpoint(false); });
    });
    unlooked_bytes_ = look_now;
    make_room([this] { write_checkpoint(false); });
    return true;
  } catch (const CorruptBytes& error) {
    parts_.log.error("the checkpoint cannot be read; rebuilding every figure from the journal",
                     {{"err", error.what()}});
  } catch (const journal::DamagedError& error) {
    if (!started_) throw;  // a start has better: it sets the store aside
    parts_.log.error("the checkpoint cannot be read; rebuilding every figure from the journal",
                     {{"err", error.what()}});
  }
  distrust_checkpoint();
  return false;
}

/// Figures can only be built of the entries there are. Who looks at them must know.
void Core::tell_where_figures_begin() {
  const auto through = parts_.journal.forgotten_through();
  if (through == 0) return;
  const auto begin = parts_.journal.wall_after(through);
  parts_.log.error("figures begin anew with the oldest entry that is left; older ones had been deleted (retention)",
                   {{"first_entry", through + 1}, {"time", format_rfc3339(begin)}});
  try {
    parts_.journal.set_fact(figures_begin_fact, std::to_string(begin.time_since_epoch().count()));
  } catch (const journal::WriteError& error) {  // said above; figures_begin_ stays unknown to the next start
    parts_.log.error("the store cannot be written", {{"err", error.what()}});
  }
}

/// What was judged before stays judged: entries up to the checkpoint only count, later ones are judged as they would
/// have been.
void Core::rebuild(const journal::Checkpoint& checkpoint) {
  writer_.wait();
  writer_.keep();  // what is too old was to go for a checkpoint that does not count
  in_flight_ = false;
  full_checkpoint_ = rebuilt_unsaved_ = true;
  next_relief_ = {};  // the bound holds here, too
  parts_.fold.clear();
  const auto part = [&](const char* name) {
    const auto found = checkpoint.parts.find(name);
    return found == checkpoint.parts.end() ? std::string() : found->second;
  };
  const std::string judge = part("judge"), recent = part("transitions");
  const bool judged_before = !judge.empty() && parts_.fold.can_load_limits(judge, recent);
  parts_.fold.set_judging(!judged_before);
  const auto take_over = [&] {
    parts_.fold.set_judging(true);
    if (judged_before) parts_.fold.load_judge(judge, parts_.clock.now());
    if (judged_before && !recent.empty()) parts_.fold.load_recent(recent);
    const auto counters = part("counters");  // of entries that are gone, too: counters must not fall
    if (parts_.journal.forgotten_through() > 0 && !parts_.fold.load_counters(counters))
      parts_.log.error("counters of what was received begin anew");
  };
  bool taken = false;
  const auto relieve = [&] { relieve_rebuild(checkpoint); };
  begin_replay(0);
  parts_.journal.replay(0, [&](std::uint64_t sequence, const record::Entry& entry) {
    if (!taken && sequence > checkpoint.sequence) {
      take_over();
      taken = true;
    }
    replay(entry, sequence, relieve);
  });
  if (!taken) take_over();
}

/// A checkpoint in the middle of a rebuild, so that decisions can leave memory: whoever starts from it rebuilds anew, with
/// what had been judged before.
void Core::relieve_rebuild(const journal::Checkpoint& checkpoint) {
  if (writer_.busy()) return;
  settle();
  const bool first = full_checkpoint_ || writer_.broken();
  if (first) writer_.anew();
  const bool drop_others = first && !parts_.fold.any_in_blocks();
  const auto stays = [](const std::string& name) {
    return std::find(std::begin(parts_that_stay), std::end(parts_that_stay), name) != std::end(parts_that_stay);
  };
  parts_.fold.save(
      first ? engine::Extent::unconfirmed : engine::Extent::changes,
      [&](std::string name, std::string bytes) {
        if (!stays(name)) writer_.add(std::move(name), std::move(bytes));
      },
      true);
  for (const auto& [name, bytes] : checkpoint.parts) {
    if (stays(name)) writer_.add(name, bytes);
  }
  full_checkpoint_ = false;
  finished_before_ = writer_.finished();
  in_flight_ = true;
  whole_in_flight_ = false;
  writer_.finish(checkpoint.sequence, drop_others, to_be_rebuilt);
}

}  // namespace pilotwatch::app
