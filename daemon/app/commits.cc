// SPDX-License-Identifier: Apache-2.0
// Deliveries into the journal, then into the state, then answered.
#include <utility>

#include "app/core.h"
#include "app/pace.h"

namespace pilotwatch::app {
namespace {

using sources::Reply;

constexpr std::size_t max_group_letters = 1000;

Reply cannot_be_stored(std::string why) {
  Reply reply;
  reply.status = Reply::Status::unavailable;
  reply.retry_after_s = 5;
  reply.detail = std::move(why);
  return reply;
}

}  // namespace

/// A group goes into the journal, and into the state only at the next turn: beside the commit of the group behind it,
/// where there is one. So the disk and the state work at the same time, and a group that is alone waits for nobody.
void Core::process(std::vector<Decoded> group) {
  if (!may_overlap()) finish_committed();
  if (lost_ && !recover("once more", false)) return refuse(group);
  Committed next{std::move(group)};
  try {
    assemble(next);
    if (committed_) {
      auto running = committer_.begin([this, &next] { next.sequence = append(next.entry, next.cursors, next.letters); });
      finish_beside();
      running.get();
    } else {
      prepare(next.entry);
      next.sequence = commit(next.entry, next.cursors, next.letters);
    }
    if (std::exchange(full_, false)) parts_.log.info("the store has room for records again");
  } catch (const journal::FullError& error) {
    if (!std::exchange(full_, true)) parts_.log.error("records are refused", {{"err", error.what()}});
    store_full_ += next.group.size();
    for (auto& delivery : next.group) delivery.done(cannot_be_stored("the store is full"));
    return;
  } catch (const std::exception& error) {  // the disk, or memory: nothing has changed
    parts_.log.error("the store cannot be used; nothing of the group was acknowledged", {{"err", error.what()}});
    refuse(next.group);
    return finish_committed();  // where it had not come to that
  }
  // From here on there is no way back: what is in the journal must be in the state.
  parts_.dead_letters.add(next.letters);
  letters_dropped_ += next.rejected - next.letters.size();
  committed_ = std::move(next);
}

/// What fails here is not the commit that runs beside it, and leaves half a state: the next start has it whole.
void Core::finish_beside() noexcept { finish_committed(); }

/// Whether the next group may be committed before the last one is in the state: nothing of the state is asked before.
/// While no decision is in a block, bringing a group into the state reads nothing of the disk, so that it does not have to
/// be restored from a journal that is one group ahead.
bool Core::may_overlap() const {
  return committed_ && !lost_ && limits_recorded_ && !parts_.fold.any_in_blocks() &&
         parts_.journal.last_sequence() == committed_->sequence;
}

void Core::assemble(Committed& out) {
  out.entry.wall = wall();
  for (auto& delivery : out.group) {
    out.bytes += delivery.submission.bytes;
    out.rejected += delivery.rejected;
    out.entry.submissions.push_back(std::move(delivery.submission));
    out.cursors.insert(out.cursors.end(), delivery.cursors.begin(), delivery.cursors.end());
  }
  out.letters = dead_letters(out.group, out.entry.wall);
}

void Core::finish_committed() {
  if (!committed_) return;
  auto [group, entry, cursors, letters, bytes, rejected, sequence] = *std::exchange(committed_, std::nullopt);
  // A state that had to be restored has it already: sent again it is a duplicate.
  if (lost_ || parts_.fold.sequence() >= sequence) return refuse(group);
  const auto start = parts_.steady.now();
  const auto applied = apply(entry, sequence);
  if (applied.size() < group.size()) return refuse(group);  // the same
  seconds_per_byte_ = pace_after(seconds_per_byte_, bytes, static_cast<double>(micros_since(start)) / 1e6);
  for (std::size_t i = 0; i < group.size(); ++i) answer(group[i], applied[i]);
  unlooked_bytes_ += bytes;
  make_room([this] { checkpoint(false); });
}

void Core::refuse(std::vector<Decoded>& group) {
  unavailable_ += group.size();
  for (auto& delivery : group) delivery.done(cannot_be_stored("the store cannot be used"));
}

void Core::answer(Decoded& delivery, const judge::Applied& applied) {
  Reply reply;
  reply.accepted = applied.accepted;
  reply.duplicate = applied.duplicate;
  reply.rejected = applied.rejected;
  reply.ignored = delivery.ignored;
  reply.errors = std::move(delivery.rejects);
  reply.errors.insert(reply.errors.end(), applied.errors.begin(), applied.errors.end());
  delivery.done(std::move(reply));
}

/// The rejected lines of a group that are kept.
std::vector<record::DeadLetter> Core::dead_letters(const std::vector<Decoded>& group, Instant wall) {
  std::vector<record::DeadLetter> out;
  const auto& ingest = parts_.settings.ingest;
  for (const auto& delivery : group) {
    for (const auto& reject : delivery.rejects) {
      if (out.size() == max_group_letters || ingest.dead_letters == 0) break;
      auto& letter = out.emplace_back(record::DeadLetter{wall, delivery.source->name, reject});
      if (!ingest.dead_letter_text) letter.reject.detail = record::without_data(reject.detail);
    }
  }
  return out;
}

/// Where everything that is committed is in the state.
std::uint64_t Core::commit(const record::Entry& entry, const std::vector<record::Cursor>& cursors,
                           const std::vector<record::DeadLetter>& letters) {
  const auto sound = [this] {  // nothing is added to half a state
    if (lost_) throw journal::ReadError("the state cannot be read on");
  };
  counting_failures([&] {
    if (parts_.journal.last_sequence() > parts_.fold.sequence()) {  // a commit that was refused for want of an answer
      parts_.journal.replay(parts_.fold.sequence(), [&](std::uint64_t sequence, const record::Entry& missed) {
        if (sequence > parts_.fold.sequence()) apply(missed, sequence);  // one that had to restore has applied them all
        sound();
      });
    }
    record_limits();
    sound();
  });
  return append(entry, cursors, letters);
}

/// Also beside the core, on the committer's thread.
std::uint64_t Core::append(const record::Entry& entry, const std::vector<record::Cursor>& cursors,
                           const std::vector<record::DeadLetter>& letters) {
  const auto start = parts_.steady.now();
  std::uint64_t sequence = 0;
  counting_failures([&] {
    sequence = parts_.journal.append(entry, cursors, letters, parts_.settings.ingest.dead_letters);
  });
  if (degraded_.exchange(false)) parts_.log.info("the store can be written again");
  ++commits_;
  commit_us_ += micros_since(start);
  return sequence;
}

void Core::counting_failures(const std::function<void()>& write) {
  const auto failed = [this] {
    ++write_failures_;
    degraded_ = true;
  };
  try {
    write();
  } catch (const journal::FullError&) {
    throw;
  } catch (const journal::DamagedError& error) {  // the next start sets it aside
    failed();
    throw journal::WriteError(error.what());
  } catch (const journal::ReadError& error) {
    failed();
    throw journal::WriteError(error.what());
  } catch (const journal::WriteError&) {
    failed();
    throw;
  }
}

/// Before anything else under these settings: what they judge by.
void Core::record_limits() {
  if (limits_recorded_) return;
  if (auto limits = parts_.fold.limits_to_record()) {
    record::Entry entry;
    entry.wall = wall();
    entry.limits = std::move(*limits);
    apply(entry, parts_.journal.append(entry, {}));
    parts_.log.info("the limits have changed; recorded in the journal", {{"sequence", parts_.fold.sequence()}});
  }
  limits_recorded_ = true;
}

}  // namespace pilotwatch::app
