"""Errors to plant in the sources: what it is, file, text that stands there once, text in its place."""

MUTATIONS = [
    ("acknowledged before it is committed", "daemon/app/commits.cc",
     "    assemble(next);\n",
     """    assemble(next);
    for (std::size_t i = 0; i < next.group.size(); ++i) {
      const auto& given = next.entry.submissions[i];
      answer(next.group[i], {given.batch.records.size(), 0, given.rejects.total()});
      next.group[i].done = [](const Reply&) {};
    }
"""),
    ("acknowledged while it is being committed", "daemon/app/commits.cc",
     "      finish_beside();\n      running.get();\n",
     """      finish_beside();
      for (std::size_t i = 0; i < next.group.size(); ++i) {
        const auto& given = next.entry.submissions[i];
        answer(next.group[i], {given.batch.records.size(), 0, given.rejects.total()});
        next.group[i].done = [](const Reply&) {};
      }
      running.get();
"""),
    ("a group lost on its way into the state", "daemon/app/commits.cc",
     "      finish_beside();\n      running.get();\n",
     "      for (auto& delivery : committed_->group) answer(delivery, {});\n      committed_.reset();\n      running.get();\n"),
    ("cursor written outside the transaction", "daemon/journal/journal.cc",
     "      for (const auto& cursor : cursors) impl_->write_cursor(cursor);\n"
     "      impl_->letters->write(letters, keep_letters);\n"
     "      inserted = true;\n"
     "    });\n",
     "      impl_->letters->write(letters, keep_letters);\n"
     "      inserted = true;\n"
     "    });\n"
     "    impl_->transaction([&] {\n"
     "      for (const auto& cursor : cursors) impl_->write_cursor(cursor);\n"
     "    });\n"),
    ("cursor written before the transaction", "daemon/journal/journal.cc",
     "    impl_->transaction([&] {\n"
     "      impl_->insert->bind(1, static_cast<std::int64_t>(sequence))\n",
     "    impl_->transaction([&] {\n"
     "      for (const auto& cursor : cursors) impl_->write_cursor(cursor);\n"
     "    });\n"
     "    impl_->transaction([&] {\n"
     "      impl_->insert->bind(1, static_cast<std::int64_t>(sequence))\n"),
    ("duplicates not known after a restart", "daemon/engine/pilot_side.cc",
     "feedback_ids_.insert(feedback_[slot].id);", "static_cast<void>(slot);"),
    ("an alert sent twice", "daemon/sinks/alert_target.cc",
     "    queue_.put_back(std::move(again));\n",
     "    queue_.put_back(failed ? std::move(again) : std::move(alerts));\n"),
    ("an alert lost over a restart", "daemon/app/core.cc",
     "  evaluation_us_ += micros_since(start);\n  publish_alerts();\n",
     "  evaluation_us_ += micros_since(start);\n"),
    ("another episode after a restart", "daemon/judge/judge_save.cc",
     "  episode->id = in.text();\n", "  episode->id = std::string(in.text()) + \"x\";\n"),
    ("a counter not restored", "daemon/judge/fold_save.cc",
     "{&r.received, &r.accepted, &r.duplicate, &r.late}) *count = in.u64();",
     "{&r.received, &r.accepted, &r.duplicate, &r.late}) *count = 0 * in.u64();"),
    ("commits not synced", "daemon/journal/schema.cc",
     "PRAGMA synchronous=EXTRA", "PRAGMA synchronous=NORMAL"),
    ("an unsynced log gone on with", "daemon/journal/schema.cc",
     "  if (!fresh) rewrite_wal(database);", ""),
    ("a log that the cache has lost copied", "daemon/journal/wal.cc",
     "SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr", "SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr"),
    ("a checkpoint finished without its last parts", "daemon/journal/checkpoint_writer.cc",
     "    case Job::Kind::finish:\n      flush();\n", "    case Job::Kind::finish:\n"),
    ("a checkpoint finished although a part failed", "daemon/journal/checkpoint_writer.cc",
     "      broken = true;\n", ""),
    ("time goes back over a restart", "daemon/app/restore.cc",
     "  last_wall_ = parts_.journal.last_wall().value_or(Instant{});\n", ""),
    ("replay begins one entry late", "daemon/app/restore.cc",
     "  parts_.journal.replay(checkpoint.sequence, [this]", "  parts_.journal.replay(checkpoint.sequence + 1, [this]"),
    ("an alert's queue without a bound", "daemon/sinks/alert_queue.cc",
     "  while (alerts_.size() > capacity_) {", "  while (alerts_.size() > 100 * capacity_) {"),
]
