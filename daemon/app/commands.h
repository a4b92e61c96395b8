// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/client.h"

/// One function a subcommand; each returns the process's exit code: 0 ok, 1 failure, 2 usage or config.
namespace pilotwatch::app {

struct ServeOptions {
  std::string config_file = "pilotwatch.yml";
  std::string reload_interval = "0s";  ///< a duration; 0 = looks at the file only when asked to
  bool enable_lifecycle = false;       ///< POST /-/reload
  std::string listen_address = "127.0.0.1:9464";  ///< host:port; port 0 = any; printed on stderr once bound
  std::string external_url;                       ///< default http://<listen address>, with TLS https
  std::string route_prefix;                       ///< of every path of the listener; default the path of external_url
  std::string web_config_file;                    ///< TLS and passwords, as exporters have it; "" = neither
  std::uint64_t max_connections = 512, max_connections_per_address = 256;  ///< the second: 0 = no limit
  std::uint64_t max_header_bytes = 16 << 10;
  std::string read_timeout = "30s", idle_timeout = "1m";  ///< durations
  std::string otlp_listen_address = "127.0.0.1:4318";     ///< only where the configuration has a source of OTLP
  std::string storage_path = "data";
  std::string log_level = "info", log_format = "logfmt";
};
int serve(const ServeOptions& options);
/// Flag without dashes -> value, as it is in force.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> flags_of(const ServeOptions& options);

struct CheckOptions {
  std::string config_file = "pilotwatch.yml";
  bool show = false;  ///< print the configuration that results, with all defaults
  bool strict = false;       ///< a warning is an exit code of its own
  bool environment = false;  ///< also what the settings name: store, files, receivers
  bool offline = false;      ///< of that nothing that needs a network
  std::string storage_path = "data", web_config_file;  ///< as the daemon has them
};
/// 0 ok, 1 an error of the environment, 2 a problem of the file, 3 a warning where they count.
int check_config(const CheckOptions& options);

struct TestConfigOptions {
  std::string config_file = "pilotwatch.yml";
  std::vector<std::string> names;  ///< only these tests; empty = all
  bool verbose = false;            ///< also every change of state
};
/// Runs the tests that stand in the configuration; 1 where an expectation does not hold.
int test_config(const TestConfigOptions& options);

struct CheckWebOptions {
  std::string config_file = "web-config.yml";
};
/// With the certificates that it names.
int check_web_config(const CheckWebOptions& options);

struct BacktestOptions {
  std::string config_file = "pilotwatch.yml";
  std::string records = "-";      ///< file or - for standard input
  std::string format = "ndjson";  ///< ndjson | table
};
int backtest(const BacktestOptions& options);

struct MapOptions {
  std::string config_file = "pilotwatch.yml";
  std::string source;
  std::string framing;               ///< "" = by content_type, else by the source
  std::string content_type;
  std::vector<std::string> headers;  ///< "ce-id: x": the sample is the body of a CloudEvent in binary mode
};
/// Reads a sample from standard input and prints what becomes of each foreign record; 1 if anything was refused.
int map_sample(const MapOptions& options);

struct SimulateOptions {
  std::string out = "-";            ///< file or - for standard output; ignored with url
  std::string url;                  ///< daemon to post to, e.g. http://127.0.0.1:9464
  std::string scenario;             ///< instead of the five pilots: a known failure; "" = none
  std::vector<std::string> pilots;  ///< default all five
  std::uint64_t seed = 1;
  std::string start = "2026-01-05T00:00:00Z";
  double days = 60;
  double decisions_per_day = 400;                       ///< a pilot
  double drift_at_day = 30;                             ///< inputs shift and errors rise from here on
  double drift = 1;                                     ///< size, 0 = none
  std::vector<std::string> drift_pilots = {"routing"};  ///< "all" = every pilot
  double complaint_surge_at_day = 40;
  double complaint_surge = 3;                                     ///< factor, 1 = none
  std::vector<std::string> complaint_surge_pilots = {"chatbot"};  ///< "all" = every pilot
  double speed = 0;  ///< simulated seconds a second; 0 = as fast as possible
};
int simulate(const SimulateOptions& options);

struct IngestOptions {
  ClientOptions client;
  std::string stream = "records";  ///< the path: records, predictions, outcomes, ...
  std::string pilot, source;       ///< as the parameters of the same name
  std::string format = "json";     ///< json | csv
  std::uint64_t batch_bytes = 1 << 20;
  std::uint64_t flush_ms = 200;  ///< so long a line waits for others
  std::uint64_t patience_s = 300;
};
/// 1 where a line was rejected, or could not be delivered.
int ingest(const IngestOptions& options);

struct BackupOptions {
  std::string storage_path = "data", to;
};
/// Copies a store, also of a running daemon.
int backup(const BackupOptions& options);

struct RejectsOptions {
  ClientOptions client;
  std::string source, reason;    ///< "" = of any
  std::uint64_t limit = 100;     ///< newest first
  std::string format = "table";  ///< table | ndjson
};
/// The rejected lines that the daemon has kept.
int rejects(const RejectsOptions& options);

struct TapOptions {
  ClientOptions client;
  std::string source;
  std::uint64_t lines = 0;  ///< ends after so many; 0 = never
};
/// What becomes of the lines of a source, as they come.
int tap(const TapOptions& options);

struct AlertOptions {
  ClientOptions client;                        ///< of list, enable
  std::string format = "table";                ///< of list: table | ndjson
  std::string webhook;                         ///< of enable
  std::string config_file = "pilotwatch.yml";  ///< of test, like what follows
  std::string external_url = "http://127.0.0.1:9464";
  std::vector<std::string> names;  ///< empty = all
};
/// Sends a marked notification to each Alertmanager and webhook; 1 where one was not taken.
int alert_test(const AlertOptions& options);
/// What fires now.
int alert_list(const AlertOptions& options);
/// After a webhook has answered 410.
int alert_enable(const AlertOptions& options);

struct ExplainOptions {
  ClientOptions client;
  std::string pilot, limit, group;  ///< limit "" = all; group "" = all of the limit
  bool json = false;
  int width = 0;  ///< columns of the text; 0 = of the terminal
};
/// Why a limit says what it says.
int explain(const ExplainOptions& options);

struct TopOptions {
  ClientOptions client;
  std::string interval = "2s";  ///< duration between two looks
  bool once = false;            ///< print once and end
};
/// Pilots, limits, rates and queues on a terminal, until q or a signal.
int top(const TopOptions& options);

struct DecideOptions {
  ClientOptions client;
  std::string subject;  ///< pilot or episode
  std::string lasts;    ///< of a pause: duration
  std::string text;     ///< reason or note
  std::string author;   ///< "" = who runs the command
};
/// From now on no limit of the pilot judges, for a while.
int pause_pilot(const DecideOptions& options);
int resume_pilot(const DecideOptions& options);
/// Somebody has seen an episode.
int acknowledge_episode(const DecideOptions& options);

/// The JSON Schema of what `backtest` prints.
int print_schema();

int print_version(bool verbose);

/// Parses argv with CLI11 and runs the subcommand.
int run(int argc, char** argv);

}  // namespace pilotwatch::app
