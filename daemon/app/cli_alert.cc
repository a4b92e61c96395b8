// SPDX-License-Identifier: Apache-2.0
#include "app/cli_parts.h"

namespace pilotwatch::app {
namespace {

void add_test(CLI::App& alert, AlertOptions& options, Command& command) {
  auto* app = alert.add_subcommand("test", "Send a marked notification to each Alertmanager and webhook");
  app->add_option("name", options.names, "Only to those of these names")->type_name("NAME");
  app->add_option("--config.file", options.config_file, "Configuration file (YAML)")
      ->type_name("FILE")
      ->capture_default_str();
  app->add_option("--web.external-url", options.external_url, "As the daemon has it, for the notification")
      ->type_name("URL")
      ->capture_default_str();
  app->footer(
      "Needs no daemon. Prints a line for each with what it answered. Exit codes: 0 all took it, 1 one did not, 2 "
      "usage "
      "or configuration.\nExample: pilotwatch alert test --config.file pilotwatch.yml");
  app->callback([&] { command = [&options] { return alert_test(options); }; });
}

void add_list(CLI::App& alert, AlertOptions& options, Command& command) {
  auto* app = alert.add_subcommand("list", "Show what fires now, of a running daemon");
  add_client(*app, options.client);
  app->add_option("--format", options.format, "Form of the output: table, ndjson")
      ->check(CLI::IsMember({"table", "ndjson"}))
      ->type_name("FORMAT")
      ->capture_default_str();
  app->footer("Example: pilotwatch alert list --url http://127.0.0.1:9464");
  app->callback([&] { command = [&options] { return alert_list(options); }; });
}

void add_enable(CLI::App& alert, AlertOptions& options, Command& command) {
  auto* app = alert.add_subcommand("enable", "Send to a webhook again that a running daemon has disabled (410 Gone)");
  app->add_option("webhook", options.webhook, "Its name")->required()->type_name("NAME");
  add_client(*app, options.client);
  app->footer("Example: pilotwatch alert enable ops --url http://127.0.0.1:9464");
  app->callback([&] { command = [&options] { return alert_enable(options); }; });
}

}  // namespace

void add_alert(CLI::App& root, AlertOptions& options, Command& command) {
  auto* app = root.add_subcommand("alert", "Notifications: try them, show what fires, enable a webhook");
  app->require_subcommand(1);
  add_test(*app, options, command);
  add_list(*app, options, command);
  add_enable(*app, options, command);
}

}  // namespace pilotwatch::app
