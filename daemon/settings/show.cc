// SPDX-License-Identifier: Apache-2.0
#include "settings/show.h"

#include <yaml-cpp/yaml.h>

#include "base/text.h"
#include "settings/presets.h"
#include "settings/show_map.h"
#include "settings/show_tests.h"

namespace pilotwatch::settings {
namespace {

constexpr const char* feature_kind_names[] = {"numeric", "categorical"};
constexpr const char* clock_names[] = {"wall", "event"};
constexpr const char* family_names[] = {"outcome", "fairness", "drift", "quality"};
constexpr const char* by_class_names[] = {"drop", "keep"};
constexpr const char* unknown_fields_names[] = {"drop", "reject"};

template <class E, std::size_t N>
std::string word(const char* const (&names)[N], E value) {
  return names[static_cast<std::size_t>(value)];
}

/// Maps and lists with our forms of durations and numbers; a text that is empty says nothing and is left out.
class Writer {
 public:
  explicit Writer(YAML::Emitter& out) : out_(out) {}

  void key(const char* name) { out_ << YAML::Key << name << YAML::Value; }
  void text(const char* name, const std::string& value) {
    if (!value.empty()) pair(name, value);
  }
  /// Texts that would read as something else, such as the label "1", stay texts.
  void label(const std::string& value) { out_ << YAML::DoubleQuoted << value; }
  void duration(const char* name, Millis value) { pair(name, format_duration(value)); }
  void number(const char* name, double value) { pair(name, format_number(value)); }
  void whole(const char* name, std::uint64_t value) { pair(name, std::to_string(value)); }
  template <class Body>
  void map(Body body) {
    out_ << YAML::BeginMap;
    body();
    out_ << YAML::EndMap;
  }
  template <class Body>
  void flow_map(Body body) {
    out_ << YAML::Flow;
    map(body);
  }
  template <class Items, class Body>
  void list(const char* name, const Items& items, Body body) {
    key(name);
    if (std::empty(items)) out_ << YAML::Flow;
    out_ << YAML::BeginSeq;
    for (const auto& item : items) body(item);
    out_ << YAML::EndSeq;
  }
  void window(const Window& window) {
    const auto name = word(window_kind_names, window.kind);
    if (window.kind != WindowKind::count && window.kind != WindowKind::days) {
      out_ << name;
      return;
    }
    flow_map([&] { whole(name.c_str(), window.count); });
  }
  void pair(const char* name, const std::string& value) {
    key(name);
    out_ << value;
  }
  YAML::Emitter& raw() { return out_; }

 private:
  YAML::Emitter& out_;
};

void show_numbers(Writer& out, const Pilot& pilot) {
  if (pilot.task == Task::quantile) {
    out.key("quantiles");
    out.raw() << YAML::Flow << YAML::BeginSeq;
    for (const double level : pilot.quantiles) out.raw() << format_number(level);
    out.raw() << YAML::EndSeq;
  }
  if (!predicts_numbers(pilot.task)) return;
  out.key("tolerance");
  out.flow_map([&] {
    out.number("absolute", pilot.tolerance.absolute);
    out.number("relative", pilot.tolerance.relative);
  });
}

void show_task(Writer& out, const Pilot& pilot) {
  out.pair("task", word(task_names, pilot.task));
  if (!pilot.classes.empty()) {
    out.key("classes");
    out.raw() << YAML::Flow << YAML::BeginSeq;
    for (const auto& label : pilot.classes) out.label(label);
    out.raw() << YAML::EndSeq;
  }
  if (pilot.task == Task::binary) {
    out.key("positive");
    out.label(pilot.positive);
    out.number("threshold", pilot.threshold);
    out.pair("output", word(orientation_names, pilot.output));
    out.key("burden");
    out.label(burden_class(pilot));
  }
  out.duration("review_min_time", pilot.review_min_time);
  show_numbers(out, pilot);
}

void show_time(Writer& out, const Pilot& pilot) {
  out.pair("clock", word(clock_names, pilot.clock));
  out.pair("time_zone", pilot.time_zone.name());
  out.duration("lateness", pilot.lateness);
  out.duration("outcome_horizon", pilot.outcome_horizon);
  out.key("accept");
  out.flow_map([&] {
    out.duration("past", pilot.accept_past);
    out.duration("future", pilot.accept_future);
  });
  out.pair("unknown_fields", word(unknown_fields_names, pilot.unknown_fields));
}

void show_reference(Writer& out, const Pilot& pilot, const std::filesystem::path& config) {
  const auto& reference = pilot.reference;
  if (!reference.given()) return;
  out.key("reference");
  out.map([&] {
    if (reference.first > 0) out.whole("first", reference.first);
    if (!reference.file.empty())
      out.text("file", config.parent_path().empty() ? reference.file.string()
                                                    : reference.file.lexically_relative(config.parent_path()).string());
    if (reference.kind() == ReferenceKind::period) {
      out.text("from", format_rfc3339(*reference.from));
      out.text("to", format_rfc3339(*reference.to));
      out.whole("max_rows", reference.max_rows);
    }
    if (reference.previous_version > 0) out.whole("previous_version", reference.previous_version);
    if (!reference.name.empty()) out.text("name", reference.name);
    out.pair("strata", word(strata_names, reference.strata));
    out.whole("bins", reference.bins);
    out.whole("ks_exact_max_distinct", reference.ks_exact_max_distinct);
    out.whole("max_categories", reference.max_categories);
  });
}

void show_data(Writer& out, const Pilot& pilot, const std::filesystem::path& config) {
  out.list("features", pilot.features, [&](const Feature& feature) {
    out.flow_map([&] {
      out.text("name", feature.name);
      out.pair("kind", word(feature_kind_names, feature.kind));
    });
  });
  out.key("segments");
  out.map([&] {
    out.list("attributes", pilot.segments.attributes, [&](const std::string& name) { out.raw() << name; });
    if (!pilot.segments.pairs.empty()) {
      out.list("pairs", pilot.segments.pairs, [&](const AttributePair& pair) {
        out.raw() << YAML::Flow << YAML::BeginSeq << pair.first << pair.second << YAML::EndSeq;
      });
    }
    out.whole("min_n", pilot.segments.min_n);
    out.whole("max_values", pilot.segments.max_values);
    if (!pilot.segments.values.empty()) {
      out.key("values");
      out.map([&] {
        for (const auto& [attribute, values] : pilot.segments.values) {
          out.list(attribute.c_str(), values, [&](const std::string& name) { out.label(name); });
        }
      });
    }
    if (pilot.segments.reference_groups.empty()) return;
    out.key("reference_groups");
    out.flow_map([&] {
      for (const auto& [attribute, group] : pilot.segments.reference_groups) {
        out.key(attribute.c_str());
        out.label(group);
      }
    });
  });
  out.key("complaints");
  out.map([&] {
    if (pilot.complaints.categories.empty()) {
      out.whole("max_categories", pilot.complaints.max_categories);
    } else {
      out.list("categories", pilot.complaints.categories, [&](const std::string& name) { out.label(name); });
    }
    out.whole("severe", pilot.complaints.severe);
  });
  if (pilot.task == Task::binary) out.pair("outcomes_known", word(outcomes_known_names, pilot.outcomes_known));
  show_reference(out, pilot, config);
  out.key("scores");
  out.map([&] {
    out.whole("max_distinct", pilot.scores.max_distinct);
    out.whole("max_distinct_by_group", pilot.scores.max_distinct_by_group);
    if (pilot.task == Task::multiclass) out.pair("by_class", word(by_class_names, pilot.scores.by_class));
  });
  out.key("bounds");
  out.map([&] {
    out.whole("decisions", pilot.bounds.decisions);
    out.whole("kept", pilot.bounds.kept);
    out.whole("parked", pilot.bounds.parked);
    out.whole("versions", pilot.bounds.versions);
    out.whole("categories", pilot.bounds.categories);
  });
  out.list("windows", pilot.windows, [&](const Window& window) { out.window(window); });
}

void show_guarantee(Writer& out, const Guarantee& guarantee) {
  out.key("guarantee");
  out.map([&] {
    out.number("false_alarm_probability", guarantee.false_alarm_probability);
    if (guarantee.over_decisions > 0) {
      out.key("over");
      out.flow_map([&] { out.whole("decisions", guarantee.over_decisions); });
    } else {
      out.duration("over", guarantee.over);
    }
    out.key("shares");
    out.flow_map([&] {
      for (std::size_t i = 0; i < guarantee.shares.size(); ++i) out.number(family_names[i], guarantee.shares[i]);
    });
  });
}

void show_evidence(Writer& out, const Limit& limit, const std::string& note) {
  out.pair("evidence", word(evidence_names, limit.evidence));
  if (!note.empty()) out.raw() << YAML::Comment(note);
  if (limit.share) out.number("share", *limit.share);
  if (limit.block > 0) out.whole("block", limit.block);
  if (limit.period != BlockPeriod::none) out.pair("block", word(block_period_names, limit.period));
  if (limit.evidence == Evidence::confidence_sequence) out.number("alpha", limit.alpha);
  const bool of_mean = limit.compare == Compare::none && !of_feature(limit.metric);
  if (limit.evidence == Evidence::budget && of_mean) out.number("design_effect", limit.design_effect);
  if (limit.range) out.number("range", *limit.range);
  if (watches_decisions(limit.evidence)) return;  // evidence waits for nothing else
  out.whole("min_n", limit.min_n);
  if (limit.of > 1) {
    out.whole("times", limit.times);
    out.whole("of", limit.of);
  }
  out.duration("for", limit.for_);
  out.duration("keep_firing_for", limit.keep_firing_for);
}

void show_chunks(Writer& out, const Limit& limit) {
  out.pair("direction", word(direction_names, limit.direction));
  out.number("sd", limit.chunks.sd);
  out.whole("ddof", limit.chunks.ddof);
  if (limit.chunks.leave_one_out) out.pair("compare_with", chunk_compare_names[1]);
  if (limit.chunks.own > 0) out.whole("chunks", limit.chunks.own);
}

void show_limit(Writer& out, const Limit& limit, const std::string& note) {
  out.text("name", limit.name);
  out.pair("metric", word(metric_names, limit.metric));
  out.text("feature", limit.feature);
  out.text("segment", limit.segment);
  out.text("compare", word(compare_names, limit.compare));
  out.key("window");
  out.window(limit.window);
  if (limit.evidence == Evidence::reference_chunks) show_chunks(out, limit);
  if (limit.metric != Metric::drift) {
    if (limit.max) out.number("max", *limit.max);
    if (limit.min) out.number("min", *limit.min);
  }
  show_evidence(out, limit, note);
  out.pair("severity", word(severity_names, limit.severity));
  out.text("alertname", limit.alertname);
  for (const auto& [key, text] :
       {std::pair{"owner", &limit.owner}, std::pair{"reason", &limit.reason}, std::pair{"source", &limit.source},
        std::pair{"action", &limit.action}, std::pair{"runbook_url", &limit.runbook_url}}) {
    out.text(key, *text);
  }
}

void show_preset(Writer& out, const Pilot& pilot) {
  const auto* preset = find_preset(pilot.preset);
  if (preset == nullptr) return;
  out.raw() << YAML::Comment("With preset " + pilot.preset + ".\nIt watches: " + std::string(preset->watches) +
                             ".\nIt cannot see: " + std::string(preset->blind) + ".")
            << YAML::Newline;
}

void show_pilot(Writer& out, const Pilot& pilot, const Settings& settings,
                const std::function<std::string(const Pilot&, const Limit&)>& note) {
  show_preset(out, pilot);
  out.map([&] {
    out.text("name", pilot.name);
    out.text("description", pilot.description);
    out.text("owner", pilot.owner);
    out.text("model", pilot.model);
    show_task(out, pilot);
    show_time(out, pilot);
    show_data(out, pilot, settings.file);
    show_guarantee(out, pilot.guarantee);
    out.list("limits", pilot.limits,
             [&](const Limit& limit) { out.map([&] { show_limit(out, limit, note(pilot, limit)); }); });
  });
}

/// Path and query may be secrets: many receivers have no other.
std::string without_path(const std::string& url) {
  const auto authority = url.find("://") + 3;
  const auto end = url.find_first_of("/?", authority);
  if (end == std::string::npos || end + 1 == url.size()) return url;
  return url.substr(0, end) + "/\u2026";
}

void show_webhook(Writer& out, const Webhook& hook, const std::filesystem::path& folder) {
  const auto relative = [&](const std::filesystem::path& path) {
    return folder.empty() ? path.string() : path.lexically_relative(folder).string();
  };
  out.map([&] {
    out.text("name", hook.name);
    out.text("url", without_path(hook.url));
    out.pair("format", word(webhook_format_names, hook.format));
    out.list("secret_files", hook.secret_files, [&](const auto& file) { out.label(relative(file)); });
    out.list("events", hook.events, [&](WebhookEvent event) { out.raw() << word(webhook_event_names, event); });
    out.list("allow_networks", hook.allow_networks, [&](const Network& network) { out.label(to_text(network)); });
    if (!hook.ca_file.empty()) out.text("ca_file", relative(hook.ca_file));
    out.duration("timeout", hook.timeout);
    out.list("retries", hook.retries, [&](Millis pause) { out.raw() << format_duration(pause); });
    out.whole("queue_capacity", hook.queue_capacity);
    out.whole("queue_bytes", hook.queue_bytes);
  });
}

void show_access(Writer& out, const AlertmanagerAccess& access, const std::filesystem::path& folder) {
  const auto file = [&](const char* key, const std::filesystem::path& path) {
    if (!path.empty()) out.text(key, folder.empty() ? path.string() : path.lexically_relative(folder).string());
  };
  if (!access.username.empty()) {
    out.key("basic_auth");
    out.flow_map([&] {
      out.key("username");
      out.label(access.username);
      file("password_file", access.password_file);
    });
  }
  file("bearer_token_file", access.bearer_token_file);
  if (access.ca_file.empty() && access.cert_file.empty()) return;
  out.key("tls_config");
  out.flow_map([&] {
    file("ca_file", access.ca_file);
    file("cert_file", access.cert_file);
    file("key_file", access.key_file);
  });
}

void show_lookup(Writer& out, const AlertmanagerLookup& lookup, const std::filesystem::path& folder) {
  out.flow_map([&] {
    out.text("name", lookup.name);
    out.text("dns", lookup.dns);
    out.pair("type", word(dns_type_names, lookup.type));
    if (lookup.type != DnsType::srv) out.whole("port", lookup.port);
    out.text("scheme", lookup.scheme);
    out.text("path_prefix", lookup.path_prefix);
    out.duration("refresh_interval", lookup.refresh_interval);
    out.whole("max_targets", lookup.max_targets);
    show_access(out, lookup.access, folder);
  });
}

void show_alertmanagers(Writer& out, const Notify& notify, const std::filesystem::path& folder) {
  out.key("alertmanagers");
  if (notify.alertmanagers.empty() && notify.lookups.empty()) out.raw() << YAML::Flow;
  out.raw() << YAML::BeginSeq;
  for (const auto& target : notify.alertmanagers) {
    out.flow_map([&] {
      out.text("url", target.url);
      out.text("name", target.name);
      show_access(out, target.access, folder);
    });
  }
  for (const auto& lookup : notify.lookups) show_lookup(out, lookup, folder);
  out.raw() << YAML::EndSeq;
  if (notify.dns_servers.empty()) return;
  out.list("dns_servers", notify.dns_servers, [&](const std::string& server) { out.label(server); });
}

void show_notify(Writer& out, const Notify& notify, const std::filesystem::path& folder) {
  out.key("notify");
  out.map([&] {
    show_alertmanagers(out, notify, folder);
    out.list("webhooks", notify.webhooks, [&](const Webhook& hook) { show_webhook(out, hook, folder); });
    out.key("external_labels");
    out.flow_map([&] {
      for (const auto& [name, value] : notify.external_labels) {
        out.key(name.c_str());
        out.label(value);
      }
    });
    out.text("dashboard_url", notify.dashboard_url);
    out.duration("resend_delay", notify.resend_delay);
    out.duration("timeout", notify.timeout);
    out.duration("resolved_retention", notify.resolved_retention);
    out.whole("queue_capacity", notify.queue_capacity);
    out.whole("batch_size", notify.batch_size);
    out.pair("watchdog", notify.watchdog ? "true" : "false");
  });
}

void show_sources(Writer& out, const Settings& settings) {
  const auto folder = settings.file.parent_path();
  const auto relative = [&](const std::filesystem::path& path) {
    return folder.empty() ? path.string() : path.lexically_relative(folder).string();
  };
  out.list("sources", settings.sources, [&](const Source& source) {
    out.map([&] {
      out.text("name", source.name);
      if (source.kind == SourceKind::file) {
        out.list("file", source.files, [&](const std::filesystem::path& path) { out.label(relative(path)); });
        out.duration("poll_interval", source.poll_interval);
        out.pair("start_at", word(start_at_names, source.start_at));
        out.whole("max_open_files", source.max_open_files);
        out.duration("ignore_older", source.ignore_older);
      } else {
        out.pair(source.kind == SourceKind::http ? "http" : "otlp", "true");
        if (!source.token_file.empty()) out.text("token_file", relative(source.token_file));
      }
      if (source.kind != SourceKind::otlp) out.pair("format", word(source_format_names, source.format));
      out.text("pilot", source.pilot);
      if (!source.pilots.empty())
        out.list("pilots", source.pilots, [&](const std::string& pilot) { out.label(pilot); });
      if (source.kind != SourceKind::otlp)
        out.pair("separator", separator_names[source.separator == ',' ? 0 : source.separator == ';' ? 1 : 2]);
      out.pair("preset", word(source_preset_names, source.mapping.preset));
      show_map_rules(out.raw(), source.mapping.rules);
    });
  });
}

}  // namespace

std::string show(const Settings& settings, const std::function<std::string(const Pilot&, const Limit&)>& note) {
  YAML::Emitter emitter;
  Writer out(emitter);
  out.map([&] {
    out.key("evaluation");
    out.flow_map([&] { out.duration("interval", settings.evaluation_interval); });
    out.key("storage");
    out.flow_map([&] {
      out.duration("checkpoint_interval", settings.checkpoint_interval);
      if (settings.retention) out.duration("retention", *settings.retention);
      if (settings.max_store_bytes > 0) out.whole("max_bytes", settings.max_store_bytes);
    });
    out.key("memory");
    out.flow_map([&] { out.whole("decisions", settings.decision_memory); });
    out.key("bounds");
    out.flow_map([&] {
      out.whole("pilots", settings.max_pilots);
      out.whole("series", settings.max_series);
    });
    out.key("ingest");
    out.map([&] {
      out.whole("max_body_bytes", settings.ingest.max_body_bytes);
      out.whole("max_line_bytes", settings.ingest.max_line_bytes);
      out.whole("max_queue_requests", settings.ingest.max_queue_requests);
      out.whole("max_queue_bytes", settings.ingest.max_queue_bytes);
      out.duration("max_queue_time", settings.ingest.max_queue_time);
      out.whole("dead_letters", settings.ingest.dead_letters);
      out.pair("dead_letter_text", settings.ingest.dead_letter_text ? "true" : "false");
      out.pair("tap", settings.ingest.tap ? "true" : "false");
      out.pair("anonymous", settings.anonymous_ingest() ? "true" : "false");
    });
    show_notify(out, settings.notify, settings.file.parent_path());
    show_sources(out, settings);
    out.list("pilots", settings.pilots, [&](const Pilot& pilot) { show_pilot(out, pilot, settings, note); });
    show_tests(out.raw(), settings);
  });
  return std::string(emitter.c_str(), emitter.size()) + "\n";
}

}  // namespace pilotwatch::settings
