// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "app/commands.h"

/// Parts of the command line that are in files of their own. Each adds a subcommand whose options are read into
/// `options`, and which sets `command`.
namespace pilotwatch::app {

/// What the command line asked for; called once parsing is over.
using Command = std::function<int()>;

/// Where the daemon is, and how to get in.
void add_client(CLI::App& app, ClientOptions& options);

// cli_alert.cc
void add_alert(CLI::App& root, AlertOptions& options, Command& command);

// cli_check.cc
void add_check(CLI::App& root, CheckOptions& options, CheckWebOptions& web, Command& command);
void add_test_config(CLI::App& root, TestConfigOptions& options, Command& command);

// cli_watch.cc
void add_explain(CLI::App& root, ExplainOptions& options, Command& command);
void add_top(CLI::App& root, TopOptions& options, Command& command);

// cli_decide.cc
void add_decide(CLI::App& root, DecideOptions& options, Command& command);

}  // namespace pilotwatch::app
