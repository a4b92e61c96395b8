// SPDX-License-Identifier: Apache-2.0
// A running daemon at a glance: on a terminal again and again, or once for scripts.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "app/commands.h"
#include "app/screen_text.h"
#include "app/terminal.h"
#include "app/top_feed.h"
#include "app/top_frame.h"
#include "base/time.h"

namespace pilotwatch::app {
namespace {

constexpr std::chrono::milliseconds least_interval{100};

double unix_now() { return to_seconds(SystemClock().now()); }

/// Two looks, for the rates; with `interval` 0 one.
int once(const TopOptions& options, Millis interval) {
  Client client(options.client);
  TopView view;
  view.url = options.client.url;
  view.now = look_at(client);
  if (interval > Millis{0}) {
    std::this_thread::sleep_for(interval);
    view.before = std::move(view.now);
    view.now = look_at(client);
  }
  view.clock_s = unix_now();
  for (const auto& line : top_frame(view, screen_width(), 0)) std::printf("%s\n", line.text.c_str());
  if (std::fflush(stdout) != 0) throw std::runtime_error("standard output cannot be written");
  return 0;
}

/// Until a key or a signal ends it; which one, or 0.
int show(const TopOptions& options, Millis interval) {
  Terminal terminal;
  TopFeed feed(options.client, interval);
  TopView view;
  view.url = options.client.url;
  view.keys = true;
  for (bool draw = true;;) {
    if (draw) {
      view.clock_s = unix_now();
      const auto size = terminal.size();
      terminal.draw(top_frame(view, size.columns, size.rows));
    }
    draw = true;
    switch (terminal.wait(feed.wake(), interval)) {
      case Terminal::Happened::quit:
        return 0;
      case Terminal::Happened::signal:
        return terminal.stopped_by();
      case Terminal::Happened::up:
        view.scroll -= view.scroll > 0 ? 1 : 0;
        break;
      case Terminal::Happened::down:
        ++view.scroll;
        break;
      case Terminal::Happened::woken: {
        auto news = feed.take();
        view.now = std::move(news.now);
        view.before = std::move(news.before);
        view.trouble = std::move(news.trouble);
        break;
      }
      case Terminal::Happened::nothing:
      case Terminal::Happened::redraw:
        break;
    }
    const auto rows = view.now ? view.now->pilots.size() + view.now->limits.size() + 4 : 0;
    view.scroll = std::min(view.scroll, rows);
  }
}

}  // namespace

int top(const TopOptions& options) {
  const auto interval = parse_duration(options.interval);
  if (interval.has_error() || (*interval < least_interval && !(options.once && *interval == Millis{0}))) {
    std::fprintf(stderr, "pilotwatch: --interval: not a duration of 100ms or more\n");
    return 2;
  }
  if (options.once) return once(options, *interval);
  const int signal = show(options, *interval);
  if (signal != 0) {  // the terminal is as it was; whoever waits for us sees what ended us
    std::signal(signal, SIG_DFL);
    raise(signal);
  }
  return 0;
}

}  // namespace pilotwatch::app
