// SPDX-License-Identifier: Apache-2.0
#include "app/sender.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <thread>

namespace pilotwatch::app {

using std::chrono::steady_clock;

Sender::Sender(const ClientOptions& client, std::string path, std::vector<std::string> headers,
               std::chrono::seconds patience)
    : client_(client), path_(std::move(path)), headers_(std::move(headers)), patience_(patience) {}

void Sender::send(std::string_view body) {
  const auto give_up = steady_clock::now() + patience_;
  while (true) {
    std::string why;
    std::chrono::seconds pause{1};
    try {
      const auto answer = client_.post(path_, body, headers_);
      if (count(answer)) return;
      why = client_.described(path_, answer);
      if (!answer.come_back()) throw std::invalid_argument(why);
      pause = std::chrono::seconds{answer.retry_after_s};
    } catch (const std::invalid_argument& refused) {
      throw std::runtime_error(refused.what());
    } catch (const std::runtime_error& error) {
      why = error.what();
    }
    if (steady_clock::now() + pause > give_up)
      throw std::runtime_error(why + " (for " + std::to_string(patience_.count()) + " s)");
    std::this_thread::sleep_for(pause);
  }
}

/// False: not an answer that says what became of the lines.
bool Sender::count(const ClientAnswer& answer) {
  if (answer.status != 200 && answer.status != 400) return false;
  const auto said = nlohmann::json::parse(answer.body, nullptr, false);
  if (!said.is_object() || !said.contains("accepted")) return false;
  counts_.accepted += said.value("accepted", std::uint64_t{0});
  counts_.duplicate += said.value("duplicate", std::uint64_t{0});
  counts_.ignored += said.value("ignored", std::uint64_t{0});
  const auto rejected = said.value("rejected", std::uint64_t{0});
  if (rejected > 0 && counts_.rejected == 0 && said.contains("errors")) {  // once: the others are of the same kind
    std::fprintf(stderr, "pilotwatch: the daemon rejects lines, the first: %s\n", said["errors"].dump().c_str());
  }
  counts_.rejected += rejected;
  return true;
}

std::string Sender::summary() const {
  return std::to_string(counts_.accepted) + " accepted, " + std::to_string(counts_.duplicate) + " duplicate, " +
         std::to_string(counts_.rejected) + " rejected" +
         (counts_.ignored > 0 ? ", " + std::to_string(counts_.ignored) + " ignored" : "");
}

}  // namespace pilotwatch::app
