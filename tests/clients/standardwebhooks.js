// SPDX-License-Identifier: Apache-2.0
// Verifies webhooks by the official library, one a line of standard input:
//
//   {"secret": "whsec_...", "headers": {...}, "body": "..."}  ->  {"verified": true, "payload": {...}} or {"verified": false, "error": "..."}
const { createRequire } = require('module');
const { createInterface } = require('readline');
const { Webhook } = createRequire(process.env.CLIENTS + '/package.json')('standardwebhooks');

createInterface({ input: process.stdin }).on('line', (line) => {
  const { secret, headers, body } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ verified: true, payload: new Webhook(secret).verify(body, headers) }));
  } catch (error) {
    console.log(JSON.stringify({ verified: false, error: String(error.message) }));
  }
});
