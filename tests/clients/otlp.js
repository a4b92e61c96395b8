// SPDX-License-Identifier: Apache-2.0
// Sends GenAI telemetry with the official OpenTelemetry SDK and its OTLP/HTTP exporters.
//
//   node otlp.js <logs|traces> <json|proto> <base URL> <count> <batch size> [token]
//
// logs:   count events gen_ai.client.inference.operation.details, and one gen_ai.evaluation.result for every second of them.
// traces: count GenAI spans.
// A batch whose export failed is exported again, as long as it takes; the exporter's own retries come on top. Prints {"sent": n}.
const { createRequire } = require('module');
const need = createRequire(process.env.CLIENTS + '/package.json');

const [signal, form, base, countText, batchText, token] = process.argv.slice(2);
const count = Number(countText), batchSize = Number(batchText);
const { resourceFromAttributes } = need('@opentelemetry/resources');
const resource = resourceFromAttributes({ 'service.name': 'chat-pilot' });
const options = {
  url: `${base}/v1/${signal}`,
  headers: token ? { Authorization: `Bearer ${token}` } : {},
  compression: 'gzip',
};

function logRecords() {
  const { LoggerProvider, SimpleLogRecordProcessor, InMemoryLogRecordExporter } = need('@opentelemetry/sdk-logs');
  const kept = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor(kept)] });
  const logger = provider.getLogger('chat');
  for (let i = 0; i < count; i++) {
    logger.emit({
      eventName: 'gen_ai.client.inference.operation.details',
      attributes: {
        'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'local', 'gen_ai.request.model': 'm',
        'gen_ai.response.model': 'm-2', 'gen_ai.response.id': `response-${i}`,
        'gen_ai.usage.input_tokens': 10 + i % 7, 'gen_ai.usage.output_tokens': 100 + i % 11,
        'gen_ai.response.finish_reasons': ['stop'],
      },
    });
    if (i % 2 === 0) {
      logger.emit({
        eventName: 'gen_ai.evaluation.result',
        attributes: {
          'gen_ai.evaluation.name': 'correctness', 'gen_ai.response.id': `response-${i}`,
          'gen_ai.evaluation.score.label': i % 10 === 0 ? 'bad' : 'ok',
        },
      });
    }
  }
  return kept.getFinishedLogRecords();
}

function spans() {
  const { BasicTracerProvider, SimpleSpanProcessor, InMemorySpanExporter } = need('@opentelemetry/sdk-trace-base');
  const kept = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(kept)] });
  const tracer = provider.getTracer('chat');
  const now = Date.now();
  for (let i = 0; i < count; i++) {
    const span = tracer.startSpan('chat m', {
      startTime: now,
      attributes: {
        'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'local', 'gen_ai.request.model': 'm',
        'gen_ai.response.model': 'm-2', 'gen_ai.response.id': `response-${i}`,
        'gen_ai.usage.input_tokens': 10 + i % 7, 'gen_ai.usage.output_tokens': 100 + i % 11,
        'gen_ai.response.finish_reasons': ['stop'],
      },
    });
    span.end(now + 250);
  }
  return kept.getFinishedSpans();
}

function exporter() {
  if (signal === 'logs') {
    const { OTLPLogExporter } = need(`@opentelemetry/exporter-logs-otlp-${form === 'json' ? 'http' : 'proto'}`);
    return new OTLPLogExporter(options);
  }
  const { OTLPTraceExporter } = need(`@opentelemetry/exporter-trace-otlp-${form === 'json' ? 'http' : 'proto'}`);
  return new OTLPTraceExporter(options);
}

async function main() {
  const records = signal === 'logs' ? logRecords() : spans();
  const out = exporter();
  let failures = 0;
  for (let begin = 0; begin < records.length; begin += batchSize) {
    const batch = records.slice(begin, begin + batchSize);
    for (;;) {
      const result = await new Promise((done) => out.export(batch, done));
      if (result.code === 0) break;
      failures++;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
  await out.shutdown();
  console.log(JSON.stringify({ sent: records.length, failures }));
}

main().catch((error) => { console.error(error); process.exit(1); });
