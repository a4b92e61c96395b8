// SPDX-License-Identifier: Apache-2.0
// Subcommands of people who decide something. Their examples are run by tests/e2e/pause_test.py.
#include "app/cli_parts.h"

namespace pilotwatch::app {
namespace {

void add_author(CLI::App& app, DecideOptions& options) {
  app.add_option("--author", options.author, "Who decides it [default: who runs the command]")->type_name("NAME");
}

}  // namespace

void add_decide(CLI::App& root, DecideOptions& options, Command& command) {
  auto* pause = root.add_subcommand("pause", "Let no limit of a pilot judge what happens from now on, for a while");
  pause->add_option("pilot", options.subject, "Name of the pilot")->required()->type_name("PILOT");
  pause->add_option("--for", options.lasts, "How long, by the pilot's clock: 1s to 31d")
      ->required()
      ->type_name("DURATION");
  pause->add_option("--reason", options.text, "Why; it is shown everywhere and kept")->required()->type_name("TEXT");
  add_author(*pause, options);
  add_client(*pause, options.client);
  pause->footer(
      "Records are counted as ever. A pilot that is paused already gets the new pause instead.\nExample: pilotwatch "
      "pause routing --for 2h --reason 'new scanners are being tried' --url http://127.0.0.1:9464");
  pause->callback([&] { command = [&options] { return pause_pilot(options); }; });

  auto* resume = root.add_subcommand("resume", "End the pause of a pilot now");
  resume->add_option("pilot", options.subject, "Name of the pilot")->required()->type_name("PILOT");
  add_author(*resume, options);
  add_client(*resume, options.client);
  resume->footer("Example: pilotwatch resume routing --url http://127.0.0.1:9464");
  resume->callback([&] { command = [&options] { return resume_pilot(options); }; });

  auto* seen = root.add_subcommand("acknowledge", "Say that somebody has seen an episode, and what is done about it");
  seen->add_option("episode", options.subject, "Its id, as explain and /api/v1/pilots show it")
      ->required()
      ->type_name("EPISODE");
  seen->add_option("--note", options.text, "What is known or done; it is shown everywhere and kept")
      ->required()
      ->type_name("TEXT");
  add_author(*seen, options);
  add_client(*seen, options.client);
  seen->footer(
      "Changes nothing of what is judged or sent; to silence an alert use Alertmanager.\nExample: pilotwatch "
      "acknowledge 0123456789abcdef --note 'the mail room looks into it' --url http://127.0.0.1:9464");
  seen->callback([&] { command = [&options] { return acknowledge_episode(options); }; });
}

}  // namespace pilotwatch::app
