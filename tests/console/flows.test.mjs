// What people do with the console, each by clicking alone.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { Server, attempt, close, component, fill, make, open, show, signIn } from './support.mjs';

let server, page;
before(async () => {
  server = await Server.start();
  page = await open();
});
after(async () => {
  await close();
  await server.end();
});

const status = (text) => page.getByRole('status').filter({ hasText: text }).waitFor();

test('a key that is not valid is told, one that is valid opens the console', async () => {
  await page.goto(server.url);
  await page.getByLabel('Key').fill('cs_0123456789ab_nothing');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').filter({ hasText: 'not valid' }).waitFor();
  await signIn(page, server);
  const [cookie] = await page.context().cookies();
  assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, 'Strict']);
  assert.equal(await page.evaluate(() => document.cookie), '');
});

test('use case 1: an application has a pool of local numbers, and recipients get one that is near', async () => {
  await make(page, 'Applications', 'application', { Application: 'shop', Name: 'Shop' });
  for (const [id, number] of [['SF', '+14155550100'], ['NY', '+12125550100']]) {
    await make(page, 'Senders', 'sender', { Id: id, Sender: number, Coverage: 'SMS: US CA\nMMS: US' });
    await make(page, 'Associations', 'association', { 'Sender id': id, Application: 'shop' });
  }
  await make(page, 'Strategies', 'strategy', { Application: 'shop', Channel: 'SMS', 'Geolocated: senders near to the recipient': true, 'Sticky: a recipient keeps its sender': true });
  const near = await attempt(page, { Application: 'shop', To: '+1 (415) 555-0123' });
  assert.match(await near.innerText(), /\+14155550100[\s\S]*AREA_CODE/);
  const picture = page.locator('.picture').first();
  assert.match(await picture.innerText(), /1 out: others are nearer to the recipient/);
  assert.match(await picture.innerText(), /area code 415/);
  const far = await attempt(page, { Application: 'shop', To: '+12125550123' });
  await far.filter({ hasText: '+12125550100' }).waitFor();
});

test('a link reproduces a decision', async () => {
  const address = page.url();
  assert.match(address, /to=%2B12125550123/);
  const other = await page.context().newPage();
  await other.goto(address);
  await other.locator('.outcome').first().filter({ hasText: '+12125550100' }).waitFor();
  await other.close();
});

test('use case 2: one customer has an exception of its own', async () => {
  await make(page, 'Entities', 'entity', { Entity: 'acme', Name: 'Acme' });
  await make(page, 'Senders', 'sender', { Id: 'ACME', Sender: 'Acme', Type: 'ALPHANUMERIC', Coverage: 'SMS: GB DE' });
  await make(page, 'Associations', 'association', { 'Sender id': 'ACME', Resource: 'ALPHA', Application: 'shop', Entity: 'acme' });
  await make(page, 'Strategies', 'strategy', { Application: 'shop', Entity: 'acme', Countries: 'gb', Channel: 'SMS' });
  const own = await attempt(page, { Application: 'shop', Entity: 'acme', To: '+447400123456' });
  assert.match(await own.innerText(), /Acme[\s\S]*POOL/);
  const strategies = page.locator('.strategies').first();
  assert.match(await strategies.innerText(), /the entity's own strategies for this channel replace it/);
});

test('use case 3: who is limited to a country is refused elsewhere, and a default sender carries what no candidate can', async () => {
  const refused = await attempt(page, { Application: 'shop', Entity: 'acme', To: '+4915123456789' });
  assert.match(await refused.innerText(), /COUNTRY_NOT_ALLOWED/);
  await make(page, 'Strategies', 'strategy', { Application: 'shop', Entity: 'acme', Countries: 'fr', Channel: 'SMS' });
  await make(page, 'Senders', 'sender', { Id: 'REST', Sender: 'Shop', Type: 'ALPHANUMERIC', Coverage: 'SMS: *' });
  await make(page, 'Default senders', 'default sender', { Application: 'shop', 'Sender id': 'REST' });
  const rest = await attempt(page, { Application: 'shop', Entity: 'acme', To: '+33612345678' });
  assert.match(await rest.innerText(), /Shop[\s\S]*DEFAULT_SENDER/);
});

test('what if: another message beside the first says how it differs', async () => {
  await attempt(page, { Application: 'shop', To: '+14155550123' });
  await page.getByRole('button', { name: 'What if…' }).click();
  const beside = page.getByRole('region', { name: 'What if' });
  await beside.getByLabel('To *').fill('+12125550123');
  await beside.getByRole('button', { name: 'Decide what if' }).click();
  await status('First: +14155550100 (AREA_CODE). What if: +12125550100 (AREA_CODE).');
});

test('what if: another policy or strategy beside the message says how the answers differ, and nothing changes', async () => {
  await attempt(page, { Application: 'shop', To: '+14155550123' });
  const beside = page.getByRole('region', { name: 'What if' });
  if (!(await beside.count())) await page.getByRole('button', { name: 'What if…' }).click();
  const before = await server.ask('GET', '/v1/audit?size=1');
  const ask = async (values) => {
    await fill(beside, { To: '+14155550123', Application: 'shop', ...values });
    await beside.getByRole('button', { name: 'Decide what if' }).click();
  };
  await ask({ Strategies: '{"platform": {"applicationId": "shop"}, "channel": "SMS", "destinationCountryCode": "US", "senderIds": ["NY"]}' });
  await status('First: +14155550100 (AREA_CODE). What if: +12125550100 (POOL).');
  // The link has it too.
  assert.match(page.url(), /if-strategies=/);
  await ask({ Strategies: '', Policy: 'standard' });
  await status('Both: +14155550100.');
  await ask({ Policy: 'nobody@1.0.0' });
  await beside.getByRole('alert').filter({ hasText: 'does not exist' }).waitFor();
  await ask({ Policy: '', Settings: '{' });
  await beside.locator('.field.wrong').filter({ has: page.getByLabel('Settings') }).waitFor();
  assert.deepEqual(await server.ask('GET', '/v1/audit?size=1'), before);
});

test('a fault of the service is at the field that is wrong, and what was typed stays', async () => {
  await show(page, 'Senders');
  await page.getByRole('button', { name: 'New sender' }).click();
  const dialog = page.getByRole('dialog');
  await fill(dialog, { Id: 'X', Sender: '+14155550199', Weight: '5000', Coverage: 'SMS: QQ' });
  await dialog.getByRole('button', { name: 'Create' }).click();
  const weight = dialog.getByLabel('Weight');
  await dialog.locator('.field.wrong').filter({ has: page.getByLabel('Weight') }).waitFor();
  assert.equal(await weight.getAttribute('aria-invalid'), 'true');
  assert.equal(await weight.inputValue(), '5000');
  await weight.fill('5');
  await fill(dialog, { Coverage: 'SMS: US' });
  await dialog.getByRole('button', { name: 'Create' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal((await server.ask('GET', '/v1/senders/X')).weight, 5);
});

test('a sender is found, suspended, made active again, and removed', async () => {
  await show(page, 'Senders');
  await page.getByLabel('Search').fill('+14155550199');
  const row = page.getByRole('row').filter({ hasText: '+14155550199' });
  await page.getByRole('status').filter({ hasText: '1 in all' }).waitFor();
  await row.getByRole('button', { name: 'Suspend' }).click();
  await row.getByRole('button', { name: 'Activate' }).click();
  await row.getByRole('button', { name: 'Suspend' }).waitFor();
  await row.getByRole('button', { name: 'Remove X' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('status').filter({ hasText: '0 in all' }).waitFor();
});

test('who changes what somebody else changed first is told who, and loses nothing', async () => {
  await show(page, 'Senders');
  await page.getByRole('button', { name: 'Edit SF' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Weight').fill('7');
  const now = await server.ask('GET', '/v1/senders/SF');
  await server.ask('PUT', '/v1/senders/SF', { ...now, weight: 3 }, { headers: { 'if-match': '*' } });
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  const told = dialog.getByRole('alert');
  await told.filter({ hasText: 'Somebody else changed this first.' }).waitFor();
  await told.filter({ hasText: 'first' }).filter({ hasText: 'weight' }).waitFor();
  assert.equal(await dialog.getByLabel('Weight').inputValue(), '7');
  await dialog.getByRole('button', { name: 'Save mine over theirs' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal((await server.ask('GET', '/v1/senders/SF')).weight, 7);
});

test('an import shows what it would change before anything changes', async () => {
  await show(page, 'Senders');
  await page.getByRole('button', { name: 'Import CSV…' }).click();
  const dialog = page.getByRole('dialog');
  const text = dialog.getByLabel('or its text');
  await text.fill('senderId,weight\nSF,0');
  await dialog.getByRole('button', { name: 'Preview' }).click();
  await dialog.getByRole('alert').filter({ hasText: 'line 2' }).waitFor();
  await text.fill('senderId,sender,senderType,coverage,weight\nSF,+14155550100,VIRTUAL_LONG_NUMBER,SMS:US|CA,9\nNEW,+14155550177,VIRTUAL_LONG_NUMBER,SMS:US,1');
  await dialog.getByRole('button', { name: 'Preview' }).click();
  const preview = dialog.getByRole('region', { name: 'Preview' });
  await preview.getByRole('row').filter({ hasText: 'NEW' }).filter({ hasText: 'is new' }).waitFor();
  assert.match(await preview.getByRole('row').filter({ hasText: 'SF' }).innerText(), /weight/);
  assert.equal((await server.ask('GET', '/v1/senders/SF')).weight, 7, 'a preview changes nothing');
  await dialog.getByRole('button', { name: 'Import', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal((await server.ask('GET', '/v1/senders/SF')).weight, 9);
});

test('a policy goes live: uploaded, bound, shadowed with its differences, given to a share, promoted, rolled back', async () => {
  await show(page, 'Policies');
  await page.getByLabel('Upload a module (.wasm)').setInputFiles({ name: 'standard.wasm', mimeType: 'application/wasm', buffer: fs.readFileSync(component) });
  await status('is there.');
  const [module] = (await server.ask('GET', '/v1/modules')).results;
  await page.getByRole('button', { name: 'New binding' }).click();
  const dialog = page.getByRole('dialog');
  await fill(dialog, { Application: 'shop', Policy: 'standard' });
  await dialog.getByRole('button', { name: 'Bind' }).click();
  await dialog.waitFor({ state: 'detached' });
  const card = page.getByRole('article', { name: 'Binding of shop' });
  const step = async (name, values) => {
    await card.getByRole('button', { name: `${name}…` }).click();
    await fill(dialog, values);
    await dialog.getByRole('button', { name, exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  };
  // What really serves, on every node.
  const nodes = card.getByRole('table', { name: 'Nodes of shop' });
  await nodes.getByRole('row').filter({ hasText: 'this one' }).filter({ hasText: 'callsign-standard@1.0.0' }).waitFor();
  await step('Shadow', { Policy: module.digest });
  await nodes.getByRole('row').filter({ hasText: 'shadow callsign-standard@1.0.0' }).waitFor();
  await server.ask('POST', '/v1/decisions', { applicationId: 'shop', channel: 'SMS', to: '+14155550123' });
  await card.getByRole('status').filter({ hasText: '1 compared, 0 different' }).waitFor();
  await card.getByRole('button', { name: 'Withdraw' }).click();
  await card.getByRole('heading', { name: 'Shadow' }).waitFor({ state: 'detached' });
  await step('Canary', { Policy: module.digest, 'Share of the recipients, in thousandths': '25' });
  await card.getByText('2.5 %').waitFor();
  await card.getByRole('button', { name: 'Promote' }).click();
  await card.getByRole('heading', { name: 'History' }).waitFor();
  await card.locator('code', { hasText: module.digest.slice(0, 16) }).waitFor();
  await card.getByRole('button', { name: 'Roll back' }).click();
  await card.locator('dd', { hasText: /^standard$/ }).first().waitFor();
  // What happened is told as it happens.
  await page.getByRole('heading', { name: 'What happens' }).waitFor();
  await page.locator('.timeline', { hasText: 'rolledBack' }).last().waitFor();
});

test('the coverage says who is covered, who by a default sender alone, and who not at all and why', async () => {
  await show(page, 'Coverage');
  const grid = page.getByRole('table', { name: 'Coverage over SMS' });
  await grid.getByRole('link', { name: 'acme, SMS to GB: covered by a sender of its own' }).waitFor();
  await grid.getByRole('link', { name: 'acme, SMS to FR: by a default sender alone' }).waitFor();
  await server.ask('DELETE', '/v1/default-senders?applicationId=shop');
  // Live: nobody loads the page anew.
  await grid.getByRole('link', { name: 'acme, SMS to FR: no sender covers the country' }).waitFor();
});

test('refused messages lead to a try of the same message', async () => {
  await server.ask('POST', '/v1/decisions', { applicationId: 'shop', entityId: 'acme', channel: 'SMS', to: '+33612345678' });
  await show(page, 'Traffic');
  await page.getByRole('heading', { name: 'Decisions by step' }).waitFor();
  await page.locator('.plot canvas').first().waitFor();
  const row = page.getByRole('row').filter({ hasText: 'SMS FR' });
  await row.getByRole('link', { name: 'try' }).click();
  await page.locator('.outcome.refused').first().filter({ hasText: 'NO_ELIGIBLE_SENDER' }).waitFor();
});

test('the audit log says who changed what, with the difference', async () => {
  await show(page, 'Audit');
  const revision = page.locator('.timeline > li').filter({ hasText: 'POST /v1/senders/import' });
  await revision.locator('del', { hasText: '7' }).waitFor();
  await revision.locator('ins', { hasText: '9' }).waitFor();
  assert.match(await revision.innerText(), /first/);
});

test('of a large import the audit log shows the first changes, and more of them when asked', async () => {
  const sender = (at) => ({ senderId: `L${at}`, sender: `+1415${5_560_000 + at}`, senderType: 'VIRTUAL_LONG_NUMBER', coverage: [{ channel: 'SMS', countries: '*' }] });
  const lines = Array.from({ length: 240 }, (_, at) => JSON.stringify(sender(at))).join('\n');
  await server.send('/v1/senders/import', lines, 'application/x-ndjson');
  await show(page, 'Audit');
  const revision = page.locator('.timeline > li').filter({ hasText: '240 changes' });
  await revision.locator('summary').click();
  await revision.locator('.change').nth(49).waitFor();
  for (const shown of [100, 150, 200, 240]) {
    await revision.getByRole('button', { name: 'Show more of 240' }).click();
    await revision.locator('.change').nth(shown - 1).waitFor();
    assert.equal(await revision.locator('.change').count(), shown);
  }
  assert.equal(await revision.getByRole('button', { name: 'Show more of 240' }).count(), 0);
  assert.match(await revision.locator('.change').last().innerText(), /L239/);
});

test('a key is made and shown once, rotated, and revoked', async () => {
  await show(page, 'Keys');
  await page.getByRole('button', { name: 'New key' }).click();
  const dialog = page.getByRole('dialog');
  await fill(dialog, { Name: 'gateway' });
  await dialog.getByRole('button', { name: 'Create' }).click();
  const secret = await dialog.locator('[data-secret]').innerText();
  await server.ask('POST', '/v1/decisions', { channel: 'SMS', to: '+14155550123' }, { key: secret });
  await dialog.getByRole('button', { name: 'I have copied it' }).click();
  assert.ok(!(await page.content()).includes(secret));
  await page.getByRole('button', { name: 'Rotate gateway' }).click();
  await dialog.getByRole('button', { name: 'Rotate', exact: true }).click();
  await dialog.locator('[data-secret]').waitFor();
  await dialog.getByRole('button', { name: 'I have copied it' }).click();
  await page.getByRole('button', { name: 'Revoke gateway' }).click();
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('button', { name: 'Revoke gateway' }).waitFor({ state: 'detached' });
});

test('nothing went wrong in the page, and nothing was asked of another address', () => {
  assert.deepEqual(page.wrong, []);
  assert.deepEqual(page.foreign, []);
});
