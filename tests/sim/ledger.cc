// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger.h"

#include "sim/check.h"

namespace pilotwatch::sim {
namespace {

std::string text(const Id128& id) { return std::to_string(id.hi) + ":" + std::to_string(id.lo); }
std::string text(Instant time) { return std::to_string(time.time_since_epoch().count()); }

struct Identity {
  std::string operator()(const record::Outcome& o) const {
    return text(o.prediction_id) + "@" + text(o.time) + "=" + std::to_string(o.content);
  }
  std::string operator()(const record::ComplaintUpdate& u) const {
    return text(u.complaint_id) + "@" + text(u.time) + "=" + std::to_string(static_cast<int>(u.step));
  }
  template <class Other>
  std::string operator()(const Other& other) const {
    return text(other.id);
  }
};

}  // namespace

std::vector<std::string> Ledger::identities(const record::Batch& batch) const {
  std::vector<std::string> out;
  for (const auto& record : batch.records) {
    out.push_back(batch.text(record.pilot) + "/" + std::to_string(record.body.index()) + "/" +
                  std::visit(Identity{}, record.body));
  }
  return out;
}

Body Ledger::body(std::string source, std::string bytes, Instant wall) {
  decode::Input input;
  input.bytes = bytes;
  input.wall = wall;
  const auto decoded = decoder_.decode(input);
  Body out{std::move(source), std::move(bytes), identities(decoded.batch), decoded.rejects.total()};
  for (const auto& identity : out.records) sent_.try_emplace(identity, out.source + ": " + out.bytes);
  return out;
}

void Ledger::acknowledged(const Body& body, std::uint64_t accepted, std::uint64_t duplicate, std::uint64_t rejected) {
  require(accepted + duplicate == body.records.size() && rejected == body.rejected,
          "an answer counts other lines than were sent");
  unseen_.insert(body.records.begin(), body.records.end());
}

void Ledger::stored(const record::Entry& entry, std::uint64_t life) {
  for (const auto& action : entry.actions) {
    const auto& author = std::visit([](const auto& what) -> const std::string& { return what.author; }, action);
    require(asked_.contains(author), "a decision that nobody took: " + author);
    require(decisions_.insert(author).second, "a decision is in the journal twice: " + author);
  }
  for (const auto& submission : entry.submissions) {
    auto& counts = by_source_[submission.source];
    counts.rejected += submission.rejects.total();
    for (const auto& identity : identities(submission.batch)) {
      require(sent_.contains(identity), "the journal holds a record that nobody has sent: " + identity);
      const auto [at, fresh] = stored_.try_emplace(identity, life);
      ++(fresh ? counts.accepted : counts.duplicate);
      // Where the journal could not be asked what became of a commit, a file is read again; never after a restart.
      require(fresh || submission.source != "log" || at->second == life,
              "a line of a file was read again after a restart: " + identity);
    }
  }
}

void Ledger::check_acknowledged() {
  for (const auto& author : unseen_decisions_)
    require(decisions_.contains(author), "in force and lost: the decision of " + author);
  unseen_decisions_.clear();
  for (const auto& identity : unseen_) require(stored_.contains(identity), "acknowledged and lost: " + identity);
  unseen_.clear();
}

void Ledger::check_counters(const judge::IngestCounters& counters) const {
  std::map<std::string, Counts> theirs;
  for (const auto& row : counters.rows) {
    auto& sum = theirs[row.source];
    std::uint64_t rejected = 0;
    for (const auto count : row.rejected) rejected += count;
    require(row.received == row.accepted + row.duplicate + rejected,
            "received is not what became of it: " + row.source);
    sum.accepted += row.accepted;
    sum.duplicate += row.duplicate;
    sum.rejected += rejected;
  }
  for (const auto& [source, ours] : by_source_) {
    const auto& sum = theirs[source];
    const auto say = [&](const char* what, std::uint64_t own, std::uint64_t other) {
      require(own == other,
              source + ": " + what + " is " + std::to_string(other) + ", the journal holds " + std::to_string(own));
    };
    say("accepted", ours.accepted, sum.accepted);
    say("duplicate", ours.duplicate, sum.duplicate);
    say("rejected", ours.rejected, sum.rejected);
  }
}

void Ledger::check_all_stored() const {
  for (const auto& [identity, lines] : sent_)
    require(stored_.contains(identity), "sent until it was acknowledged, and lost: " + identity + " in " + lines);
}

}  // namespace pilotwatch::sim
