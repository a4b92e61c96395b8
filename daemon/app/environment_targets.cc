// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "app/environment_parts.h"
#include "base/text.h"
#include "runtime/tls.h"
#include "sinks/http_post.h"

namespace pilotwatch::app {
namespace {

using settings::Places;
using sinks::Ask;
using sinks::PostFailure;

constexpr Millis patience{5000}, patience_with_all{30'000};
/// Beyond that an Alertmanager that goes by its own clock may take what fires for over.
constexpr Millis tolerated_skew{30'000};

/// One place to be connected to, and what came of it.
struct Target {
  std::string path;  ///< of its URL in the settings
  std::string what;  ///< "alertmanager a:9093"
  std::string url;
  Ask ask = Ask::connect;
  bool signs_in = false;  ///< with what notifications say; nothing secret is sent by a look
  sinks::PostOptions options;
  Millis timeout = patience;
  sinks::LookResult result;
  Instant asked, answered;
};

std::string ready_url(std::string base) {
  while (!base.empty() && base.back() == '/') base.pop_back();
  return base + "/-/ready";
}

Target target_of(const settings::Notify& notify, const settings::Alertmanager& to, std::string path, std::string what) {
  sinks::PostOptions options;
  options.ca_file = to.access.ca_file;
  options.cert_file = to.access.cert_file;
  options.key_file = to.access.key_file;
  const bool signs_in = !to.access.username.empty() || !to.access.bearer_token_file.empty();
  return {std::move(path),
          std::move(what),
          ready_url(to.url),
          Ask::get,
          signs_in,
          std::move(options),
          std::min(patience, notify.timeout),
          {},
          {},
          {}};
}

Target target_of(const settings::Webhook& hook, std::string path) {
  sinks::PostOptions options;
  options.only_public_and = hook.allow_networks;
  options.ca_file = hook.ca_file;
  return {std::move(path),    "webhook " + hook.name,           hook.url, Ask::connect, false,
          std::move(options), std::min(patience, hook.timeout), {},       {},           {}};
}

std::vector<Target> targets_of(const settings::Notify& notify, const std::vector<FoundAlertmanager>& found,
                               const Places& places) {
  std::vector<Target> out;
  for (std::size_t i = 0; i < notify.alertmanagers.size(); ++i) {
    const auto& to = notify.alertmanagers[i];
    out.push_back(target_of(notify, to, places.alertmanager(i, false) + ".url", "alertmanager " + to.name));
  }
  for (const auto& one : found) {
    auto target = target_of(notify, one.to, one.path, "alertmanager " + one.to.name);
    // Who is named twice is told once, and asked once.
    if (std::ranges::find(out, target.url, &Target::url) == out.end()) out.push_back(std::move(target));
  }
  for (std::size_t i = 0; i < notify.webhooks.size(); ++i)
    out.push_back(target_of(notify.webhooks[i], Places::element("notify.webhooks", i) + ".url"));
  return out;
}

/// None is waited for longer than all together may be.
void connect_to(std::vector<Target>& targets, const Clock& clock, const std::function<bool()>& give_up) {
  at_once(targets.size(), [&](std::size_t i) {
    auto& target = targets[i];
    target.asked = clock.now();
    target.result = sinks::HttpPost(target.url, target.options).look(target.ask, target.timeout, target.asked, give_up);
    target.answered = clock.now();
  });
}

std::string advice(const Target& target) {
  switch (target.result.answer.failure) {
    case PostFailure::tls:
      return "; look at its certificate, and at who is trusted";
    case PostFailure::address_refused:
      return "; name its network in allow_networks if it is meant";
    case PostFailure::given_up:
      return "; there was no time left for it";
    default:
      return "; look at the address, the network and whether it runs";
  }
}

void tell_answer(const Target& target, Findings& out) {
  const auto& answer = target.result.answer;
  const auto status = "HTTP " + std::to_string(answer.status);
  if (answer.status == 200) return out.add(Level::note, target.path, target.what + ": ready");
  const bool credentials = answer.status == 401 || answer.status == 403;
  const bool starting = answer.status == 503;
  if (credentials && target.signs_in)
    return out.add(Level::note, target.path,
                   target.what +
                       ": answers, and asks for the credentials that notifications bring; pilotwatch alert test tries "
                       "them");
  out.add(starting ? Level::warning : Level::error, target.path,
          target.what + ": " + target.url + " answers " + status +
              (credentials ? ": it asks for credentials"
               : starting  ? ": it is not ready yet"
                           : ": is it an Alertmanager, and is the path prefix right?"));
}

void tell_skew(const Target& target, Findings& out) {
  const auto date = target.result.answer.date;
  if (!date) return;
  // Its time is cut to the second, and it was told somewhen between asking and the answer.
  const Millis behind = target.asked - (*date + Millis{999}), ahead = *date - target.answered;
  const Millis skew = std::max(behind, ahead);
  if (skew <= tolerated_skew) return;
  const auto seconds = std::to_string(std::chrono::round<std::chrono::seconds>(skew).count());
  out.add(Level::warning, target.path,
          target.what + ": its clock is " + seconds + " s " + (ahead > behind ? "ahead of" : "behind") +
              " ours: it may take what fires for over; set both clocks");
}

void tell(const Target& target, Instant now, Findings& out) {
  const auto& answer = target.result.answer;
  if (answer.failure != PostFailure::none) {
    out.add(Level::error, target.path,
            target.what + ": cannot be reached: " + to_valid_utf8(answer.error) + advice(target));
  } else if (target.ask == Ask::get) {
    tell_answer(target, out);
    tell_skew(target, out);
  } else {
    out.add(Level::note, target.path, target.what + ": can be connected to; nothing was sent");
  }
  const auto ends = runtime::certificate_expiry(target.result.certificate);
  if (!ends) return;
  const auto end = expiry(*ends, now);
  if (end.level != Level::note) out.add(end.level, target.path, target.what + ": " + end.words);
}

}  // namespace

void look_at_targets(const Surroundings& surroundings, const Clock& clock, Findings& out) {
  const auto& notify = surroundings.settings.notify;
  const auto ends = std::chrono::steady_clock::now() + patience_with_all;
  const auto give_up = [ends] { return std::chrono::steady_clock::now() > ends; };
  if (notify.alertmanagers.empty() && notify.lookups.empty() && notify.webhooks.empty())
    return out.add(Level::note, "notify", "no Alertmanager and no webhook: nobody is told of a breach");
  auto targets = targets_of(notify, look_up_alertmanagers(notify, give_up, out), out.places());
  connect_to(targets, clock, give_up);
  for (const auto& target : targets) tell(target, clock.now(), out);
}

}  // namespace pilotwatch::app
