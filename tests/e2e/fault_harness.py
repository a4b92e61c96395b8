"""What the tests of faults share: a pilot with a followed file, its records, and how many of them are counted."""
FIRST_DAY = 1767225600   # 2026-01-01


def config(log):
    """Quick checkpoints and looks; the file or pattern is followed."""
    return f"""
storage: {{checkpoint_interval: 100ms}}
evaluation: {{interval: 50ms}}
pilots:
  - name: p
    task: binary
    clock: event
    windows: [day]
sources:
  - {{name: log, file: {log}, pilot: p, poll_interval: 50ms}}
"""


def lines(begin, count):
    return "".join(f'{{"type":"prediction","pilot":"p","id":"{n}","time":{FIRST_DAY + n % 86400},"prediction":1}}\n'
                   for n in range(begin, begin + count))


def predictions(daemon):
    return int(daemon.metrics().sum("pilotwatch_predictions_total"))
