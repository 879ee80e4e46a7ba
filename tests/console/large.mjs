// A platform of 1,000,000 senders in the console: how long each page takes, and when the first thing is painted.
// `make console-large`; SENDERS=100000 for fewer. It prints a table, and fails where a page takes more than a second or
// the first paint more than 200 ms: for a machine that does nothing else.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Server, close, open, signIn } from './support.mjs';

const SENDERS = Number(process.env.SENDERS ?? 1_000_000);
const APPLICATIONS = 100;
const TIMES = 5;
const PAGE_MS = 1_000;
const PAINT_MS = 200;

function catalog() {
  const file = path.join(os.tmpdir(), `callsign-large-${process.pid}.json`);
  const out = fs.openSync(file, 'w');
  const list = (name, count, one, end = ',') => {
    fs.writeSync(out, `"${name}":[`);
    for (let from = 0; from < count; from += 10_000) {
      const part = Array.from({ length: Math.min(10_000, count - from) }, (_, index) => JSON.stringify(one(from + index)));
      fs.writeSync(out, (from ? ',' : '') + part.join(','));
    }
    fs.writeSync(out, `]${end}\n`);
  };
  fs.writeSync(out, '{');
  list('applications', APPLICATIONS, (index) => ({ applicationId: `app-${index}` }));
  list('entities', 10_000, (index) => ({ entityId: `entity-${index}` }));
  const coverage = [{ channel: 'SMS', countries: ['US', 'CA'] }];
  list('senders', SENDERS, (index) => ({ senderId: `S${index}`, sender: `+1${415 + (index % 100)}${String(2_000_000 + Math.floor(index / 100)).padStart(7, '0')}`, senderType: 'VIRTUAL_LONG_NUMBER', coverage }));
  list('associations', SENDERS, (index) => ({ resourceType: 'NUMBER', channel: 'SMS', applicationId: `app-${index % APPLICATIONS}`, entityId: null, resourceId: `S${index}` }));
  list('sendingStrategies', 10_000, (index) => ({ sendingStrategyId: `T${index}`, platform: { applicationId: `app-${index % APPLICATIONS}`, entityId: `entity-${index}` }, channel: 'SMS' }));
  list('defaultSenders', 0, () => null, '}');
  fs.closeSync(out);
  return file;
}

const file = catalog();
const server = await Server.start({ catalog: file });
fs.rmSync(file);
const rows = [];
let isMissed = false;
function tell(name, times, most) {
  const middle = times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
  isMissed ||= middle > most;
  rows.push({ what: name, 'ms (middle of 5)': Math.round(middle), 'at most': most });
}

for (const [name, where] of [
  ['senders, first page', '/v1/senders?size=50'],
  ['senders, last page', `/v1/senders?size=50&page=${Math.ceil(SENDERS / 50) - 1}`],
  ['senders, search of a number', `/v1/senders?size=50&text=2000777`],
  ['senders, search of nothing', '/v1/senders?size=50&text=no-such-sender'],
  ['senders of an application', '/v1/senders?size=50&applicationId=app-7'],
  ['associations, last page', `/provisioning/1/associations?size=50&page=${Math.ceil(SENDERS / 50) - 1}`],
  ['associations of a sender', `/provisioning/1/associations?size=50&resourceId=S${SENDERS - 1}`],
  ['entities', '/v1/entities?size=50&page=100'],
  ['strategies', '/v1/strategies?size=50&page=100'],
  ['coverage, a page', '/v1/coverage/grid?size=25&channel=SMS'],
  ['audit', '/v1/audit?size=50'],
]) {
  const times = [];
  for (let time = 0; time < TIMES; time++) {
    const began = performance.now();
    await server.ask('GET', where);
    times.push(performance.now() - began);
  }
  tell(name, times, PAGE_MS);
}

const page = await open();
await signIn(page, server);
const paints = [];
for (let time = 0; time < TIMES; time++) {
  await page.goto('about:blank');
  await page.goto(`${server.url}/console/#/senders`);
  await page.getByRole('row').nth(1).waitFor();
  paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
}
tell('first paint of the console', paints, PAINT_MS);
console.table(rows);
await close();
await server.end();
process.exitCode = isMissed ? 1 : 0;
