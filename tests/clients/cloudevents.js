// SPDX-License-Identifier: Apache-2.0
// Sends requests and responses as CloudEvents, made by the official SDK, in all three modes.
//
//   node cloudevents.js <binary|structured|batch> <URL> <count> [token]
//
// Each decision is a request and a response event of one id, as the logger of KServe makes them. An event that was not
// answered 200 is sent again. Prints {"sent": n}.
const { createRequire } = require('module');
const { CloudEvent, HTTP } = createRequire(process.env.CLIENTS + '/package.json')('cloudevents');

const [mode, url, countText, token] = process.argv.slice(2);
const count = Number(countText);
const authorization = token ? { Authorization: `Bearer ${token}` } : {};

async function post(headers, body) {
  for (;;) {
    try {
      const answer = await fetch(url, { method: 'POST', headers: { ...headers, ...authorization }, body });
      await answer.text();
      if (answer.status === 200) return;
      if (answer.status !== 429 && answer.status !== 503) throw new Error(`HTTP ${answer.status}`);
    } catch (error) {
      if (String(error.message).startsWith('HTTP')) throw error;
    }
    await new Promise((done) => setTimeout(done, 20));
  }
}

function events(i) {
  const common = { id: `case-${i}`, source: '/inference', datacontenttype: 'application/json', inferenceservicename: 'credit' };
  const time = new Date(Date.UTC(2026, 0, 5, 12, 0, 0, i % 1000));
  return [
    new CloudEvent({ ...common, type: 'org.kubeflow.serving.inference.request', time: time.toISOString(),
      data: { instances: [[i % 10, 2.5]] } }),
    new CloudEvent({ ...common, type: 'org.kubeflow.serving.inference.response',
      time: new Date(time.getTime() + 30).toISOString(), data: { predictions: [i % 2] } }),
  ];
}

async function main() {
  const all = [];
  for (let i = 0; i < count; i++) all.push(...events(i));
  if (mode === 'batch') {
    for (let begin = 0; begin < all.length; begin += 500) {
      const body = JSON.stringify(all.slice(begin, begin + 500));
      await post({ 'content-type': 'application/cloudevents-batch+json' }, body);
    }
  } else {
    let next = 0;
    const one = async () => {
      while (next < all.length) {
        const message = mode === 'binary' ? HTTP.binary(all[next++]) : HTTP.structured(all[next++]);
        const body = typeof message.body === 'string' ? message.body : JSON.stringify(message.body);
        await post(message.headers, body);
      }
    };
    await Promise.all(Array.from({ length: 8 }, one));
  }
  console.log(JSON.stringify({ sent: all.length }));
}

main().catch((error) => { console.error(error); process.exit(1); });
