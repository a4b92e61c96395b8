// SPDX-License-Identifier: Apache-2.0
// Subcommands that look at files and run no daemon: `check`, `test`. Their examples are run by tests/e2e/.
#include "app/cli_parts.h"

namespace pilotwatch::app {

void add_check(CLI::App& root, CheckOptions& options, CheckWebOptions& web, Command& command) {
  auto* check = root.add_subcommand("check", "Check files without running anything");
  check->require_subcommand(1);
  auto* app =
      check->add_subcommand("config", "Check a configuration file: every problem at once, exit 2 if there is any");
  app->add_option("file,--config.file", options.config_file, "Configuration file (YAML)")
      ->type_name("FILE")
      ->capture_default_str();
  app->add_flag("--show", options.show,
                "Print the configuration that results, with all defaults, presets and parts of budgets");
  app->add_flag("--strict", options.strict, "Exit 3 where there is a warning");
  auto* environment = app->add_flag("--environment", options.environment,
                                    "Also look at what the file names, as the user who asks: store, followed files, "
                                    "secrets, references, certificates, "
                                    "Alertmanagers, webhooks; nothing is changed, nobody is notified");
  app->add_flag("--offline", options.offline, "With --environment: connect to nobody")->needs(environment);
  app->add_option("--storage.path", options.storage_path, "With --environment: folder of the store, as serve has it")
      ->type_name("DIR")
      ->needs(environment)
      ->capture_default_str();
  app->add_option("--web.config.file", options.web_config_file,
                  "With --environment: file with TLS and passwords, as serve has it")
      ->type_name("FILE")
      ->needs(environment);
  app->footer(
      "Without --environment nothing but the file, and the record files that its tests name, is looked at. Exit codes: "
      "0 "
      "ok, 1 an error of the environment, 2 a problem of the file, 3 a warning with --strict.\n"
      "Example: pilotwatch check config --environment --offline --storage.path data pilotwatch.yml");
  app->callback([&] { command = [&options] { return check_config(options); }; });
  auto* of_web = check->add_subcommand(
      "web-config", "Check a file for --web.config.file, and the certificates and keys that it names");
  of_web->add_option("file", web.config_file, "Web configuration file (YAML)")->type_name("FILE")->required();
  of_web->footer("Example: pilotwatch check web-config web.yml");
  of_web->callback([&] { command = [&web] { return check_web_config(web); }; });
}

void add_test_config(CLI::App& root, TestConfigOptions& options, Command& command) {
  auto* test = root.add_subcommand("test", "Run tests of a configuration");
  test->require_subcommand(1);
  auto* app = test->add_subcommand("config",
                                   "Play the records of the configuration's tests, and compare what limits "
                                   "make of them with what is expected");
  app->add_option("file,--config.file", options.config_file, "Configuration file (YAML)")
      ->type_name("FILE")
      ->capture_default_str();
  app->add_option("--name", options.names, "Only the test of this name; repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app->add_flag("--verbose", options.verbose, "Also every change of state of all limits of the pilot, and why");
  app->footer(
      "Needs no daemon and no store. Exit codes: 0 all passed, 1 one failed, 2 usage or configuration.\n"
      "Example: pilotwatch test config pilotwatch.yml");
  app->callback([&] { command = [&options] { return test_config(options); }; });
}

}  // namespace pilotwatch::app
