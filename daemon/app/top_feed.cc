// SPDX-License-Identifier: Apache-2.0
#include "app/top_feed.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

#include "app/client_json.h"

namespace pilotwatch::app {
namespace {

constexpr long look_timeout_s = 10;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

TopSample look_at(Client& client) {
  const auto pilots = answer_of(client, "/api/v1/pilots");
  const auto metrics = client.get("/metrics");
  if (metrics.status != 200) throw std::runtime_error(client.described("/metrics", metrics));
  return read_top(pilots.at("data"), metrics.body, seconds_now());
}

TopFeed::TopFeed(ClientOptions client, std::chrono::milliseconds interval)
    : options_(std::move(client)), interval_(interval), wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (wake_ < 0) throw std::runtime_error("no eventfd");
  options_.timeout_s = look_timeout_s;
  options_.cancelled = [this] { return stopping_.load(); };
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "pw-look");
    run();
  });
}

TopFeed::~TopFeed() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  thread_.join();
  close(wake_);
}

TopFeed::News TopFeed::take() {
  std::uint64_t seen = 0;
  static_cast<void>(!read(wake_, &seen, sizeof seen));
  const std::lock_guard lock(mutex_);
  return news_;
}

void TopFeed::run() {
  std::optional<Client> client;  // a connection of its own; made anew after a failure
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    std::optional<TopSample> sample;
    std::string trouble;
    try {
      if (!client) client.emplace(options_);
      sample = look_at(*client);
    } catch (const std::exception& error) {
      trouble = error.what();
      client.reset();
    }
    lock.lock();
    if (sample) news_.before = std::exchange(news_.now, std::move(sample));
    news_.trouble = std::move(trouble);
    const std::uint64_t one = 1;
    static_cast<void>(!write(wake_, &one, sizeof one));
    stop_.wait_for(lock, interval_, [this] { return stopping_.load(); });
  }
}

}  // namespace pilotwatch::app
