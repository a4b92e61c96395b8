// SPDX-License-Identifier: Apache-2.0
#include "sim/world.h"

#include <algorithm>
#include <sstream>

#include "sim/check.h"
#include "sim/setup.h"

namespace pilotwatch::sim {
namespace {

constexpr std::size_t kept_notes = 40;
constexpr unsigned clients = 3;

const runtime::Log& quiet() {
  static std::ostringstream nowhere;
  static const runtime::Log log([] {
    runtime::LogOptions options;
    options.level = runtime::LogLevel::error;
    options.out = &nowhere;
    return options;
  }());
  nowhere.str("");
  return log;
}

}  // namespace

World::World(std::uint64_t seed, bool verbose)
    : random_(seed),
      verbose_(verbose),
      settings_(settings_for(random_, folder_.path())),
      vfs_(
          disk_, [this] { return time_.wall().time_since_epoch().count(); }, seed),
      clients_(clients, Client(stage_)),
      log_writer_(stage_, folder_.path() / "log"),
      receivers_(settings_.notify.alertmanagers.size(), Receiver(random_, time_, settings_.notify.resend_delay)),
      next_post_(receivers_.size()) {
  first_violation().clear();
}

void World::run(unsigned steps) {
  for (unsigned i = 0; i < steps; ++i) step();
  settle();
  check_end();
}

void World::step() {
  ++steps_;
  if (!life_) {
    time_.pass(Millis{random_.between(0, 5000)});
    change_weather();
    start();
  } else {
    act();
    if (!disk_.dead() && random_.one_in(150)) stop();
  }
  if (disk_.dead()) die();
  if (!first_violation().empty()) throw Violation(first_violation());
}

std::uint64_t World::operations_to_live() {
  const auto kind = random_.below(10);
  return random_.below(kind < 5 ? 15 : kind < 9 ? 80 : 600);
}

void World::start() {
  const bool soon = random_.one_in(3);  // before it has started
  if (!calm_ && soon) disk_.die_after(random_.below(200));
  ++lives_;
  life_ = std::make_unique<Life>(
      Life::Parts{settings_, time_, quiet(), folder_.path(), [this](const settings::Alertmanager& to) { return connect(to.url); }});
  try {
    life_->start();
    tail_ = std::make_unique<Tail>(stage_, *life_);
  } catch (const Violation&) {
    throw;
  } catch (const std::exception& error) {
    // The file or memory is not what SQLite wrote: nothing here does that to it.
    require(disk_.dead() || (dynamic_cast<const journal::DamagedError*>(&error) == nullptr &&
                             dynamic_cast<const CorruptBytes*>(&error) == nullptr),
            std::string("what was written cannot be read: ") + error.what());
    note(std::string("does not start: ") + error.what());
    ++failed_starts_;
    if (!disk_.dead()) forget_life("", 0);
    return;
  }
  if (disk_.dead()) return;
  if (!calm_ && !soon) disk_.die_after(operations_to_live());
  note("started with " + std::to_string(life_->born_with()) + " entries");
  check_journal();
  life_that_ran_ = lives_;
}

void World::act() {
  time_.pass(Millis{random_.one_in(60) ? random_.between(0, 3 * 3'600'000) : random_.between(0, 60'000)});
  change_weather();
  change_clock();
  if (random_.one_in(60)) story_.turn();
  for (auto& receiver : receivers_) {
    if (!calm_ && random_.one_in(30)) receiver.turn();
  }
  if (random_.one_in(3)) log_writer_.step(tail_->has_begun());
  for (auto& client : clients_) {
    if (random_.one_in(2)) client.step(*life_, true);
  }
  if (random_.one_in(12)) decide();
  work();
  if (disk_.dead()) return;
  life_->check_bounds();
  if (settings_.retention) observe(oracle_.sequence());  // before it is deleted, as in rest()
}

/// Somebody pauses a pilot, ends that, or has seen an episode; each under a name of his own.
void World::decide() {
  const auto author = "person " + std::to_string(++decisions_);
  const auto& pilot = settings_.pilots[random_.below(settings_.pilots.size())].name;
  record::Action action = record::PausePilot{pilot, {}, Millis{random_.between(1000, 6 * 3'600'000)}, author, "a simulation"};
  if (random_.one_in(3)) action = record::ResumePilot{pilot, {}, author};
  if (const auto& known = oracle_.episodes(); !known.empty() && random_.one_in(3))
    action = record::AcknowledgeEpisode{*known.begin(), author, "seen"};
  ledger_.asked(author);
  life_->core().act(std::move(action), [this, author](const auto& objection) {
    if (!objection) ledger_.decided(author);
  });
}

/// What the daemon's threads do, in an order by chance.
void World::work() {
  try {
    for (auto turns = random_.between(1, 8); turns > 0 && !disk_.dead(); --turns) {
      switch (random_.below(4)) {
        case 0:
          static_cast<void>(life_->intake().step());
          break;
        case 1:
          static_cast<void>(life_->core().store_step());
          break;
        case 2:
          tail_->step(*life_);
          break;
        default: {
          const auto before = time_.passed();
          static_cast<void>(life_->core().step());
          for (auto& receiver : receivers_) receiver.lag(time_.passed() - before);
          tell_alerts();
        }
      }
    }
  } catch (const Violation&) {
    throw;
  } catch (const std::exception& error) {
    require(disk_.dead(), std::string("the daemon would have ended: ") + error.what());
  }
}

/// Time in which nothing new comes.
void World::rest(Millis time) {
  time_.pass(time);
  work();
  if (settings_.retention) observe(oracle_.sequence());
}

void World::tell_alerts() {
  constexpr int many = 10'000;  // posts without a pause: more than there are alerts, however often they are halved
  for (std::size_t i = 0; i < receivers_.size() && !disk_.dead(); ++i) {
    int posts = 0;
    while (time_.passed() >= next_post_[i] && first_violation().empty()) {
      const auto wait = life_->alertmanagers().step(i);
      if (!wait) break;
      require(++posts < many, "alerts are sent without end");
      next_post_[i] = time_.passed() + *wait + receivers_[i].took();
      if (*wait > Millis{0}) break;
    }
  }
}

sinks::Post World::connect(const std::string& url) {
  const std::size_t target = url.starts_with("http://a") ? 0 : 1;
  return [this, target](const std::string& json, Millis timeout, Instant now, const auto&) {
    return receivers_[target].post(json, timeout, now, lives_);
  };
}

void World::change_weather() {
  if (calm_) return;
  auto& weather = disk_.weather;
  if (random_.one_in(life_ ? 25 : 4)) weather = {};
  if (!random_.one_in(life_ ? 20 : 3)) return;
  weather = {};
  switch (random_.below(8)) {
    case 0:
    case 5:
    case 6:
    case 7:
      weather.sync = static_cast<unsigned>(random_.between(20, 500));
      break;
    case 1:
      weather.write = static_cast<unsigned>(random_.between(2, 100));
      break;
    case 2:
      weather.read = static_cast<unsigned>(random_.between(2, 50));
      break;
    case 3:
      weather.full = true;
      break;
    default:
      weather.slow_ms = static_cast<unsigned>(random_.between(10, 20'000));
  }
}

void World::change_clock() {
  if (calm_) return;
  if (random_.one_in(120)) time_.set_wall(Millis{random_.between(-2 * 3'600'000, 2 * 3'600'000)});
  if (random_.one_in(60)) time_.set_wall(Millis{random_.between(-1500, 1500)});
  if (random_.one_in(100)) time_.set_wall(Millis{-1000});  // a leap second: the same second again
}

/// The process is gone; what it had applied is kept for the next journal to be compared with.
void World::forget_life(std::string state, std::uint64_t applied) {
  note("ends with " + std::to_string(applied) + " entries applied");
  unchecked_.push_back({std::move(state), applied, life_->born_with(), life_->told()});
  tail_.reset();
  life_.reset();
  for (auto& client : clients_) client.disconnected();
  for (auto& next : next_post_) next = time_.passed();
}

void World::die() {
  if (life_) {  // else it died while it closed its files
    const auto applied = life_->fold().sequence();
    forget_life(applied > 0 ? saved(life_->fold()) : "", applied);
  }
  ++crashes_;
  const bool power = random_.percent(60);
  note(std::string(power ? "power fails" : "killed") + " at operation " + std::to_string(disk_.operations()));
  if (power) ++power_failures_;
  power ? disk_.power_failed() : disk_.killed();
}

void World::stop() {
  note("stops");
  life_->stop();
  if (disk_.dead()) return;
  const auto applied = life_->fold().sequence();
  forget_life(saved(life_->fold()), applied);
  ++stops_;
}

/// Everything heals, and everybody gets what he waits for.
void World::settle() {
  calm_ = true;
  disk_.weather = {};
  disk_.die_after(UINT64_MAX / 2);
  for (auto& receiver : receivers_) receiver.heal();
  log_writer_.finish_line();
  if (!life_) step();
  require(life_ != nullptr, "it does not start although nothing is wrong");
  for (int quiet = 0, rounds = 0; quiet < 60; ++rounds) {
    require(rounds < 5000, "somebody waits for ever");
    for (auto& client : clients_) client.step(*life_, false);
    rest(std::chrono::seconds{20});
    const bool idle = tail_->idle() && std::ranges::all_of(clients_, [](const auto& c) { return c.idle(); });
    quiet = idle ? quiet + 1 : 0;
    if (!first_violation().empty()) throw Violation(first_violation());
  }
}

void World::note(std::string what) {
  what = std::to_string(steps_) + " " + format_rfc3339(time_.wall()) + " " + what;
  if (verbose_) std::printf("%s\n", what.c_str());
  last_steps_.push_back(std::move(what));
  if (last_steps_.size() > kept_notes) last_steps_.pop_front();
}

std::string World::summary() const {
  std::uint64_t alerts = 0;
  for (const auto& receiver : receivers_) alerts += receiver.taken();
  std::ostringstream out;
  out << lives_ << " lives, " << crashes_ << " crashes (" << power_failures_ << " of them of the power), " << stops_
      << " stops, " << failed_starts_ << " failed starts; " << disk_.operations() << " operations of the disk; "
      << oracle_.sequence() << " entries, " << ledger_.records() << " records, " << oracle_.episodes().size()
      << " episodes, " << alerts << " alerts taken";
  return out.str();
}

}  // namespace pilotwatch::sim
