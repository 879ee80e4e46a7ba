// A tenant signs in with its key, and sees its own alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, attempt, close, make, open, show, signIn } from './support.mjs';

let server, page;
before(async () => {
  server = await Server.start();
  await server.fill();
  await server.ask('POST', '/provisioning/1/applications', { applicationId: 'other' });
  await server.ask('POST', '/v1/senders', { senderId: 'HIDDEN', sender: '+13105550100', senderType: 'VIRTUAL_LONG_NUMBER', coverage: [{ channel: 'SMS', countries: '*' }] });
  await server.ask('POST', '/v1/strategies', { platform: { applicationId: 'other' } });
  const scopes = ['application-entity:manage', 'sending-strategy:manage', 'numbers:manage', 'decisions:make', 'modules:manage', 'audit:read'];
  const { key } = await server.ask('POST', '/v1/keys', { name: 'of the shop', applicationId: 'shop', scopes });
  page = await open();
  await signIn(page, server, key);
});
after(async () => {
  await close();
  await server.end();
});

test('a tenant sees its own senders, strategies and coverage alone', async () => {
  await show(page, 'Senders');
  await page.getByRole('status').filter({ hasText: '2 in all' }).waitFor();
  assert.equal(await page.getByText('+13105550100').count(), 0);
  assert.equal(await page.getByRole('button', { name: 'New sender' }).count(), 0);
  await show(page, 'Strategies');
  await page.getByRole('status').filter({ hasText: '1 in all' }).waitFor();
  await show(page, 'Applications');
  await page.getByRole('status').filter({ hasText: '1 in all' }).waitFor();
  await show(page, 'Coverage');
  await page.getByRole('link', { name: 'shop, SMS to US: covered by a sender of its own' }).waitFor();
  assert.equal(await page.getByText('other').count(), 0);
});

test('a tenant has no page of the platform', async () => {
  const places = page.getByRole('navigation', { name: 'Pages of the console' });
  assert.equal(await places.getByRole('link', { name: 'Keys' }).count(), 0);
  await page.goto(`${server.url}/console/#/keys`);
  await page.getByRole('heading', { name: 'Nothing here' }).waitFor();
  await show(page, 'Traffic');
  await page.getByRole('table', { name: 'Budgets' }).waitFor();
});

test('a tenant tries messages of its application, and makes its own entities and strategies', async () => {
  const outcome = await attempt(page, { To: '+14155550123' });
  assert.match(await outcome.innerText(), /\+14155550100/);
  await make(page, 'Entities', 'entity', { Entity: 'branch', Name: 'Branch' });
  await make(page, 'Strategies', 'strategy', { Entity: 'branch', Channel: 'MMS' });
  await page.getByRole('row').filter({ hasText: 'branch' }).waitFor();
  await show(page, 'Audit');
  await page.locator('.timeline > li').filter({ hasText: 'branch' }).first().waitFor();
});

test('nothing went wrong in the page', () => assert.deepEqual(page.wrong, []));
