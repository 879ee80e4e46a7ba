// Whatever goes wrong, the page says what happened and loses nothing that was typed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, attempt, close, fill, make, open, show, signIn } from './support.mjs';

let server, page, reader;
before(async () => {
  server = await Server.start();
  await server.fill();
  reader = (await server.ask('POST', '/v1/keys', { name: 'reader', scopes: ['audit:read'] })).key;
  page = await open();
  await signIn(page, server);
});
after(async () => {
  await close();
  await server.end();
});

test('a session that has ended is begun again without losing what was typed', async () => {
  await show(page, 'Entities');
  await page.getByRole('button', { name: 'New entity' }).click();
  const form = page.getByRole('dialog', { name: 'New entity' });
  await fill(form, { Entity: 'typed', Name: 'Typed before the session ended' });
  await page.context().clearCookies();
  await form.getByRole('button', { name: 'Create' }).click();
  const again = page.getByRole('dialog', { name: 'The session has ended' });
  await again.getByLabel('Key').fill(server.key);
  await again.getByRole('button', { name: 'Sign in' }).click();
  await form.waitFor({ state: 'detached' });
  const { results } = await server.ask('GET', '/v1/entities?entityId=typed');
  assert.equal(results[0].entityName, 'Typed before the session ended');
});

test('a service that goes away in the middle is told, and what was typed can be sent when it is back', async () => {
  await show(page, 'Entities');
  await page.getByRole('button', { name: 'New entity' }).click();
  const form = page.getByRole('dialog');
  await fill(form, { Entity: 'survivor', Name: 'Survivor' });
  await server.kill();
  await form.getByRole('button', { name: 'Create' }).click();
  await form.getByRole('alert').filter({ hasText: 'does not answer' }).waitFor();
  assert.equal(await form.getByLabel('Name').inputValue(), 'Survivor');
  await page.getByRole('status').filter({ hasText: 'the service does not answer' }).waitFor();
  await server.run();
  await page.getByRole('status').filter({ hasText: /^live$/ }).waitFor();
  await form.getByRole('button', { name: 'Create' }).click();
  await form.waitFor({ state: 'detached' });
  await page.getByRole('row').filter({ hasText: 'Survivor' }).waitFor();
});

test('what happened while nobody was connected is shown once the service is back', async () => {
  await show(page, 'Applications');
  await page.getByRole('row').filter({ hasText: 'shop' }).waitFor();
  await page.context().setOffline(true);
  await server.kill();
  await server.run();
  await server.ask('POST', '/provisioning/1/applications', { applicationId: 'meanwhile' });
  await page.context().setOffline(false);
  await page.getByRole('row').filter({ hasText: 'meanwhile' }).waitFor();
});

test('what was typed survives that the page is loaded anew', async () => {
  await show(page, 'Strategies');
  await page.getByRole('button', { name: 'New strategy' }).click();
  await fill(page.getByRole('dialog'), { Countries: 'GB IE FR' });
  await page.reload();
  await page.getByRole('button', { name: 'New strategy' }).click();
  const countries = page.getByRole('dialog').getByLabel('Countries');
  assert.equal(await countries.inputValue(), 'GB IE FR');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
});

test('ids with markup in them are shown as they are', async () => {
  const id = '<img src=x onerror=alert(1)>"\'&';
  await server.ask('PUT', `/v1/senders/${encodeURIComponent(id)}`, {
    senderId: id, sender: '+14155550177', senderType: 'VIRTUAL_LONG_NUMBER',
    coverage: [{ channel: 'SMS', countries: ['US'] }],
  });
  await show(page, 'Senders');
  await page.getByRole('row').filter({ hasText: id }).waitFor();
  assert.equal(await page.locator('main img').count(), 0);
  await make(page, 'Entities', 'entity', { Entity: 'bold', Name: '<b>bold</b>' });
  await page.getByRole('row').filter({ hasText: '<b>bold</b>' }).waitFor();
  await page.getByRole('button', { name: 'Edit bold' }).click();
  const form = page.getByRole('dialog');
  await fill(form, { Name: '<i>other</i>' });
  await form.getByRole('button', { name: 'Save', exact: true }).click();
  await form.waitFor({ state: 'detached' });
  await page.getByRole('row').filter({ hasText: '<i>other</i>' }).waitFor();
  const outcome = await attempt(page, { Application: 'shop', Entity: id, To: '+14155550123' });
  assert.match(await outcome.innerText(), /\+14155550100|Refused/);
});

test('a very long id is told at its field, and does not break the page', async () => {
  await show(page, 'Entities');
  await page.getByRole('button', { name: 'New entity' }).click();
  const form = page.getByRole('dialog');
  await fill(form, { Entity: 'x'.repeat(5_000), Name: 'long' });
  await form.getByRole('button', { name: 'Create' }).click();
  await form.locator('.field.wrong').waitFor();
  await fill(form, { Entity: 'y'.repeat(255) });
  await form.getByRole('button', { name: 'Create' }).click();
  await form.waitFor({ state: 'detached' });
  await page.getByText('y'.repeat(255)).waitFor();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${overflow} pixels too wide`);
});

test('the session is nobody else’s: another key begins with an empty page', async () => {
  await show(page, 'Applications');
  await page.getByRole('button', { name: 'New application' }).click();
  const form = page.getByRole('dialog', { name: 'New application' });
  await fill(form, { Application: 'never' });
  await page.context().clearCookies();
  await form.getByRole('button', { name: 'Create' }).click();
  const again = page.getByRole('dialog', { name: 'The session has ended' });
  await again.getByLabel('Key').fill(reader);
  await again.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Nothing here' }).waitFor();
  const { results } = await server.ask('GET', '/v1/applications');
  assert.ok(!results.some((one) => one.applicationId === 'never'));
});

test('10,000 strategies are shown in pages, and one of them is found', async () => {
  const count = 10_000;
  const each = (one) => Array.from({ length: count }, (_, index) => one(index));
  const catalog = {
    applications: [{ applicationId: 'many' }],
    entities: each((index) => ({ entityId: `customer-${index}` })),
    sendingStrategies: each((index) => ({ sendingStrategyId: `T${index}`, platform: { applicationId: 'many', entityId: `customer-${index}` } })),
  };
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'callsign-many-')), 'catalog.json');
  fs.writeFileSync(file, JSON.stringify(catalog));
  const large = await Server.start({ catalog: file });
  const other = await open();
  await signIn(other, large);
  await show(other, 'Strategies');
  await other.getByRole('status').filter({ hasText: '10,000 in all, page 1 of 200' }).waitFor();
  assert.equal(await other.getByRole('row').count(), 51);
  await other.getByRole('button', { name: 'Next' }).click();
  await other.getByRole('status').filter({ hasText: 'page 2 of 200' }).waitFor();
  await other.getByLabel('Entity').fill('customer-9999');
  await other.getByRole('status').filter({ hasText: '1 in all' }).waitFor();
  await other.getByRole('row').filter({ hasText: 'T9999' }).waitFor();
  assert.deepEqual(other.wrong, []);
  await other.context().close();
  await large.end();
  fs.rmSync(path.dirname(file), { recursive: true });
});

test('nothing went wrong in the page', () => assert.deepEqual(page.wrong, []));
