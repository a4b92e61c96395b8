// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "sinks/webhook.h"
#include "sinks/webhook_message.h"
#include "sinks/webhook_target.h"

namespace pilotwatch::sinks {

struct Webhooks::Impl {
  std::vector<std::unique_ptr<WebhookTarget>> targets;

  WebhookTarget* find(const std::string& name) {
    for (const auto& target : targets) {
      if (target->name() == name) return target.get();
    }
    return nullptr;
  }
};

Webhooks::Webhooks(const settings::Notify& notify, Outbox& outbox, const Clock& clock, const runtime::Log* log,
                   const SteadyClock& steady, const Connect& connect)
    : impl_(std::make_unique<Impl>()) {
  for (const auto& hook : notify.webhooks) {
    impl_->targets.push_back(std::make_unique<WebhookTarget>(hook, outbox, clock, steady, log, connect(hook)));
  }
}

Webhooks::~Webhooks() { stop(Millis{0}); }

void Webhooks::start() {
  for (const auto& target : impl_->targets) target->start();
}

std::optional<Millis> Webhooks::step(std::size_t webhook) { return impl_->targets.at(webhook)->step(); }

void Webhooks::added(const std::map<std::string, std::uint64_t>& events,
                     const std::map<std::string, record::GaveWay>& gave_way) {
  for (const auto& target : impl_->targets) {
    const auto come = events.find(target->name());
    const auto gone = gave_way.find(target->name());
    if (come == events.end() && gone == gave_way.end()) continue;
    target->added(come == events.end() ? 0 : come->second, gone == gave_way.end() ? record::GaveWay{} : gone->second);
  }
}

bool Webhooks::refuses(const std::string& webhook) {
  auto* target = impl_->find(webhook);
  return target != nullptr && target->refuses();
}

bool Webhooks::enable(const std::string& webhook) {
  auto* target = impl_->find(webhook);
  if (target == nullptr) return false;
  target->enable();
  return true;
}

void Webhooks::begin_stop(Millis grace) {
  for (const auto& target : impl_->targets) target->begin_stop(grace);
}

void Webhooks::stop(Millis grace) {
  begin_stop(grace);
  for (const auto& target : impl_->targets) target->join();
}

std::vector<WebhookStats> Webhooks::stats() const {
  std::vector<WebhookStats> out;
  for (const auto& target : impl_->targets) out.push_back(target->stats());
  return out;
}

Send Webhooks::by_libcurl(const settings::Webhook& webhook) {
  return send_to(webhook.url, {webhook_content_type(webhook.format), webhook.allow_networks, webhook.ca_file});
}

}  // namespace pilotwatch::sinks
