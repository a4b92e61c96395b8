// SPDX-License-Identifier: Apache-2.0
#include "app/intake.h"

#include <pthread.h>

#include <chrono>
#include <tuple>

#include "app/pace.h"
#include "app/rehearsal.h"

namespace pilotwatch::app {
namespace {

using sources::Delivery;
using sources::Reply;

constexpr std::size_t max_shown_records = 100;  // of one delivery
// What is larger is packed for the journal here, beside the core, which packs what is smaller many at once: that takes
// less room.
constexpr std::uint64_t pack_from_bytes = 64 << 10;

Reply for_good(unsigned status, std::string detail) {
  Reply reply;
  reply.status = Reply::Status::refused;
  reply.http_status = status;
  reply.detail = std::move(detail);
  return reply;
}

Reply come_back(Reply::Status status, const char* detail) {
  Reply reply;
  reply.status = status;
  reply.retry_after_s = status == Reply::Status::overloaded ? 1 : 5;
  reply.detail = detail;
  return reply;
}

Reply rehearsed(std::vector<std::string> shown, const mapping::Output& mapped, decode::Output decoded) {
  Reply reply;
  reply.status = Reply::Status::rehearsed;
  reply.accepted = decoded.batch.records.size();
  reply.rejected = decoded.rejects.total();
  reply.ignored = mapped.ignored;
  reply.errors = std::move(decoded.errors);
  reply.records = "[";
  for (const auto& record : shown) (reply.records += reply.records.size() == 1 ? "" : ",") += record;
  reply.records += ']';
  return reply;
}

/// What mapping and decoding made of one delivery, with the lines of the foreign input everywhere.
struct Read {
  mapping::Output mapped;
  decode::Output decoded;

  void use_foreign_lines() {
    const auto foreign = [&](std::uint32_t line) {
      return line >= 1 && line <= mapped.lines.size() ? mapped.lines[line - 1] : line;
    };
    for (auto& record : decoded.batch.records) record.line = foreign(record.line);
    for (auto& reject : decoded.errors) reject.line = foreign(reject.line);
    for (const auto& reject : mapped.rejects) {
      decoded.rejects.add(reject);
      ++decoded.lines;
    }
    auto& errors = decoded.errors;
    errors.insert(errors.end(), mapped.rejects.begin(), mapped.rejects.end());
    std::ranges::stable_sort(errors, {}, &record::Reject::line);
    if (errors.size() > decode::max_errors) errors.resize(decode::max_errors);
  }

  /// After that: the text of a reject is the foreign line, which is what somebody has to mend.
  void use_foreign_texts(const settings::Source& source, const mapping::Input& input, std::uint64_t max_line_bytes) {
    std::vector<std::uint32_t> lines;
    for (const auto& reject : decoded.errors) lines.push_back(reject.line);
    if (lines.empty()) return;
    auto texts = mapping::Translator::texts_at(source, input, max_line_bytes, lines, decode::max_kept_text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      auto& reject = decoded.errors[i];
      reject.made = std::exchange(reject.text, std::move(texts[i]));
    }
  }
};

}  // namespace

Intake::Intake(Parts parts) : parts_(std::move(parts)), decoder_(parts_.settings, parts_.key) {}

Intake::~Intake() {
  if (thread_.joinable()) stop();
}

void Intake::start() {
  {
    const std::lock_guard lock(mutex_);  // the listener asks already
    stopping_ = false;
  }
  if (parts_.drive == Drive::steps) return;
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "pw-intake");
    run();
  });
}

void Intake::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  while (parts_.drive == Drive::steps && step()) continue;
}

void Intake::deliver(Delivery delivery) {
  std::optional<Reply> refused;
  {
    const std::lock_guard lock(mutex_);
    const bool follows_a_file = !delivery.cursors.empty();
    refused = refusal(delivery.bytes.size(), follows_a_file);
    if (!refused) {
      count_in(delivery, follows_a_file ? 0 : seconds_for(delivery));
      waiting_.push_back(std::move(delivery));
    }
  }
  if (refused) return delivery.done(std::move(*refused));
  wake_.notify_one();  // not under the lock, or who wakes goes to sleep again at once
}

std::optional<Reply> Intake::refuses(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  return refusal(bytes, false);
}

/// Under the lock, and counted. `always`: taken even where there is little room. What counts is what waits already: a
/// large body must get its turn, too.
std::optional<Reply> Intake::refusal(std::uint64_t bytes, bool always) {
  if (!parts_.core.ready() || stopping_) {
    ++unavailable_;
    return come_back(Reply::Status::unavailable, "starting or stopping");
  }
  if (always || house_requests_ == 0) return std::nullopt;
  const auto& bounds = parts_.settings.ingest;
  const bool fits = house_requests_ < bounds.max_queue_requests && house_bytes_ + bytes <= bounds.max_queue_bytes &&
                    house_seconds_ * 1000 <= static_cast<double>(bounds.max_queue_time.count());
  if (fits) return std::nullopt;
  ++overloaded_;
  return come_back(Reply::Status::overloaded, "the ingest queue is full");
}

/// Under the lock: how long working it off will take, as far as the last ones of its kind tell.
double Intake::seconds_for(const Delivery& delivery) const {
  const auto& pace = paces_[static_cast<std::size_t>(delivery.packing)];
  return static_cast<double>(delivery.bytes.size()) *
         (pace.seconds_per_byte + pace.expansion * parts_.core.seconds_per_byte());
}

/// Under the lock: counts the delivery in, and out again when it is answered, once.
void Intake::count_in(Delivery& delivery, double seconds) {
  const auto bytes = delivery.bytes.size();
  ++house_requests_;
  house_bytes_ += bytes;
  house_seconds_ += seconds;
  const auto answered = std::make_shared<std::atomic<bool>>(false);
  delivery.done = [this, bytes, seconds, answered, done = std::move(delivery.done)](Reply reply) {
    if (answered->exchange(true)) return;
    {
      const std::lock_guard lock(mutex_);
      --house_requests_;
      house_bytes_ -= bytes;
      house_seconds_ = house_requests_ == 0 ? 0 : house_seconds_ - seconds;
    }
    done(std::move(reply));
  };
}

void Intake::run() {
  do {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return !waiting_.empty() || stopping_; });
    lock.unlock();
  } while (step());
}

bool Intake::step() {
  Delivery delivery;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return false;
    delivery = std::move(waiting_.front());
    waiting_.pop_front();
  }
  const auto done = delivery.done;
  try {
    process(std::move(delivery));
  } catch (const std::exception& error) {  // memory, most likely; the next one may be smaller
    ++failed_;
    parts_.log.error("a delivery could not be read", {{"component", "intake"}, {"err", error.what()}});
    done(come_back(Reply::Status::unavailable, "it could not be read now"));
  }
  return true;
}

void Intake::process(Delivery delivery) {
  const auto start = parts_.steady.now();
  const auto seconds = [&] { return std::chrono::duration<double>(parts_.steady.now() - start).count(); };
  const auto packing = delivery.packing;
  const auto wire_bytes = delivery.bytes.size();
  if (unpack(delivery)) {
    const auto bytes = delivery.bytes.size();
    auto decoded = read(delivery);
    learn(packing, wire_bytes, bytes, seconds());
    if (decoded) parts_.core.submit(std::move(*decoded));
  } else {
    learn(packing, wire_bytes, wire_bytes, seconds());
  }
}

void Intake::learn(Packing packing, std::uint64_t wire_bytes, std::uint64_t bytes, double seconds) {
  const std::lock_guard lock(mutex_);
  auto& pace = paces_[static_cast<std::size_t>(packing)];
  pace.seconds_per_byte = pace_after(pace.seconds_per_byte, wire_bytes, seconds);
  pace.expansion = pace_after(pace.expansion, wire_bytes, static_cast<double>(bytes));
}

decode::Input Intake::input_of(const Delivery& delivery) const {
  decode::Input out;
  out.stream = delivery.stream;
  out.pilot = delivery.pilot.empty() ? delivery.source->pilot : delivery.pilot;
  out.pilots = delivery.source->pilots;
  out.wall = parts_.clock.now();
  out.keep_text = parts_.settings.ingest.dead_letter_text;
  return out;
}

/// nullopt: it has been answered.
std::optional<Decoded> Intake::read(Delivery& delivery) {
  Read read;
  auto& translator = this->translator(*delivery.source);
  const bool tapped = parts_.settings.ingest.tap && parts_.tap.open(delivery.source->name);
  const bool passes = translator.passes(delivery.framing);
  const bool shows = tapped || delivery.dry_run;
  const mapping::Input foreign{delivery.bytes,      delivery.framing, delivery.csv_header,
                               delivery.attributes, delivery.stream,  parts_.clock.now()};
  if (!passes || shows) {  // what passes is only shown so
    read.mapped = translator.translate(foreign);
  }
  auto input = input_of(delivery);
  input.bytes = passes ? delivery.bytes : read.mapped.records;
  std::string key;  // one client's keys are not another's
  if (!delivery.idempotency_key.empty()) {
    const auto& name = delivery.source->name;
    key = std::to_string(name.size()) + ':' + name + ':' + delivery.idempotency_key;
  }
  input.idempotency_key = key;
  read.decoded = decoder_.decode(input);
  std::vector<std::string> shown;
  if (shows) shown = rehearsal(read.mapped, read.decoded, passes ? Lines::foreign : Lines::own, max_shown_records);
  if (!passes) read.use_foreign_lines();
  if (!passes && input.keep_text)
    read.use_foreign_texts(*delivery.source, foreign, parts_.settings.ingest.max_line_bytes);
  if (tapped) show(delivery, shown, read.decoded.errors);
  if (delivery.dry_run) {
    delivery.done(rehearsed(std::move(shown), read.mapped, std::move(read.decoded)));
    return std::nullopt;
  }
  if (delivery.strict && read.decoded.rejects.total() > 0) {
    ++strict_;
    auto reply = for_good(422, "strict=1, and a line cannot be used; nothing was taken");
    reply.errors = std::move(read.decoded.errors);
    reply.rejected = read.decoded.rejects.total();
    delivery.done(std::move(reply));
    return std::nullopt;
  }
  Decoded out;
  out.source = delivery.source;
  out.submission.source = delivery.source->name;
  out.submission.batch = std::move(read.decoded.batch);
  out.submission.rejects = read.decoded.rejects;
  out.submission.bytes = delivery.bytes.size();
  out.submission.dropped_fields = read.decoded.dropped_fields;
  out.submission.ignored = out.ignored = passes ? 0 : read.mapped.ignored;
  if (out.submission.bytes >= pack_from_bytes) record::pack(out.submission);
  out.rejected = read.decoded.rejects.total();
  out.rejects = std::move(read.decoded.errors);
  out.cursors = std::move(delivery.cursors);
  out.done = std::move(delivery.done);
  return out;
}

void Intake::show(const Delivery& delivery, std::vector<std::string> events,
                  const std::vector<record::Reject>& rejects) {
  auto bad = rejects_json(rejects);
  events.insert(events.end(), std::make_move_iterator(bad.begin()), std::make_move_iterator(bad.end()));
  parts_.tap.add(delivery.source->name, std::move(events));
}

/// False: it could not be, and has been answered.
bool Intake::unpack(Delivery& delivery) {
  if (delivery.packing == Packing::identity) return true;
  auto unpacked = pilotwatch::unpack(delivery.packing, delivery.bytes, parts_.settings.ingest.max_body_bytes);
  if (unpacked.error) {
    ++(unpacked.error->too_large ? unpacked_too_large_ : damaged_);
    delivery.done(for_good(unpacked.error->too_large ? 413 : 400, "the body: " + unpacked.error->what));
    return false;
  }
  if (sources::is_empty_body(delivery.framing, unpacked.bytes)) {  // as the same body is answered that is not packed
    delivery.done(for_good(400, sources::empty_body));
    return false;
  }
  delivery.bytes = std::move(unpacked.bytes);
  return true;
}

mapping::Translator& Intake::translator(const settings::Source& source) {
  return translators_.try_emplace(&source, source, parts_.settings.ingest.max_line_bytes).first->second;
}

void Intake::describe(sinks::SelfStats& out) const {
  const std::lock_guard lock(mutex_);
  out.queue_requests = house_requests_;
  out.queue_bytes = house_bytes_;
  out.queue_capacity = parts_.settings.ingest.max_queue_requests;
  out.queue_bytes_capacity = parts_.settings.ingest.max_queue_bytes;
  out.overloaded += overloaded_;
  out.unavailable += unavailable_;
  for (const auto& [reason, count] : {std::pair("damaged", damaged_.load()),
                                      {"unpacked_too_large", unpacked_too_large_.load()},
                                      {"strict", strict_.load()},
                                      {"failed", failed_.load()}})
    out.refused.emplace_back(reason, count);
}

}  // namespace pilotwatch::app
