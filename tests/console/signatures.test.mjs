// What the table of modules says of signatures.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, close, component, open, show, signIn } from './support.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PROGRAM = process.env.CALLSIGN ?? path.join(ROOT, 'target/debug/callsign');
const TOOL = path.join(ROOT, 'host/signature/tests/tool');

let server, page, folder;
before(async () => {
  server = await Server.start();
  page = await open();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'callsign-signed-'));
});
after(async () => {
  await close();
  await server.end();
  fs.rmSync(folder, { recursive: true });
});

// The text of a signature with the key of the tool.
function sign() {
  const key = path.join(folder, 'key');
  fs.writeFileSync(key, fs.readFileSync(path.join(TOOL, 'unprotected.key')), { mode: 0o600 });
  const out = path.join(folder, 'signature');
  execFileSync(PROGRAM, ['module', 'sign', component, '--key', key, '--comment', 'of <b>CI</b>', '--out', out]);
  return fs.readFileSync(out);
}

test('each module has whose signature it has, and whether that counts', async () => {
  await signIn(page, server);
  const headers = { authorization: `App ${server.key}`, 'callsign-signature': sign().toString('base64') };
  const answer = await fetch(`${server.url}/v1/modules`, { method: 'POST', headers, body: fs.readFileSync(component) });
  assert.equal(answer.status, 201, await answer.text());
  await show(page, 'Policies');
  const row = page.getByRole('row').filter({ hasText: 'callsign-standard' });
  // Nobody has said whose key it is.
  await row.locator('.badge.bad').filter({ hasText: 'CE950F97B5F276FC' }).waitFor();
  await server.ask('POST', '/v1/module-keys', { name: 'releases', publicKey: fs.readFileSync(path.join(TOOL, 'tool.pub'), 'utf8') });
  await page.reload();
  await row.locator('.badge.good').filter({ hasText: 'releases' }).waitFor();
  await row.getByTitle('of <b>CI</b>').waitFor();
  await server.ask('POST', '/v1/module-keys/CE950F97B5F276FC/revoke');
  await page.reload();
  await row.locator('.badge.bad').filter({ hasText: 'releases' }).waitFor();
  await row.getByTitle('is revoked since').waitFor();
  assert.deepEqual(page.wrong, []);
});
