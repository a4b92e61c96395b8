// SPDX-License-Identifier: Apache-2.0
// The daemon's own fold in a plain loop: same figures, same transitions, time from the records.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "app/commands.h"
#include "app/progress.h"
#include "app/references.h"
#include "decode/decode.h"
#include "judge/fold.h"
#include "settings/load.h"
#include "sinks/api.h"
#include "sinks/views.h"

namespace pilotwatch::app {
namespace {

constexpr std::size_t chunk_bytes = 4 << 20;
constexpr std::size_t max_reported_rejects = 20;

/// Prints windows when they mature, `all` once at the end, and transitions as they happen.
class Printer {
 public:
  explicit Printer(bool table) : table_(table) {
    if (!table_) line(sinks::schema_json());
    if (table_) {
      std::printf("%-14s %-20s %-20s %-10s %-24s %-14s %-22s %12s %25s %10s %s\n", "pilot", "from", "to", "version",
                  "group", "feature", "metric", "value", "interval", "n", "state");
    }
  }

  void closing(const settings::Pilot& pilot, const engine::Closing& closing) {
    if (!closing.mature) return;
    if (closing.kind->kind == settings::WindowKind::all) {
      totals_[pilot.name] = closing.result;
      return;
    }
    window(pilot.name, *closing.result);
  }

  void limit(const judge::LimitRecord& record) {
    if (!table_) return line(sinks::limit_json(record));
    std::printf("%-14s limit %s (%s)\n", record.pilot.c_str(), record.limit.c_str(), record.hash.c_str());
  }

  void transition(judge::Transition t) {
    t.at_wall = t.at;  // there is no other time here
    if (!table_) {
      line(sinks::transition_json(t));
      return;
    }
    std::printf("%-14s %-20s %s%s%s: %s -> %s: %s\n", t.pilot.c_str(), format_rfc3339(t.at).c_str(), t.limit.c_str(),
                t.group.empty() ? "" : " ", t.group.c_str(), judge::state_names[static_cast<std::size_t>(t.from)],
                judge::state_names[static_cast<std::size_t>(t.to)], t.reason.c_str());
  }

  void reference(const settings::Pilot& pilot, const engine::ReferenceInfo& frozen) {
    if (!table_) {
      line(sinks::reference_json(pilot.name, frozen));
      return;
    }
    std::string words = sinks::name_of(frozen.kind);
    if (!frozen.name.empty()) words += " '" + frozen.name + "'";
    for (const auto& version : frozen.versions) words += " for version " + version;
    std::printf("%-14s %-20s reference: %s, %llu decisions, %s\n", pilot.name.c_str(),
                format_rfc3339(*frozen.frozen_at).c_str(), words.c_str(), static_cast<unsigned long long>(frozen.n),
                frozen.id.c_str());
  }

  /// Annotations and findings of one pilot, by time.
  void changes(const engine::PilotView& view) {
    const auto& pilot = view.settings->name;
    for (const auto& change : view.changes) {
      if (!table_) {
        line(sinks::change_json(pilot, change));
        continue;
      }
      std::printf("%-14s %-20s change of %s: %s -> %s%s\n", pilot.c_str(), format_rfc3339(change.time).c_str(),
                  change.what.c_str(), change.from.empty() ? "?" : change.from.c_str(),
                  change.to.empty() ? "?" : change.to.c_str(),
                  !change.announced   ? ""
                  : *change.announced ? ", announced"
                                      : ", not announced");
    }
    for (const auto& finding : view.findings) {
      if (!table_) {
        line(sinks::finding_json(pilot, finding));
        continue;
      }
      std::printf("%-14s %-20s finding: %s: %s\n", pilot.c_str(), format_rfc3339(finding.time).c_str(),
                  finding.kind.c_str(), finding.model_version.c_str());
    }
  }

  void finish() {
    for (const auto& [pilot, result] : totals_) window(pilot, *result);
    std::fflush(stdout);
  }

 private:
  void window(const std::string& pilot, const engine::WindowResult& window) {
    for (const auto& figure : window.figures) {
      if (table_) {
        row(pilot, window, figure);
      } else {
        line(sinks::figure_json(pilot, window, figure));
      }
    }
  }

  static void line(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fputc('\n', stdout);
  }

  static void row(const std::string& pilot, const engine::WindowResult& window, const engine::Figure& f) {
    char value[32] = "-", interval[64] = "-";
    if (f.value) std::snprintf(value, sizeof value, "%.6g", *f.value);
    if (f.lower && f.upper) std::snprintf(interval, sizeof interval, "[%.6g, %.6g]", *f.lower, *f.upper);
    const std::string group = f.attribute.empty() ? "" : f.attribute + "=" + f.group;
    const std::string what = f.compare.empty() ? f.feature : f.compare + " to " + f.against;
    std::printf("%-14s %-20s %-20s %-10s %-24s %-14s %-22s %12s %25s %10llu %s\n", pilot.c_str(),
                format_rfc3339(window.start).c_str(), format_rfc3339(window.end).c_str(), f.model_version.c_str(),
                group.c_str(), what.c_str(), settings::metric_names[static_cast<std::size_t>(f.metric)], value,
                interval, static_cast<unsigned long long>(f.n), f.state.c_str());
  }

  bool table_;
  std::map<std::string, std::shared_ptr<const engine::WindowResult>> totals_;
};

/// Whole lines of a file or standard input, a chunk at a time.
class Lines {
 public:
  explicit Lines(const std::string& name) : name_(name == "-" ? "<stdin>" : name) {
    if (name == "-") return;
    file_.open(name, std::ios::binary);
    if (!file_) throw std::runtime_error(name + ": cannot be read");
    std::error_code unknown;
    const auto size = std::filesystem::file_size(name, unknown);
    if (!unknown) size_ = size;
  }

  /// False at the end.
  bool next(std::string& chunk) {
    std::istream& in = file_.is_open() ? static_cast<std::istream&>(file_) : std::cin;
    chunk = std::move(rest_);
    rest_.clear();
    while (in) {
      const auto size = chunk.size();
      chunk.resize(size + chunk_bytes);
      in.read(chunk.data() + size, static_cast<std::streamsize>(chunk_bytes));
      chunk.resize(size + static_cast<std::size_t>(in.gcount()));
      const auto end = chunk.rfind('\n');
      if (end == std::string::npos || !in) continue;
      rest_ = chunk.substr(end + 1);
      chunk.resize(end + 1);
      break;
    }
    return !chunk.empty();
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }  ///< 0 = nobody knows

 private:
  std::string name_, rest_;
  std::ifstream file_;
  std::uint64_t size_ = 0;
};

class Backtest {
 public:
  Backtest(const settings::Settings& settings, bool table)
      : fold_(settings), decoder_(settings, key_), printer_(table) {
    load_references(settings, key_, fold_, [](const auto&, const auto&) {});
    if (auto limits = fold_.limits_to_record()) {
      record::Entry entry;
      entry.wall = wall_;
      entry.limits = std::move(*limits);
      fold_.apply(entry, ++sequence_);
      const auto start = fold_.snapshot(wall_);
      for (const auto& record : start->limit_records) printer_.limit(record);
    }
    for (const auto& pilot : fold_.engine().pilots()) {
      if (const auto reference = pilot->reference())
        printer_.reference(pilot->settings(), engine::describe(pilot->settings(), *reference));
    }
    fold_.on_reference = [this](const settings::Pilot& pilot, const engine::ReferenceInfo& reference) {
      printer_.reference(pilot, reference);
    };
    fold_.on_closing = [this](const settings::Pilot& pilot, const engine::Closing& closing) {
      printer_.closing(pilot, closing);
    };
    fold_.on_transition = [this](const judge::Transition& transition) { printer_.transition(transition); };
  }

  int run(Lines& lines) {
    std::string chunk;
    auto screen = Progress::standard_error();
    screen.terminal = screen.terminal && ::isatty(STDOUT_FILENO) != 1;  // else what is printed shows it
    Progress progress("reading " + lines.name(), true, std::move(screen));
    for (std::uint64_t bytes = 0; lines.next(chunk); progress.update(bytes, lines.size())) {
      bytes += chunk.size();
      take(chunk, lines.name(), progress);
    }
    progress.finish();
    fold_.finish(wall_);
    const auto end = fold_.snapshot(wall_);
    for (const auto& view : end->pilots) printer_.changes(view);
    printer_.finish();
    std::fprintf(stderr, "%llu lines: %llu accepted, %llu duplicate, %llu rejected\n", count(lines_), count(accepted_),
                 count(duplicate_), count(rejected_));
    return accepted_ == 0 ? 1 : 0;
  }

 private:
  static unsigned long long count(std::uint64_t n) { return n; }

  void take(const std::string& chunk, const std::string& name, Progress& progress) {
    decode::Input input;
    input.bytes = chunk;
    input.any_time = true;
    auto decoded = decoder_.decode(input);
    if (!decoded.errors.empty()) progress.finish();
    for (const auto& reject : decoded.errors) {
      if (reported_++ >= max_reported_rejects) break;
      std::fprintf(stderr, "%s:%llu: %s: %s\n", name.c_str(), count(line_ + reject.line),
                   record::reason_names[static_cast<std::size_t>(reject.reason)], reject.detail.c_str());
    }
    line_ += static_cast<std::uint64_t>(std::count(chunk.begin(), chunk.end(), '\n'));
    lines_ += decoded.lines;
    record::Submission submission;
    submission.source = "backtest";
    submission.bytes = chunk.size();
    submission.batch = std::move(decoded.batch);
    submission.rejects = decoded.rejects;
    record::Entry entry;
    entry.wall = wall_;
    entry.submissions.push_back(std::move(submission));
    const auto applied = fold_.apply(entry, ++sequence_);
    accepted_ += applied.front().accepted;
    duplicate_ += applied.front().duplicate;
    rejected_ += applied.front().rejected;
  }

  IdKey key_{};  // nothing of it leaves the process
  judge::Fold fold_;
  decode::Decoder decoder_;
  Printer printer_;
  Instant wall_{};
  std::uint64_t sequence_ = 0, line_ = 0, lines_ = 0, accepted_ = 0, duplicate_ = 0, rejected_ = 0, reported_ = 0;
};

}  // namespace

int backtest(const BacktestOptions& options) {
  auto loaded = settings::load(options.config_file);
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&loaded)) {
    for (const auto& problem : *problems) std::fprintf(stderr, "%s\n", settings::to_string(problem).c_str());
    return 2;
  }
  auto& settings = std::get<settings::Settings>(loaded);
  for (auto& pilot : settings.pilots) pilot.clock = settings::PilotClock::event;  // time is in the records
  try {
    Lines lines(options.records);
    return Backtest(settings, options.format == "table").run(lines);
  } catch (const ReferenceError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}

}  // namespace pilotwatch::app
