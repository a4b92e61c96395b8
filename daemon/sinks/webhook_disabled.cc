// SPDX-License-Identifier: Apache-2.0
// A webhook that has answered 410: nothing goes to it until somebody enables it, over restarts.
#include <charconv>

#include "base/id.h"
#include "sinks/webhook_target.h"

namespace pilotwatch::sinks {

/// "<milliseconds> <hash of the URL>"
std::string WebhookTarget::memo_of(Instant since) const {
  return std::to_string(since.time_since_epoch().count()) + " " + content_hash(hook_.url).hex();
}

/// Whether it was disabled in an earlier run, under the same URL.
void WebhookTarget::recall() {
  const auto memo = outbox_.memo(hook_.name);
  if (memo.empty()) return;
  Millis::rep since = 0;
  const auto [end, error] = std::from_chars(memo.data(), memo.data() + memo.size(), since);
  old_memo_ = error != std::errc{} || memo != memo_of(Instant{Millis{since}});
  if (old_memo_) return;
  stats_.disabled_since = Instant{Millis{since}};
  if (log_ == nullptr) return;
  log_->error(
      "the webhook is still disabled: it has answered 410 Gone; pilotwatch alert enable, or another url, enables it",
      {{"webhook", hook_.name}, {"since", format_rfc3339(*stats_.disabled_since)}});
}

bool WebhookTarget::refuses() {
  const std::lock_guard lock(mutex_);
  if (!stats_.disabled_since) return false;
  ++stats_.dropped_disabled;
  return true;
}

void WebhookTarget::enable() {
  const std::lock_guard one(enabling_);
  outbox_.set_memo(hook_.name, "");
  if (log_ != nullptr) log_->info("the webhook is enabled again", {{"webhook", hook_.name}});
  const std::lock_guard lock(mutex_);
  stats_.disabled_since.reset();
  ++enablings_;
  woken_ = true;
  changed_.notify_all();
}

/// The memo first: who is killed before the rest finds it at the start. False: it has been enabled meanwhile, by
/// somebody who knew of the answer, or of one like it.
bool WebhookTarget::disable(record::Delivery& delivery, Instant now, std::uint64_t enablings) {
  const std::lock_guard one(enabling_);
  if (this->enablings() != enablings) return false;
  outbox_.set_memo(hook_.name, memo_of(now));
  delivery.state = record::DeliveryState::disabled;
  {
    const std::lock_guard lock(mutex_);
    stats_.disabled_since = now;
    ++stats_.dropped_disabled;
  }
  if (log_ != nullptr) {
    log_->error("the webhook answers 410 Gone and is disabled; pilotwatch alert enable, or another url, enables it",
                {{"webhook", hook_.name}});
  }
  return true;
}

/// What waits for a webhook that is disabled; nothing of what has come since it was enabled.
void WebhookTarget::discard() {
  const std::lock_guard one(enabling_);
  {
    const std::lock_guard lock(mutex_);
    if (!stats_.disabled_since) return;
  }
  const auto count = outbox_.give_up(hook_.name);
  {
    const std::lock_guard lock(mutex_);
    stats_.dropped_disabled += count;
  }
  refresh_backlog();
}

std::uint64_t WebhookTarget::enablings() const {
  const std::lock_guard lock(mutex_);
  return enablings_;
}

bool WebhookTarget::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

}  // namespace pilotwatch::sinks
