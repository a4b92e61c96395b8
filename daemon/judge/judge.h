// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"
#include "engine/pilot.h"
#include "judge/action_book.h"
#include "judge/chunks.h"
#include "judge/monitor.h"
#include "judge/status.h"

namespace pilotwatch::judge {

/// What one look at a window says about a limit.
struct Finding {
  enum class Kind : std::uint8_t { no_data, insufficient, within, beyond };
  Kind kind = Kind::no_data;
  std::optional<double> value, lower, upper;
  std::uint64_t n = 0;
  std::string reason;  ///< one plain sentence
};

/// Whether a figure of some group, or of the whole pilot, is of the kind that the limit looks at.
[[nodiscard]] bool is_about(const settings::Limit& limit, const engine::Figure& figure);

/// Why an action cannot be.
struct Objection {
  /// There is no such pilot or episode; not as things stand; not now, whoever asks again may have it.
  enum class Kind : std::uint8_t { unknown, conflict, unavailable };
  Kind kind = Kind::unknown;
  std::string what;
};

/// Where a value is beyond; none = a side that is not looked at.
struct Bounds {
  std::optional<double> lower, upper;
};

/// Pure: the published figures of a window against the bounds; without bounds a figure that could be judged is
/// `within`. `group` = "" unless the limit names a segment.
[[nodiscard]] Finding examine(const settings::Limit& limit, const Bounds& bounds, const std::string& group,
                              const engine::WindowResult& window);
/// The same with the limit's own `max` or `min`.
[[nodiscard]] Finding examine(const settings::Limit& limit, const std::string& group,
                              const engine::WindowResult& window);

/// Whether a figure, of some group or of the whole pilot, is of the kind that the limit looks at.
[[nodiscard]] bool is_about(const settings::Limit& limit, const engine::Figure& figure);

/// A calendar window that has been looked at already, before the settings' shape (lateness, horizon) changed.
[[nodiscard]] bool judged_before(const LimitStatus& status, const engine::Closing& closing);

/// Whether a limit on the metric waits until the window is mature; the others look when it closes.
[[nodiscard]] bool of_outcomes(settings::Metric metric);

/// The states of all limits. One instance per limit and group; deterministic, no clock.
///
///   look(pilot, closing, wall): for each limit on that window
///     finding = examine(...)
///     beyond,
///     within       -> a judged window: the condition holds while `times` of the last `of` judged ones are beyond
///       it holds         -> pending since; breach once `for` has passed: an episode starts
///       it does not hold -> recovering until `keep_firing_for` has passed: the episode ends
///     insufficient,
///     no_data      -> shown as such, unless an episode runs: missing data never ends one, and counts as no window
class Judge {
 public:
  using PilotClocks = std::function<std::optional<Instant>(const std::string& pilot)>;

  explicit Judge(const settings::Settings& settings);

  /// Limits on windows. Appends what changed to `out`.
  void look(const settings::Pilot& pilot, const engine::Closing& closing, Instant wall, std::vector<Transition>& out);

  /// Limits with a budget: decisions in a row, in decision order (engine/observation.h). How they are cut into runs
  /// changes nothing. judge_budget.cc.
  void observe(const engine::PilotState& pilot, std::span<const engine::Observation> run, Instant wall,
               std::vector<Transition>& out);

  /// The same during a rebuild, in which nothing is judged: only since when the present version decides.
  void know_epoch(const settings::Pilot& pilot, const engine::Observation& seen);

  /// The limits of the settings, as an entry of the journal records them.
  [[nodiscard]] std::vector<record::LimitDefinition> definitions() const;
  /// They are in force from now on. Where they judge otherwise than what was in force, evidence and states start anew.
  void define(const std::vector<record::LimitDefinition>& all, const PilotClocks& now, Instant wall,
              std::vector<Transition>& out);
  [[nodiscard]] const LimitBook& book() const { return book_; }

  /// What people decide; objection() says why it cannot be, act() takes whatever an entry holds. judge_actions.cc.
  [[nodiscard]] std::optional<Objection> objection(const record::Action& action) const;
  void act(const record::Action& action, Instant wall);
  [[nodiscard]] const ActionBook& actions() const { return actions_; }
  /// Whether a limit has or had, as its last one, an episode of that id.
  [[nodiscard]] bool knows_episode(const std::string& id) const;

  /// The chunks of a pilot's reference file, for its limits with evidence `reference_chunks`; before read() and look().
  void set_chunks(const settings::Pilot& pilot, ChunkValues values);
  /// Those of another judge of the same settings.
  void copy_chunks(const Judge& other);

  [[nodiscard]] std::vector<LimitStatus> statuses() const;
  /// States by limit. What is stored of a limit whose definition is not that of the settings waits for define(); where
  /// nothing says what was in force (older checkpoints) it is dropped, and a running episode ends at `wall`.
  void write(ByteWriter& out) const;
  void read(ByteReader& in, Instant wall);
  /// After read(), once the pilot's own state is there: its evidence is as it was before write(), and not only when a
  /// decision asks for it; for a window may close first. Throws CorruptBytes.
  void resume(const engine::PilotState& pilot);

 private:
  struct Watched;
  struct Instance {
    LimitStatus status;                  ///< but for what is `told`
    std::optional<Instant> clear_since;  ///< recovering since; pilot's clock
    std::uint64_t beyond = 0;            ///< the last judged windows, a bit each, the newest the lowest: 1 = beyond
    std::string moved;                   ///< limits on decisions: the group furthest off in the last window
    std::vector<double> chunks;          ///< of its own first windows, until (and after) there are enough of them
    std::string reference;               ///< that they compare with
    Id128 epoch;                         ///< of an orphan: what it was stored with
    /// What its last look said and is in no words yet, for few are ever read: by whom, and the verdict. settle().
    struct {
      const Watched* by = nullptr;
      const char* verdict = nullptr;
    } told;
  };
  using Key = std::tuple<std::string, std::string, std::string>;  ///< pilot, limit, group

  /// The evidence of one limit and group, and what a checkpoint had of it until it is asked for again.
  struct Watched {
    std::unique_ptr<Monitor> monitor;
    std::string stored, reference;
    std::uint64_t place = 0;  ///< of the group among those of its limit, from 0 in the order of their first decisions
    std::uint64_t used = 0, aggregated = 0;  ///< since its window closed last: observations, and records that were none
    Instant reference_since;                 ///< when it was frozen
    bool muted = false;                      ///< it can say nothing, whatever comes
    bool renewed = false;                    ///< an epoch began since `stored` was
  };
  /// A limit on decisions and where it has its state, so that a decision needs no look-up by name. Nothing of it is
  /// state. The pointers are into instances_ and watched_: who takes from those calls forget_routes().
  struct Seat {
    Instance* instance = nullptr;
    Watched* watched = nullptr;  ///< null: no evidence yet
  };
  struct Route {
    static constexpr std::size_t whole = ~std::size_t{0};
    const settings::Limit* limit = nullptr;
    bool of_feature = false;            ///< compares with the reference
    std::size_t attribute = whole;      ///< of its segment
    std::string against;                ///< comparisons: the group compared with; "" = the rest
    std::map<std::string, Seat> seats;  ///< by group
    std::vector<Seat*> by_index;        ///< the same by the group's index; null: not asked for yet
  };
  struct Routes {
    std::array<std::vector<Route>, engine::stage_count> by_stage;
    std::optional<Instant> since;  ///< the pilot's epoch
    Pauses* pauses = nullptr;      ///< null: the pilot was never paused
  };
  // judge_routes.cc
  Routes& routes_of(const engine::PilotState& pilot);
  Route route_of(const settings::Limit& limit, const engine::PilotState& pilot);
  Seat& seat(Route& route, const engine::PilotState& pilot, std::size_t index);
  void forget_routes();

  // judge_actions.cc
  static Instant old_for_pauses(const settings::Pilot& pilot, Instant now);
  [[nodiscard]] bool period_in_pause(const settings::Pilot& pilot, const settings::Limit& limit, Instant time) const;
  static bool in_pause(Pauses& pauses, const engine::Observation& seen);
  bool paused(Instance& instance, const engine::Closing& closing, Instant wall, std::vector<Transition>& out);
  [[nodiscard]] std::string pause_of(const std::string& pilot, const engine::Closing& closing) const;

  // judge_budget.cc
  /// A few decisions of one epoch: limit by limit, since one does not depend on another, and each stays in the
  /// processor's cache while it looks at all of them.
  void observe_few(const engine::PilotState& pilot, std::span<const engine::Observation> few, Instant wall,
                   std::vector<Transition>& out);
  void observe(Route& route, const engine::PilotState& pilot, const engine::Observation& seen, Instant wall,
               std::vector<Transition>& out);
  void observe(const Route& route, Seat& seat, const engine::PilotState& pilot, const engine::Observation& seen,
               bool member, Instant wall, std::vector<Transition>& out);
  void compare(Route& route, std::uint16_t index, const engine::PilotState& pilot, const engine::Observation& seen,
               Instant wall, std::vector<Transition>& out);
  static bool goes_on(const Route& route, const Seat& seat, const engine::Observation& seen);
  bool begin(const Route& route, Seat& seat, const engine::PilotState& pilot, const engine::Observation& seen,
             Instant wall, std::vector<Transition>& out);

  // judge_words.cc
  /// The status with what is told, in words.
  [[nodiscard]] static LimitStatus in_words(const Instance& instance);
  /// The same for good: before anything else is said of the instance, and before its evidence is reset or goes.
  static void settle(Instance& instance);
  static void put_into_words(const Instance& instance, LimitStatus& s);
  static void show_evidence(LimitStatus& s);
  Watched& watched(const settings::Limit& limit, const std::string& group, const settings::Pilot& pilot,
                   const std::shared_ptr<const DriftBins>& compared, const std::string& reference);
  void mute(Instance& instance, std::string why, const engine::Observation& seen, Instant wall,
            std::vector<Transition>& out);
  void another_reference(Instance& instance, const Watched& watched, const std::string& id,
                         const engine::Observation& seen, Instant wall, std::vector<Transition>& out);
  std::shared_ptr<const DriftBins> bins(const settings::Pilot& pilot, const std::string& feature,
                                        const engine::References::Shared& reference);
  void look_at_budget(Instance& instance, const engine::Closing& closing, Instant wall, std::vector<Transition>& out);
  void stands_still(Instance& instance, const engine::Closing& closing, Instant wall, std::vector<Transition>& out);
  void write_monitors(ByteWriter& out) const;
  void read_monitors(ByteReader& in);
  void start_epoch(const settings::Pilot& pilot, Instant at, Instant due, Instant wall, std::vector<Transition>& out);

  Instance& instance(const settings::Pilot& pilot, const settings::Limit& limit, const std::string& group);
  static void show(LimitStatus& s, const Finding& finding, const engine::Closing& closing, Instant wall);
  static Transition ending(const Key& key, Instance& instance, Instant at, Instant wall);
  void restart(const LimitBook::Change& change, Instant at, Instant wall, std::vector<Transition>& out);
  void refresh_force();
  void write(ByteWriter& out, const Key& key, const Instance& instance, const Id128& epoch) const;
  Instance read_instance(ByteReader& in, std::uint64_t version);
  void adopt(const Key& key, Instance stored, const Id128& epoch);
  void drop_orphans(Instant wall);
  void look_at_chunks(Instance& instance, const engine::Closing& closing, Instant wall, std::vector<Transition>& out);
  void collect(Instance& instance, const Finding& finding, const engine::Closing& closing, Instant wall,
               std::vector<Transition>& out);
  void refresh_bound(Instance& instance) const;
  [[nodiscard]] Id128 epoch(const settings::Pilot& pilot, const settings::Limit& limit) const;
  static bool holds(Instance& instance, const Finding& finding);
  void step(Instance& instance, const Finding& finding, const engine::Closing& closing, Instant wall,
            std::vector<Transition>& out);
  void move(Instance& instance, State to, Instant at, Instant wall, std::vector<Transition>& out);

  std::map<Key, Instance> instances_;
  std::map<Key, Instance> orphans_;  ///< stored under definitions that are not those of the settings, until define()
  LimitBook book_;
  ActionBook actions_;
  std::set<const settings::Limit*> asleep_;  ///< not in force, so not judged; follows from the book and the settings
  std::map<Key, Watched> watched_;
  std::unordered_map<const engine::PilotState*, Routes> routes_;
  std::set<std::string> known_before_;                  ///< pilots whose epoch read() found; not part of the state
  std::map<std::string, Instant, std::less<>> epochs_;  ///< by pilot: the first decision of its present version
  std::set<std::pair<std::string, std::string>>
      restarted_;  ///< limits that read() found changed; not part of the state
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const DriftBins>>
      bins_;  ///< by pilot and feature: of the newest reference; monitors that still need older ones share them
  std::map<std::string, ChunkValues, std::less<>> chunks_;  ///< by pilot; of reference files, not part of the state
  const settings::Settings* settings_;
};

/// The part of the pilot's budget that a limit has, for all its groups together.
[[nodiscard]] Allotment allotment(const settings::Pilot& pilot, const settings::Limit& limit);

/// Everything of a limit that its judgement depends on, as text; its hash is the limit's epoch.
[[nodiscard]] std::string fingerprint(const settings::Pilot& pilot, const settings::Limit& limit);

}  // namespace pilotwatch::judge
