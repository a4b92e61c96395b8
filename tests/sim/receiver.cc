// SPDX-License-Identifier: Apache-2.0
#include "sim/receiver.h"

#include <nlohmann/json.hpp>

#include "sim/check.h"

namespace pilotwatch::sim {
namespace {

constexpr Millis validity{15 * 60'000};

sinks::PostResult answer(long status, std::string body = "") {
  sinks::PostResult out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

sinks::PostResult silence(std::string why) {
  sinks::PostResult out;
  out.error = std::move(why);
  return out;
}

}  // namespace

void Receiver::turn() { mood_ = random_.one_in(2) ? Mood::well : static_cast<Mood>(random_.below(8)); }

sinks::PostResult Receiver::post(const std::string& json, Millis timeout, Instant now, std::uint64_t life) {
  took_ = Millis{0};
  if (mood_ == Mood::well || mood_ == Mood::hangs_but_takes) take(json, now, life);
  if (mood_ != Mood::well) {
    for (auto& [labels, known] : known_) known.failed = true;
  }
  switch (mood_) {
    case Mood::well:
      return answer(200);
    case Mood::fails:
      return answer(random_.one_in(2) ? 500 : 503, "oh");
    case Mood::busy: {
      auto out = answer(429);
      out.retry_after = Millis{random_.between(0, 600'000)};
      return out;
    }
    case Mood::refuses:
      return answer(400, "no");
    case Mood::garbage:
      return answer(random_.between(100, 700) * 10 + 1, "\xFF\x01garbage");
    case Mood::hangs:
    case Mood::hangs_but_takes:
      took_ = timeout;
      return silence("timeout");
    case Mood::away:
      break;
  }
  return silence("refused");
}

void Receiver::take(const std::string& json, Instant now, std::uint64_t life) {
  for (const auto& alert : nlohmann::json::parse(json)) {
    ++taken_;
    const auto labels = alert.at("labels").dump();
    const std::string url = alert.at("generatorURL"), starts = alert.at("startsAt"), ends = alert.at("endsAt");
    const auto episode = url.substr(url.rfind('/') + 1);
    const bool firing = parse_rfc3339(ends) == now + validity;
    require(starts_.emplace(episode, starts).first->second == starts, "an episode begins at two times: " + episode);
    require(!firing || !resolved_.contains(episode), "an alert that was over fires again: " + labels);
    auto& last = known_[labels];
    const bool same = last.episode == episode && last.firing == firing && last.life == life && last.prompt &&
                      !last.failed && last.clock_steps == time_.steps();
    require(!same || time_.passed() - last.at >= resend_delay_ - last.lag, "an alert was sent twice: " + labels);
    const bool prompt = last.episode == episode && !last.failed;
    last = {episode, starts, firing, time_.passed(), lag_, life, time_.steps(), false, prompt};
    ever_.insert(episode);
    if (!firing) resolved_.insert(episode);
  }
}

std::map<std::string, std::string> Receiver::firing(Millis lately) const {
  std::map<std::string, std::string> out;
  for (const auto& [labels, known] : known_) {
    if (known.firing && time_.passed() - known.at <= lately) out[labels] = known.episode;
  }
  return out;
}

}  // namespace pilotwatch::sim
