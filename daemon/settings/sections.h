// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "settings/presets.h"
#include "settings/reader.h"
#include "settings/settings.h"

/// The sections of the file. All functions complain through their Value and answer what could be read. Private to
/// settings/.
namespace pilotwatch::settings {

/// What of a pilot was read without complaint, so that one mistake is not reported again by all that refer to it.
struct Sound {
  bool task = false, windows = false, features = false, attributes = false, reference = false;
  bool metric = false;   ///< of the limit that is being read
  bool horizon = false;  ///< outcome_horizon was given
};

/// A preset that a pilot names. Whatever is wrong with it for this pilot is reported where it is named.
class NamedPreset {
 public:
  /// `name`: the value of the pilot's key `preset`.
  NamedPreset(const Preset& preset, const Value& name);

  /// Everything but limits, where the pilot says nothing of its own.
  void inherit_into(MapReader& pilot) const;
  /// The limits that it has for the pilot's task, one for each feature or attribute where it says so. `any_task`: the
  /// pilot's task could not be read.
  [[nodiscard]] std::vector<Value> limits(const Pilot& pilot, bool any_task) const;

 private:
  [[nodiscard]] Value value(YAML::Node node, const std::string& path) const;

  const Preset* preset_;
  Value name_;
  YAML::Node yaml_;
};

/// The limits of a pilot: those of its preset, without those that the pilot replaces or turns off, then its own.
[[nodiscard]] std::vector<Limit> read_limits(const std::optional<Value>& list, const NamedPreset* preset,
                                             const Pilot& pilot, const Sound& sound);

/// Relative paths are relative to the folder of `config`.
[[nodiscard]] Pilot read_pilot(const Value& value, const std::filesystem::path& config, UniqueNames& names);
/// Attributes, pairs and what belongs to them, of a pilot.
void read_segments(const Value& value, Segments& segments);
/// Fills classes and positive from the file or the task's defaults.
void read_classes(MapReader& map, std::optional<Task> task, Pilot& pilot);
/// Fills burden; after read_classes, for task binary.
void read_burden(const Value& value, Pilot& pilot);
/// One entry of `limits` of a pilot whose other parts have been read.
[[nodiscard]] Limit read_limit(const Value& value, const Pilot& pilot, const Sound& sound, UniqueNames& names);
/// `evidence` and the keys that only some kinds have, of a limit whose other keys have been read. `of_windows`: one of
/// them asks something of windows, so that without `evidence` the limit is on windows.
void read_evidence(MapReader& map, const Pilot& pilot, const Sound& sound, bool of_windows, Limit& limit);

/// `times` and `of` of a limit whose evidence has been read.
void read_times_of(MapReader& map, Limit& limit);
/// What evidence reference_chunks knows, of a limit whose metric, window and evidence have been read.
void read_chunks(MapReader& map, const Pilot& pilot, const Sound& sound, Limit& limit);

/// A civil day of the zone, at its begin, or a time with its offset.
[[nodiscard]] std::optional<Instant> parse_instant(const std::string& text, const Zone& zone);

[[nodiscard]] std::optional<Window> read_window(const Value& value);
/// As it is written in the file: "week", "{count: 1000}".
[[nodiscard]] std::string window_words(const Window& window);

/// `preset` and `map` of a source.
void read_mapping(MapReader& source, Mapping& out);
[[nodiscard]] std::vector<MapRule> read_map_rules(const Value& list);
/// What a ready mapping is made of; none for those that take members of the wire format by their names.
[[nodiscard]] std::vector<MapRule> preset_map_rules(SourcePreset preset);

/// Fills `alertmanagers` and `lookups`. Relative paths are relative to the folder of `config`.
void read_alertmanagers(const Value& list, const std::filesystem::path& config, Notify& out);
[[nodiscard]] std::vector<std::string> read_dns_servers(const Value& list);
/// `max_store_bytes`: 0 = no bound.
[[nodiscard]] Notify read_notify(const Value& value, const std::filesystem::path& config,
                                 std::uint64_t max_store_bytes);
void read_webhooks(const Value& list, const std::filesystem::path& config, std::uint64_t max_store_bytes,
                   std::vector<Webhook>& out);
/// Fills `sources` of settings whose pilots have been read. `pilots_are_sound`: their names are all there.
void read_sources(const Value& list, bool pilots_are_sound, Settings& out);

}  // namespace pilotwatch::settings
