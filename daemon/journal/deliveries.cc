// SPDX-License-Identifier: Apache-2.0
#include "journal/deliveries.h"

#include <utility>

namespace pilotwatch::journal {
namespace {

using record::Delivery;
using record::DeliveryState;

constexpr const char* table = R"sql(
CREATE TABLE IF NOT EXISTS deliveries (   -- events for webhooks; a row that waits goes only by being tried
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL, webhook TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
  created_ms INTEGER NOT NULL, sequence INTEGER NOT NULL,
  state INTEGER NOT NULL,                 -- record::DeliveryState; 0 = waiting
  attempts INTEGER NOT NULL DEFAULT 0, last_ms INTEGER, next_ms INTEGER,
  status INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',
  UNIQUE (id, webhook)
) STRICT;
)sql";

// Earlier programs know but the first, and keep the others all the same: no other schema_version.
constexpr std::pair<const char*, const char*> indexes[] = {
    {"deliveries_waiting", "deliveries(webhook, next_ms, number) WHERE state = 0"},
    {"deliveries_oldest", "deliveries(webhook, created_ms) WHERE state = 0"},
    {"deliveries_log", "deliveries(number) WHERE state <> 0"},
    {"deliveries_webhook", "deliveries(webhook)"},
};

constexpr const char* columns =
    "id, webhook, type, created_ms, sequence, state, attempts, last_ms, next_ms, status, error";

std::int64_t millis(Instant time) { return time.time_since_epoch().count(); }

/// The columns above, without the body. nullopt: one of a newer version, in a state that this one has no name for.
std::optional<Delivery> read(const Statement& select) {
  const auto state = select.number(5);
  if (state < 0 || state >= static_cast<std::int64_t>(std::size(record::delivery_state_names))) return std::nullopt;
  const auto time = [&](int column) {
    const auto value = select.number(column);
    return value == 0 ? std::nullopt : std::optional(Instant{Millis{value}});
  };
  Delivery out;
  out.id = select.bytes(0);
  out.webhook = select.bytes(1);
  out.type = select.bytes(2);
  out.created = Instant{Millis{select.number(3)}};
  out.sequence = static_cast<std::uint64_t>(select.number(4));
  out.state = static_cast<DeliveryState>(state);
  out.attempts = static_cast<std::uint64_t>(select.number(6));
  out.last_attempt = time(7);
  out.next_attempt = time(8);
  out.status = static_cast<long>(select.number(9));
  out.error = select.bytes(10);
  return out;
}

/// nullopt: it cannot be read.
std::optional<Deliveries::Counts> counted_by(const Database& database, const std::string& index) {
  try {
    Deliveries::Counts out;
    Statement count(database, ("SELECT webhook, count(*) FROM deliveries INDEXED BY " + index +
                               " WHERE state = 0 GROUP BY webhook")
                                  .c_str());
    while (count.step()) out[std::string(count.bytes(0))] += static_cast<std::uint64_t>(count.number(1));
    return out;
  } catch (const SqliteError& error) {
    if (!error.damaged()) throw;
    return std::nullopt;
  }
}

}  // namespace

Deliveries::Deliveries(Database& database, const std::string& suffix) : database_(database) {
  database.run(table);
  for (const auto& [name, columns_of] : indexes) {
    try {
      database.run(("CREATE INDEX IF NOT EXISTS " + (name + suffix) + " ON " + columns_of).c_str());
    } catch (const SqliteError&) {  // no room: all goes without, only slower; the next start tries again
    }
  }
  insert_.emplace(
      database,
      "INSERT OR IGNORE INTO deliveries(id, webhook, type, body, created_ms, sequence, state, next_ms, error) "
      "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
  update_.emplace(
      database,
      "UPDATE deliveries SET state = ?1, attempts = ?2, last_ms = ?3, next_ms = ?4, status = ?5, error = ?6, "
      "body = CASE ?1 WHEN 0 THEN body ELSE '' END WHERE id = ?7 AND webhook = ?8 "
      // One that was given up while it was being sent has no body any more: it waits no longer, whatever came of it.
      "AND (state = 0 OR ?1 = ?9)");
  find_.emplace(database, "SELECT state, length(CAST(body AS BLOB)) FROM deliveries WHERE id = ? AND webhook = ?");
  give_up_.emplace(database, "UPDATE deliveries SET state = ?, next_ms = NULL, body = '' WHERE number = ?");
  prune_.emplace(database,
                 "DELETE FROM deliveries WHERE number IN (SELECT number FROM deliveries "
                 "WHERE state <> 0 ORDER BY number LIMIT ?)");
}

Deliveries::Use& Deliveries::use() const {
  if (use_) return *use_;
  Use out;
  Statement waiting(database_,
                    "SELECT webhook, count(*), sum(length(CAST(body AS BLOB))) FROM deliveries "
                    "WHERE state = 0 GROUP BY webhook");
  while (waiting.step()) {
    out.waiting[std::string(waiting.bytes(0))] = {static_cast<std::uint64_t>(waiting.number(1)),
                                                  static_cast<std::uint64_t>(waiting.number(2))};
  }
  Statement log(database_, "SELECT count(*) FROM deliveries WHERE state <> 0");
  out.log = static_cast<std::uint64_t>(log.value());
  return use_.emplace(std::move(out));
}

Deliveries::Use& Deliveries::changing() {
  if (!std::exchange(touched_, true) && use_) last_known_ = use_->waiting;
  return use();
}

/// One waits no longer.
void Deliveries::settled(const std::string& webhook, std::uint64_t bytes) {
  auto& waiting = use_->waiting[webhook];
  --waiting.events;
  waiting.bytes -= bytes;
  ++use_->log;
}

bool Deliveries::insert(const Delivery& delivery) {
  auto& use = changing();
  const auto before = sqlite3_total_changes64(database_.get());
  insert_->bind(1, delivery.id)
      .bind(2, delivery.webhook)
      .bind(3, delivery.type)
      .bind(4, delivery.body)
      .bind(5, millis(delivery.created))
      .bind(6, static_cast<std::int64_t>(delivery.sequence))
      .bind(7, static_cast<std::int64_t>(delivery.state));
  if (delivery.next_attempt) insert_->bind(8, millis(*delivery.next_attempt));
  insert_->bind(9, delivery.error).run();
  if (sqlite3_total_changes64(database_.get()) == before) return false;
  if (delivery.state != DeliveryState::waiting) {
    ++use.log;
  } else {
    auto& waiting = use.waiting[delivery.webhook];
    ++waiting.events;
    waiting.bytes += delivery.body.size();
  }
  return true;
}

void Deliveries::update(const Delivery& delivery) {
  changing();
  find_->bind(1, delivery.id).bind(2, delivery.webhook);
  const bool waited = find_->step() && find_->number(0) == 0;
  const auto bytes = waited ? static_cast<std::uint64_t>(find_->number(1)) : 0;
  find_->reset();
  update_->bind(1, static_cast<std::int64_t>(delivery.state)).bind(2, static_cast<std::int64_t>(delivery.attempts));
  if (delivery.last_attempt) update_->bind(3, millis(*delivery.last_attempt));
  if (delivery.next_attempt) update_->bind(4, millis(*delivery.next_attempt));
  update_->bind(5, static_cast<std::int64_t>(delivery.status))
      .bind(6, delivery.error)
      .bind(7, delivery.id)
      .bind(8, delivery.webhook)
      .bind(9, static_cast<std::int64_t>(DeliveryState::delivered))
      .run();
  if (waited && delivery.state != DeliveryState::waiting) settled(delivery.webhook, bytes);
}

record::GaveWay Deliveries::give_up(const std::string& webhook, record::DeliveryBounds keep, DeliveryState state) {
  record::GaveWay out;
  const auto& known = use().waiting;
  const auto found = known.find(webhook);
  if (found == known.end()) return out;
  auto rest = found->second;
  if (rest.events <= keep.events && rest.bytes <= keep.bytes) return out;
  changing();
  std::vector<std::pair<std::int64_t, std::uint64_t>> gone;  // number, bytes
  {
    Statement oldest(database_,
                     "SELECT number, length(CAST(body AS BLOB)) FROM deliveries "
                     "WHERE state = 0 AND webhook = ? ORDER BY created_ms, number");
    oldest.bind(1, webhook);
    while ((rest.events > keep.events || rest.bytes > keep.bytes) && oldest.step()) {
      ++(rest.events > keep.events ? out.events : out.bytes);
      gone.emplace_back(oldest.number(0), static_cast<std::uint64_t>(oldest.number(1)));
      --rest.events;
      rest.bytes -= gone.back().second;
    }
  }
  for (const auto& [number, bytes] : gone) {
    give_up_->bind(1, static_cast<std::int64_t>(state)).bind(2, number).run();
    settled(webhook, bytes);
  }
  return out;
}

void Deliveries::prune(std::uint64_t keep) {
  auto& log = changing().log;
  if (log <= keep) return;
  prune_->bind(1, static_cast<std::int64_t>(log - keep)).run();
  log = keep;
}

void Deliveries::reset() {
  for (auto* statement : {&insert_, &update_, &find_, &give_up_, &prune_}) (*statement)->reset();
  if (std::exchange(touched_, false)) use_.reset();
}

/// From both ends, so that what lies behind something unreadable is not lost with it.
Deliveries::Readable Deliveries::readable() const {
  const auto from = [&](const char* order) {
    std::uint64_t rows = 0;
    try {
      Statement select(database_, (std::string("SELECT * FROM deliveries ORDER BY number") + order).c_str());
      while (select.step()) ++rows;
      return std::pair(rows, true);
    } catch (const SqliteError& error) {
      if (!error.damaged()) throw;
      return std::pair(rows, false);
    }
  };
  const auto [first, all] = from("");
  return {first, all ? 0 : from(" DESC").first, all};
}

std::optional<Deliveries::Counts> Deliveries::counted() const {
  if (!use_ && !last_known_) return indexed();
  Counts out;
  for (const auto& [webhook, waiting] : use_ ? use_->waiting : *last_known_) out[webhook] = waiting.events;
  return out;
}

/// Both indexes of what waits begin with the webhook. What SQLite makes of this reads no page of the table.
std::optional<Deliveries::Counts> Deliveries::indexed() const {
  try {
    std::vector<std::string> names;
    Statement known(database_,
                    "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'deliveries' "
                    "AND (name GLOB 'deliveries_waiting*' OR name GLOB 'deliveries_oldest*')");
    while (known.step()) names.emplace_back(known.bytes(0));
    for (const auto& name : names) {
      if (auto out = counted_by(database_, name)) return out;
    }
  } catch (const SqliteError& error) {
    if (!error.damaged()) throw;
  }
  return std::nullopt;
}

void Deliveries::take_over(const std::string& other, Readable rows) {
  changing();
  const auto copy = [&](const char* order, std::uint64_t number) {
    if (number == 0) return;  // a look at the first could be too much
    Statement statement(database_, ("INSERT OR IGNORE INTO deliveries SELECT * FROM " + other + " ORDER BY number" + order +
                                    " LIMIT ?")
                                       .c_str());
    statement.bind(1, static_cast<std::int64_t>(number)).run();
  };
  copy("", rows.first);
  copy(" DESC", rows.last);
  use_.reset();  // to be counted anew
}

std::optional<Delivery> Deliveries::next(const std::string& webhook) const {
  Statement select(database_,
                   (std::string("SELECT ") + columns +
                    ", body FROM deliveries WHERE state = 0 AND webhook = ? ORDER BY next_ms, number LIMIT 1")
                       .c_str());
  select.bind(1, webhook);
  if (!select.step()) return std::nullopt;
  auto out = read(select);
  if (out) out->body = select.bytes(11);
  return out;
}

record::DeliveryBacklog Deliveries::backlog(const std::string& webhook) const {
  record::DeliveryBacklog out;
  const auto& known = use().waiting;
  const auto found = known.find(webhook);
  if (found == known.end() || found->second.events == 0) return out;
  out.waiting = found->second.events;
  out.bytes = found->second.bytes;
  Statement oldest(database_,
                   "SELECT created_ms FROM deliveries WHERE state = 0 AND webhook = ? "
                   "ORDER BY created_ms LIMIT 1");
  oldest.bind(1, webhook);
  if (oldest.step()) out.oldest = Instant{Millis{oldest.number(0)}};
  return out;
}

std::vector<Delivery> Deliveries::newest(const std::string& webhook, std::uint64_t limit) const {
  const std::string where = webhook.empty() ? "?1 = ''" : "webhook = ?1";
  Statement select(database_, (std::string("SELECT ") + columns + " FROM deliveries WHERE " + where +
                               " ORDER BY number DESC LIMIT ?2")
                                  .c_str());
  select.bind(1, webhook).bind(2, static_cast<std::int64_t>(limit));
  std::vector<Delivery> out;
  while (select.step()) {
    if (auto delivery = read(select)) out.push_back(*std::move(delivery));
  }
  return out;
}

}  // namespace pilotwatch::journal
