// SPDX-License-Identifier: Apache-2.0
// Subcommands of people who watch a running daemon. Their examples are run by tests/e2e/explain_test.py and
// top_test.py.
#include "app/cli_parts.h"

namespace pilotwatch::app {

void add_explain(CLI::App& root, ExplainOptions& options, Command& command) {
  auto* app = root.add_subcommand("explain", "Say why a limit is in the state it is in, and what would end it");
  app->add_option("pilot", options.pilot, "Name of the pilot")->required()->type_name("PILOT");
  app->add_option("limit", options.limit,
                  "Name of the limit; without it all limits that are not calm, and a line each of "
                  "the others")
      ->type_name("LIMIT");
  add_client(*app, options.client);
  app->add_option("--group", options.group, "Of a limit on groups only this one")->type_name("GROUP");
  app->add_flag("--json", options.json, "The answer of /api/v1/pilots/PILOT/explain, for scripts");
  app->add_option("--width", options.width, "Columns of the text [default: the terminal's, else $COLUMNS, else 80]")
      ->check(CLI::Range(60, 1000));
  app->footer("Example: pilotwatch explain routing error-rate --url http://127.0.0.1:9464");
  app->callback([&] { command = [&options] { return explain(options); }; });
}

void add_top(CLI::App& root, TopOptions& options, Command& command) {
  auto* app = root.add_subcommand("top", "Show pilots, limits, rates and queues of a running daemon, again and again");
  add_client(*app, options.client);
  app->add_option("--interval", options.interval, "Time between two looks; with --once 0 = one look and no rates")
      ->type_name("DURATION")
      ->capture_default_str();
  app->add_flag("--once", options.once, "Print once, without escape codes, and end; exit 1 where there is no answer");
  app->footer(
      "Keys: q quits; up, down, k, j scroll.\nExample: pilotwatch top --once --interval 500ms --url "
      "http://127.0.0.1:9464");
  app->callback([&] { command = [&options] { return top(options); }; });
}

}  // namespace pilotwatch::app
