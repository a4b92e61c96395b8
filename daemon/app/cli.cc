// SPDX-License-Identifier: Apache-2.0
// The command line: flags spelt as Prometheus spells them, errors of usage exit 2.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "app/cli_parts.h"
#include "app/simulation.h"

namespace pilotwatch::app {
namespace {

constexpr int exit_failure = 1, exit_usage = 2;

std::vector<std::string> pilot_names(bool with_all) {
  std::vector<std::string> names(std::begin(simulated_pilots), std::end(simulated_pilots));
  if (with_all) names.emplace_back("all");
  return names;
}

void add_config_file(CLI::App& app, std::string& file) {
  app.add_option("--config.file", file, "Configuration file (YAML)")->type_name("FILE")->capture_default_str();
}

/// Who may talk to the listener, and for how long.
void add_limits(CLI::App& app, ServeOptions& options) {
  app.add_option("--web.config.file", options.web_config_file,
                 "File with TLS and passwords, in the format of Prometheus' exporters [default: neither]")
      ->type_name("FILE");
  app.add_option("--web.max-connections", options.max_connections, "Connections at the same time")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--web.max-connections-per-address", options.max_connections_per_address,
                 "Connections at the same time from one address; 0 = no limit of its own")
      ->capture_default_str();
  app.add_option("--web.max-header-bytes", options.max_header_bytes, "Size of a request's header")
      ->check(CLI::Range(1024, 1024 * 1024))
      ->capture_default_str();
  app.add_option("--web.read-timeout", options.read_timeout,
                 "Time for a TLS handshake, and again for a request to arrive whole")
      ->type_name("DURATION")
      ->capture_default_str();
  app.add_option("--web.idle-timeout", options.idle_timeout, "Time from an answer to the next request")
      ->type_name("DURATION")
      ->capture_default_str();
}

void add_serve(CLI::App& root, ServeOptions& options, Command& command) {
  auto* app = root.add_subcommand("serve", "Run the daemon");
  add_config_file(*app, options.config_file);
  app->add_option("--config.auto-reload-interval", options.reload_interval,
                  "Time from one look at the configuration to the next, to reload it when it has changed; 0s = only by "
                  "SIGHUP or /-/reload")
      ->type_name("DURATION")
      ->capture_default_str();
  app->add_flag("--web.enable-lifecycle", options.enable_lifecycle, "Reload the configuration on POST /-/reload");
  app->add_option("--web.listen-address", options.listen_address,
                  "Address to listen on; port 0 takes any free one and says which in the log")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app->add_option(
         "--web.external-url", options.external_url,
         "URL under which people reach the daemon, for links in alerts [default: http://<listen address>, or https]")
      ->type_name("URL");
  app->add_option("--web.route-prefix", options.route_prefix,
                  "What all paths begin with, /watch for /watch/metrics [default: the path of --web.external-url]")
      ->type_name("PATH");
  add_limits(*app, options);
  app->add_option("--otlp.listen-address", options.otlp_listen_address,
                  "Address to listen on for OTLP/HTTP, where the configuration has a source of it")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app->add_option("--storage.path", options.storage_path, "Folder of the journal and of the key that hides ids")
      ->type_name("DIR")
      ->capture_default_str();
  app->add_option("--log.level", options.log_level, "Least severe lines to log: debug, info, warn, error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->type_name("LEVEL")
      ->capture_default_str();
  app->add_option("--log.format", options.log_format, "Form of log lines: logfmt, json")
      ->check(CLI::IsMember({"logfmt", "json"}))
      ->type_name("FORMAT")
      ->capture_default_str();
  app->footer("Example: pilotwatch serve --config.file pilotwatch.yml --storage.path data");
  app->callback([&] { command = [&options] { return serve(options); }; });
}

void add_backtest(CLI::App& root, BacktestOptions& options, Command& command) {
  auto* app = root.add_subcommand("backtest", "Read records from a file and print every window, figure and transition");
  add_config_file(*app, options.config_file);
  app->add_option("--records", options.records, "Records (NDJSON); - is standard input")
      ->type_name("FILE")
      ->capture_default_str();
  app->add_option("--format", options.format, "Form of the output: ndjson, table")
      ->check(CLI::IsMember({"ndjson", "table"}))
      ->type_name("FORMAT")
      ->capture_default_str();
  app->footer("Example: pilotwatch backtest --config.file pilotwatch.yml --records records.ndjson");
  app->callback([&] { command = [&options] { return backtest(options); }; });
}

void add_map(CLI::App& root, MapOptions& options, Command& command) {
  auto* app = root.add_subcommand("map", "Show what a source's mapping makes of a sample on standard input");
  add_config_file(*app, options.config_file);
  app->add_option("--source", options.source, "Name of the source; http is what comes without naming one")
      ->type_name("NAME")
      ->required();
  auto* framing = app->add_option("--framing", options.framing,
                                  "What the sample is: json, csv, cloudevent, cloudevents, otlp-logs-json, "
                                  "otlp-logs-protobuf, otlp-traces-json, otlp-traces-protobuf [default: the source's]")
                      ->type_name("FRAMING");
  app->add_option("--content-type", options.content_type, "The same, as HTTP would say it")
      ->type_name("TYPE")
      ->excludes(framing);
  app->add_option("--header", options.headers,
                  "'ce-id: 1': attribute of a CloudEvent in binary mode, whose data the sample is; repeatable")
      ->type_name("HEADER")
      ->allow_extra_args(false);
  app->footer(
      "Prints a JSON object a foreign record: {\"line\", \"records\": [{\"record\", \"accepted\", \"reason\", \"detail\"}], "
      "\"refused\": [{\"reason\", \"detail\"}]}.\nTimes are not compared with the clock. Exit codes: 0 all accepted, 1 "
      "something was refused, 2 usage or configuration.\nExample: pilotwatch map --config.file pilotwatch.yml --source log "
      "< sample.json");
  app->callback([&] { command = [&options] { return map_sample(options); }; });
}

void add_simulation_course(CLI::App& app, SimulateOptions& options) {
  app.add_option("--seed", options.seed, "The same seed and options give the same bytes")->capture_default_str();
  app.add_option("--start", options.start, "First day (RFC 3339)")->type_name("TIME")->capture_default_str();
  app.add_option("--days", options.days, "Length in days")->capture_default_str();
  app.add_option("--decisions-per-day", options.decisions_per_day, "Decisions a day and pilot, on average")
      ->capture_default_str();
  app.add_option("--drift-at", options.drift_at_day, "Day from which inputs shift and errors rise")
      ->type_name("DAY")
      ->capture_default_str();
  app.add_option("--drift", options.drift, "Size of the drift; 0 = none")->capture_default_str();
  app.add_option("--drift-pilot", options.drift_pilots, "Pilot that drifts, or all; repeatable")
      ->check(CLI::IsMember(pilot_names(true)))
      ->type_name("PILOT")
      ->allow_extra_args(false)
      ->capture_default_str();
  app.add_option("--complaint-surge-at", options.complaint_surge_at_day, "Day from which complaints surge, for a week")
      ->type_name("DAY")
      ->capture_default_str();
  app.add_option("--complaint-surge", options.complaint_surge, "So many times as many complaints; 1 = no surge")
      ->capture_default_str();
  app.add_option("--complaint-surge-pilot", options.complaint_surge_pilots, "Pilot with the surge, or all; repeatable")
      ->check(CLI::IsMember(pilot_names(true)))
      ->type_name("PILOT")
      ->allow_extra_args(false)
      ->capture_default_str();
}

void add_simulate(CLI::App& root, SimulateOptions& options, Command& command) {
  auto* app = root.add_subcommand("simulate", "Write or send the records of five invented pilots");
  auto* out = app->add_option("--out", options.out, "File to write; - is standard output")
                  ->type_name("FILE")
                  ->capture_default_str();
  app->add_option("--url", options.url, "Daemon to send to instead, e.g. http://127.0.0.1:9464")
      ->type_name("URL")
      ->excludes(out);
  auto* pilots = app->add_option("--pilot", options.pilots, "Pilot to simulate; repeatable [default: all five]")
                     ->check(CLI::IsMember(pilot_names(false)))
                     ->type_name("PILOT")
                     ->allow_extra_args(false);
  add_simulation_course(*app, options);
  auto* scenario = app->add_option("--scenario", options.scenario,
                                   "A known failure instead of the five pilots, of its own length and volume")
                       ->check(CLI::IsMember(
                           std::vector<std::string>(std::begin(simulated_scenarios), std::end(simulated_scenarios))))
                       ->type_name("SCENARIO")
                       ->excludes(pilots);
  for (const auto* course : {"--drift", "--drift-at", "--drift-pilot", "--complaint-surge", "--complaint-surge-at",
                             "--complaint-surge-pilot"}) {
    scenario->excludes(app->get_option(course));
  }
  app->add_option("--speed", options.speed, "Simulated seconds a second; 0 = as fast as possible")
      ->check(CLI::NonNegativeNumber)
      ->type_name("FACTOR")
      ->capture_default_str();
  app->footer("Example: pilotwatch simulate --pilot routing --days 2 --out simulated.ndjson");
  app->callback([&options, &command, app] {
    if (!options.scenario.empty()) {
      const auto own = scenario_options(options.scenario);
      if (app->count("--days") == 0) options.days = own.days;
      if (app->count("--decisions-per-day") == 0) options.decisions_per_day = own.decisions_per_day;
    }
    command = [&options] { return simulate(options); };
  });
}

void add_ingest(CLI::App& root, IngestOptions& options, Command& command) {
  auto* app = root.add_subcommand("ingest", "Send standard input to a running daemon, line by line, until it ends");
  add_client(*app, options.client);
  app->add_option("--stream", options.stream, "What records without type are; records: they must say")
      ->check(CLI::IsMember({"records", "predictions", "outcomes", "complaints", "complaint_updates", "reviews",
                             "feedback", "changes", "events"}))
      ->type_name("STREAM")
      ->capture_default_str();
  app->add_option("--pilot", options.pilot, "For records without pilot")->type_name("NAME");
  app->add_option("--source", options.source, "Source of the configuration whose mapping applies")->type_name("NAME");
  app->add_option("--format", options.format, "Form of the lines: json, csv (the first line is the header)")
      ->check(CLI::IsMember({"json", "csv"}))
      ->type_name("FORMAT")
      ->capture_default_str();
  app->add_option("--batch-bytes", options.batch_bytes, "Lines are sent when so much has come")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app->add_option("--flush-ms", options.flush_ms, "or when the first of them has waited so long")
      ->capture_default_str();
  app->add_option("--patience-s", options.patience_s, "So long one batch is tried while the daemon refuses or is away")
      ->capture_default_str();
  app->footer("Example: pilotwatch ingest --url http://127.0.0.1:9464 < records.ndjson");
  app->callback([&] { command = [&options] { return ingest(options); }; });
}

void add_backup(CLI::App& root, BackupOptions& options, Command& command) {
  auto* app = root.add_subcommand("backup", "Copy the store, also while a daemon uses it; as confidential as the store");
  app->add_option("--storage.path", options.storage_path, "Folder of the journal and of the key that hides ids")
      ->type_name("DIR")
      ->capture_default_str();
  app->add_option("--to", options.to, "Folder of the backup; must not exist, or be empty")->type_name("DIR")->required();
  app->footer("Example: pilotwatch backup --storage.path data --to backup");
  app->callback([&] { command = [&options] { return backup(options); }; });
}

void add_rejects(CLI::App& root, RejectsOptions& options, Command& command) {
  auto* app =
      root.add_subcommand("rejects", "Show the lines that a running daemon has rejected, newest first, and why");
  add_client(*app, options.client);
  app->add_option("--source", options.source, "Only those of this source")->type_name("NAME");
  app->add_option("--reason", options.reason, "Only those with this reason")->type_name("REASON");
  app->add_option("--limit", options.limit, "At most so many")->check(CLI::Range(1, 10000))->capture_default_str();
  app->add_option("--format", options.format, "Form of the output: table, ndjson")
      ->check(CLI::IsMember({"table", "ndjson"}))
      ->type_name("FORMAT")
      ->capture_default_str();
  app->footer("Example: pilotwatch rejects --reason schema --url http://127.0.0.1:9464");
  app->callback([&] { command = [&options] { return rejects(options); }; });
}

void add_tap(CLI::App& root, TapOptions& options, Command& command) {
  auto* app = root.add_subcommand("tap", "Look on at what becomes of the lines of a source (needs ingest.tap: true)");
  app->add_option("source", options.source, "Name of the source; http is what names none")
      ->required()
      ->type_name("SOURCE");
  add_client(*app, options.client);
  app->add_option("--lines", options.lines, "End after so many; 0 = never")->capture_default_str();
  app->footer("Example: pilotwatch tap http --lines 1 --url http://127.0.0.1:9464");
  app->callback([&] { command = [&options] { return tap(options); }; });
}

void add_schema(CLI::App& root, Command& command) {
  auto* app =
      root.add_subcommand("schema", "Print the JSON Schema of what backtest prints as ndjson and the API answers");
  app->footer("Example: pilotwatch schema > backtest.schema.json");
  app->callback([&] { command = [] { return print_schema(); }; });
}

void add_version(CLI::App& root, bool& verbose, Command& command) {
  root.add_flag_callback(
      "--version", [&] { command = [] { return print_version(false); }; }, "Print the version");
  auto* app = root.add_subcommand("version", "Print the version");
  app->add_flag("--verbose", verbose, "With the versions of libraries");
  app->footer("Example: pilotwatch version --verbose");
  app->callback([&] { command = [&verbose] { return print_version(verbose); }; });
}

/// Everything that flags write to; lives as long as the command runs.
struct Options {
  ServeOptions serve;
  CheckOptions check;
  CheckWebOptions check_web;
  BacktestOptions backtest;
  MapOptions map;
  SimulateOptions simulate;
  IngestOptions ingest;
  BackupOptions backup;
  RejectsOptions rejects;
  TapOptions tap;
  AlertOptions alert;
  ExplainOptions explain;
  TopOptions top;
  DecideOptions decide;
  TestConfigOptions test_config;
  bool verbose = false;
};

void declare(CLI::App& root, Options& options, Command& command) {
  root.name("pilotwatch");
  root.footer("Exit codes: 0 ok, 1 failure, 2 usage or configuration.");
  root.require_subcommand(0, 1);
  add_serve(root, options.serve, command);
  add_check(root, options.check, options.check_web, command);
  add_test_config(root, options.test_config, command);
  add_simulate(root, options.simulate, command);
  add_backtest(root, options.backtest, command);
  add_ingest(root, options.ingest, command);
  add_backup(root, options.backup, command);
  add_rejects(root, options.rejects, command);
  add_tap(root, options.tap, command);
  add_alert(root, options.alert, command);
  add_explain(root, options.explain, command);
  add_top(root, options.top, command);
  add_decide(root, options.decide, command);
  add_map(root, options.map, command);
  add_schema(root, command);
  add_version(root, options.verbose, command);
}

}  // namespace

void add_client(CLI::App& app, ClientOptions& options) {
  app.add_option("--url", options.url, "Where the daemon is")->type_name("URL")->capture_default_str();
  app.add_option("--token-file", options.token_file, "File with the bearer token of the source")->type_name("FILE");
  app.add_option("--user", options.user, "User of the daemon's web configuration")->type_name("NAME:PASSWORD");
  app.add_option("--ca-file", options.ca_file, "Certificates to trust, for https")->type_name("FILE");
}

int run(int argc, char** argv) {
  CLI::App root("Monitors pilots of AI systems: drift, error rate, complaints, fairness.");
  Options options;
  Command command;
  declare(root, options, command);
  try {
    root.parse(argc, argv);
    if (!command) throw CLI::RequiredError("A subcommand");
  } catch (const CLI::ParseError& error) {
    return root.exit(error) == 0 ? 0 : exit_usage;  // --help is a "parse error" of CLI11 with code 0
  }
  try {
    return command();
  } catch (const std::exception& error) {
    std::cerr << "pilotwatch: " << error.what() << '\n';
    return exit_failure;
  }
}

}  // namespace pilotwatch::app
