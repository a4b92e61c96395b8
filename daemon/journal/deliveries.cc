// SPDX-License-Identifier: Apache-2.0
#include "journal/deliveries.h"

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
CREATE INDEX IF NOT EXISTS deliveries_waiting ON deliveries(webhook, next_ms, number) WHERE state = 0;
)sql";

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

}  // namespace

Deliveries::Deliveries(Database& database) : database_(database) {
  database.run(table);
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
  give_up_.emplace(database,
                   "UPDATE deliveries SET state = ?1, next_ms = NULL, body = '' WHERE state = 0 AND webhook = ?2 AND "
                   "number NOT IN (SELECT number FROM deliveries WHERE state = 0 AND webhook = ?2 ORDER BY number DESC "
                   "LIMIT ?3)");
  prune_.emplace(database,
                 "DELETE FROM deliveries WHERE state <> 0 AND number NOT IN (SELECT number FROM deliveries WHERE state "
                 "<> 0 ORDER BY number DESC LIMIT ?)");
}

bool Deliveries::insert(const Delivery& delivery) {
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
  return sqlite3_total_changes64(database_.get()) > before;
}

void Deliveries::update(const Delivery& delivery) {
  update_->bind(1, static_cast<std::int64_t>(delivery.state)).bind(2, static_cast<std::int64_t>(delivery.attempts));
  if (delivery.last_attempt) update_->bind(3, millis(*delivery.last_attempt));
  if (delivery.next_attempt) update_->bind(4, millis(*delivery.next_attempt));
  update_->bind(5, static_cast<std::int64_t>(delivery.status))
      .bind(6, delivery.error)
      .bind(7, delivery.id)
      .bind(8, delivery.webhook)
      .bind(9, static_cast<std::int64_t>(DeliveryState::delivered))
      .run();
}

std::uint64_t Deliveries::give_up(const std::string& webhook, std::uint64_t keep, DeliveryState state) {
  const auto before = sqlite3_total_changes64(database_.get());
  give_up_->bind(1, static_cast<std::int64_t>(state)).bind(2, webhook).bind(3, static_cast<std::int64_t>(keep)).run();
  return static_cast<std::uint64_t>(sqlite3_total_changes64(database_.get()) - before);
}

void Deliveries::prune(std::uint64_t keep) { prune_->bind(1, static_cast<std::int64_t>(keep)).run(); }

void Deliveries::reset() {
  for (auto* statement : {&insert_, &update_, &give_up_, &prune_}) (*statement)->reset();
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
  Statement select(database_, "SELECT count(*), min(created_ms) FROM deliveries WHERE state = 0 AND webhook = ?");
  select.bind(1, webhook);
  record::DeliveryBacklog out;
  if (!select.step()) return out;
  out.waiting = static_cast<std::uint64_t>(select.number(0));
  if (out.waiting > 0) out.oldest = Instant{Millis{select.number(1)}};
  return out;
}

std::vector<Delivery> Deliveries::newest(const std::string& webhook, std::uint64_t limit) const {
  Statement select(database_, (std::string("SELECT ") + columns +
                               " FROM deliveries WHERE ?1 = '' OR webhook = ?1 ORDER BY number DESC LIMIT ?2")
                                  .c_str());
  select.bind(1, webhook).bind(2, static_cast<std::int64_t>(limit));
  std::vector<Delivery> out;
  while (select.step()) {
    if (auto delivery = read(select)) out.push_back(*std::move(delivery));
  }
  return out;
}

}  // namespace pilotwatch::journal
