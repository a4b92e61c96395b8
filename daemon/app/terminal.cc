// SPDX-License-Identifier: Apache-2.0
#include "app/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace pilotwatch::app {
namespace {

constexpr std::string_view to_alternate = "\x1b[?1049h\x1b[?25l", to_usual = "\x1b[0m\x1b[?25h\x1b[?1049l";
constexpr int waited_for[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT};
constexpr int crashes[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

termios usual{};                           // what it was before
volatile std::sig_atomic_t alternate = 0;  // it is not as it was

/// Only what a handler of signals may call.
void give_back() {
  if (alternate == 0) return;
  alternate = 0;
  static_cast<void>(!write(STDOUT_FILENO, to_usual.data(), to_usual.size()));
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
}

extern "C" void on_crash(int signal) {
  give_back();
  std::signal(signal, SIG_DFL);
  raise(signal);
}

sigset_t waited_set() {
  sigset_t out;
  sigemptyset(&out);
  for (const int signal : waited_for) sigaddset(&out, signal);
  return out;
}

const char* paint_code(Paint paint) {
  switch (paint) {
    case Paint::title:
      return "\x1b[1m";
    case Paint::good:
      return "\x1b[32m";
    case Paint::warn:
      return "\x1b[33m";
    case Paint::bad:
      return "\x1b[31m";
    case Paint::faint:
      return "\x1b[2m";
    case Paint::plain:
      break;
  }
  return "";
}

bool has_colours() {
  const char* none = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  return (none == nullptr || *none == '\0') && (kind == nullptr || std::string_view(kind) != "dumb");
}

}  // namespace

Terminal::Terminal() : colours_(has_colours()) {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0 || tcgetattr(STDIN_FILENO, &usual) != 0)
    throw std::runtime_error("standard input and output must be a terminal; --once prints once and needs none");
  const auto set = waited_set();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (signals_ < 0) throw std::runtime_error("no signalfd");
  for (const int signal : crashes) std::signal(signal, on_crash);
  enter();
}

Terminal::~Terminal() {
  leave();
  for (const int signal : crashes) std::signal(signal, SIG_DFL);
  close(signals_);
  const auto set = waited_set();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void Terminal::enter() {
  termios raw = usual;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  alternate = 1;
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
  write_all(to_alternate);
}

void Terminal::leave() { give_back(); }

Terminal::Size Terminal::size() const {
  winsize found{};
  Size out;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &found) != 0) return out;
  if (found.ws_col > 0) out.columns = found.ws_col;
  if (found.ws_row > 0) out.rows = found.ws_row;
  return out;
}

Terminal::Happened Terminal::wait(int wake, std::chrono::milliseconds patience) {
  if (!keys_.empty()) return key();
  std::array<pollfd, 3> on{{{STDIN_FILENO, POLLIN, 0}, {signals_, POLLIN, 0}, {wake, POLLIN, 0}}};
  const int ready = poll(on.data(), on.size(), static_cast<int>(patience.count()));
  if (ready <= 0) return Happened::nothing;
  if (on[1].revents != 0) return signalled();
  if (on[0].revents != 0) return key();
  return Happened::woken;
}

Terminal::Happened Terminal::signalled() {
  signalfd_siginfo info{};
  if (read(signals_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return Happened::nothing;
  const int signal = static_cast<int>(info.ssi_signo);
  if (signal == SIGWINCH || signal == SIGCONT) return Happened::redraw;
  if (signal != SIGTSTP) {
    stopped_by_ = signal;
    return Happened::signal;
  }
  leave();
  raise(SIGSTOP);  // here it stands until SIGCONT
  enter();
  return Happened::redraw;
}

Terminal::Happened Terminal::key() {
  if (keys_.empty()) {
    std::array<char, 256> bytes{};
    const auto n = read(STDIN_FILENO, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) return Happened::nothing;
    if (n <= 0) return Happened::signal;
    const std::string_view text(bytes.data(), static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto rest = text.substr(i);
      if (rest[0] == 'q' || rest[0] == 'Q') keys_.push_back(Happened::quit);
      if (rest[0] == 'k' || rest.starts_with("\x1b[A") || rest.starts_with("\x1bOA")) keys_.push_back(Happened::up);
      if (rest[0] == 'j' || rest.starts_with("\x1b[B") || rest.starts_with("\x1bOB")) keys_.push_back(Happened::down);
      if (rest[0] == '\f') keys_.push_back(Happened::redraw);
    }
    if (keys_.empty()) return Happened::nothing;
  }
  const auto first = keys_.front();
  keys_.erase(keys_.begin());
  return first;
}

void Terminal::draw(const std::vector<TopLine>& lines) {
  std::string out = "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string code = colours_ ? paint_code(lines[i].paint) : "";
    out += code + lines[i].text + (code.empty() ? "" : "\x1b[0m") + "\x1b[K" + (i + 1 < lines.size() ? "\r\n" : "");
  }
  write_all(out + "\x1b[J");
}

void Terminal::write_all(std::string_view text) {
  while (!text.empty()) {
    const auto n = write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw std::runtime_error("the terminal cannot be written");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace pilotwatch::app
