// SPDX-License-Identifier: Apache-2.0
#include "app/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "app/screen_text.h"
#include "base/time.h"

namespace pilotwatch::app {
namespace {

constexpr std::size_t widest_bar = 30;
constexpr std::chrono::milliseconds calm{1000}, redraw{200}, line{10'000};

std::string amount(std::uint64_t value, bool bytes) {
  return bytes ? short_bytes(static_cast<double>(value)) : short_count(static_cast<double>(value));
}

std::string rest_words(double seconds) {
  const auto s = static_cast<std::int64_t>(std::ceil(std::max(0.0, seconds)));
  if (s < 120) return std::to_string(s) + " s left";
  return s < 7200 ? std::to_string((s + 59) / 60) + " min left" : std::to_string((s + 3599) / 3600) + " h left";
}

}  // namespace

std::string progress_text(const ProgressText& text, std::size_t width) {
  const std::string what(text.what), done = amount(text.done, text.bytes);
  if (text.all == 0) return left(what + ", " + done, std::min(width, columns(what) + 2 + columns(done)));
  const double share = std::min(1.0, static_cast<double>(text.done) / static_cast<double>(text.all));
  std::string facts = std::to_string(static_cast<int>(100 * share)) + " %, " + done + " of " + amount(text.all, text.bytes);
  if (text.left_s && share < 1) facts += ", " + rest_words(*text.left_s);
  const auto beside = columns(what) + columns(facts) + 4;
  std::string out = what + " ";
  if (beside + 5 <= width) out += "[" + bar(share, std::min(widest_bar, width - beside)) + "] ";
  out += facts;
  return left(out, std::min(width, columns(out)));
}

Progress::Screen Progress::standard_error() {
  return {::isatty(STDERR_FILENO) == 1, screen_width(), [](const std::string& text) {
            std::fwrite(text.data(), 1, text.size(), stderr);
            std::fflush(stderr);
          }};
}

Progress::Progress(std::string what, bool bytes, Screen screen, const SteadyClock& clock)
    : what_(std::move(what)),
      bytes_(bytes),
      screen_(std::move(screen)),
      clock_(clock),
      began_(clock.now()),
      next_(began_ + (screen_.terminal ? calm : line)) {}

void Progress::update(std::uint64_t done, std::uint64_t all) {
  const auto now = clock_.now();
  if (now < next_) return;
  next_ = now + (screen_.terminal ? redraw : line);
  ProgressText text{what_, done, all, bytes_};
  if (done > 0 && all >= done) {
    const double lasted = std::chrono::duration<double>(now - began_).count();
    text.left_s = lasted / static_cast<double>(done) * static_cast<double>(all - done);
  }
  if (!screen_.terminal) return screen_.write(progress_text(text, std::string::npos / 2) + "\n");
  const auto drawn = progress_text(text, screen_.width - 1);  // in the last column some terminals break the line
  const auto size = columns(drawn);
  screen_.write("\r" + left(drawn, std::max(size, drawn_)));
  drawn_ = size;
}

void Progress::finish() {
  if (drawn_ > 0) screen_.write("\r" + std::string(drawn_, ' ') + "\r");
  drawn_ = 0;
}

}  // namespace pilotwatch::app
