// What a node has recorded: looked up, and decided on something else.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, close, fill, open, show, signIn } from './support.mjs';

const MESSAGES = 20;

let server, page;
before(async () => {
  server = await Server.start({ isRecording: true });
  await server.fill();
  for (let index = 0; index < MESSAGES; index++) {
    const channel = index % 5 ? 'SMS' : 'MMS';
    await server.ask('POST', '/v1/decisions', { messageId: `m-${index}`, applicationId: 'shop', channel, to: `+1415555${1000 + index}` });
  }
  // The log is written by a thread of its own.
  while ((await server.ask('GET', '/v1/decisions')).results.length < MESSAGES);
  page = await open();
  await signIn(page, server);
});
after(async () => {
  await close();
  await server.end();
});

test('recorded decisions are shown with the load of their senders, and found by what they were about', async () => {
  await show(page, 'Traffic');
  const load = page.getByRole('table', { name: 'Load of senders' });
  assert.match(await load.getByRole('row').filter({ hasText: 'SF' }).innerText(), /16[\s\S]*100\.0 %/);
  const found = page.getByRole('table', { name: 'Recorded decisions' });
  assert.equal(await found.getByRole('row').count(), MESSAGES + 1);
  await page.getByLabel('Message id').fill('m-7');
  await page.getByRole('button', { name: 'Search' }).click();
  await found.getByRole('row').nth(2).waitFor({ state: 'detached' });
  assert.match(await found.getByRole('row').nth(1).innerText(), /AREA_CODE/);
  await page.getByLabel('Since').fill('yesterday');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.locator('.field.wrong').filter({ has: page.getByLabel('Since') }).waitFor();
});

test('recorded traffic is decided on another strategy, and the report says what changes', async () => {
  await show(page, 'Strategies');
  await page.getByRole('row').getByRole('link', { name: 'what if' }).click();
  const strategies = page.getByLabel('Strategies', { exact: true });
  const [strategy] = JSON.parse(await strategies.inputValue());
  await strategies.fill('[{');
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.locator('.field.wrong').filter({ has: strategies }).waitFor();
  await fill(page, { Strategies: JSON.stringify([{ ...strategy, senderIds: ['NY'] }]) });
  await page.getByRole('button', { name: 'Compare' }).click();
  const comparison = page.getByRole('list', { name: 'Comparisons' }).getByRole('listitem');
  await comparison.filter({ hasText: '20 decisions compared, 16 change' }).waitFor();
  const [report] = await Promise.all([page.context().waitForEvent('page'), comparison.getByRole('link', { name: 'Report' }).click()]);
  await report.waitForLoadState();
  assert.match(await report.locator('body').innerText(), /16/);
  await report.close();
  await comparison.getByRole('button', { name: 'Remove' }).click();
  await comparison.waitFor({ state: 'detached' });
});

test('nothing went wrong in the page', () => assert.deepEqual(page.wrong, []));
