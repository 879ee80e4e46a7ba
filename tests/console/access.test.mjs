// Who uses a keyboard or a screen reader, a dark screen or a phone, has the same console.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { Server, close, open, show, signIn } from './support.mjs';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PAGES = ['Try a message', 'Applications', 'Entities', 'Senders', 'Associations', 'Strategies', 'Default senders', 'Coverage', 'Policies', 'Traffic', 'What if', 'Audit', 'Keys'];

let server;
before(async () => {
  server = await Server.start();
  await server.fill();
});
after(async () => {
  await close();
  await server.end();
});

// What axe finds that is serious or worse.
async function found(page) {
  // The browser lets a debugger in where the page's own policy lets no script in.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axe });
  const { violations } = await page.evaluate(() => axe.run());
  const serious = violations.filter((one) => ['serious', 'critical'].includes(one.impact));
  return serious.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.html} ${node.failureSummary}`).join('\n  ')}`);
}

for (const [name, options] of [
  ['light', {}],
  ['dark', { colorScheme: 'dark' }],
  ['a phone', { viewport: { width: 375, height: 740 } }],
]) {
  test(`axe finds nothing serious on any page: ${name}`, async () => {
    const page = await open(options);
    await page.goto(server.url);
    await page.getByLabel('Key').waitFor();
    assert.deepEqual(await found(page), [], 'sign in');
    await signIn(page, server);
    for (const place of PAGES) {
      if (name === 'a phone') await page.getByRole('button', { name: 'Menu' }).click();
      await show(page, place);
      await page.getByText('Reading…').first().waitFor({ state: 'detached' });
      assert.deepEqual(await found(page), [], place);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${place} is ${overflow} pixels too wide`);
    }
    if (name !== 'a phone') {
      await show(page, 'Senders');
      await page.getByRole('button', { name: 'Edit SF' }).click();
      await page.getByRole('dialog').getByLabel('Weight').waitFor();
      assert.deepEqual(await found(page), [], 'a dialog');
      await page.goto(`${server.url}/console/#/try?applicationId=shop&channels=SMS&to=%2B14155550123`);
      await page.locator('.picture').first().waitFor();
      assert.deepEqual(await found(page), [], 'an explanation');
    }
    await page.context().close();
  });
}

test('everything is reached with the keyboard', async () => {
  const page = await open();
  await page.goto(server.url);
  await page.getByLabel('Key').waitFor();
  await page.getByLabel('Key').focus();
  await page.keyboard.type(server.key);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  await show(page, 'Entities');
  await page.getByRole('button', { name: 'New entity' }).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  // The focus is where it was.
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'New entity');
  await page.context().close();
});
