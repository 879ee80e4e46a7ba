// Renews the pictures of the documents: `make console-figures`.
import path from 'node:path';
import { Server, close, open, show, signIn } from './support.mjs';

const FIGURES = path.resolve(import.meta.dirname, '../../docs/figures');
const server = await Server.start({ catalog: process.argv[2] });
const page = await open({ viewport: { width: 1200, height: 860 } });
const keep = (name, on = page) => on.screenshot({ path: path.join(FIGURES, `${name}.png`) });

await signIn(page, server);
await page.goto(`${server.url}/console/#/try?applicationId=shop&entityId=acme-parcels&channels=SMS&to=%2B14155550123`);
await page.locator('.picture').first().waitFor();
await page.locator('.outcome').first().evaluate((element) => scrollTo(0, element.getBoundingClientRect().top - 66));
await keep('console-try');
await page.goto(`${server.url}/console/#/coverage?applicationId=shop&channel=MMS`);
await page.getByRole('table').waitFor();
await page.evaluate(() => scrollTo(0, 0));
await keep('console-coverage');
await show(page, 'Senders');
await page.getByRole('button', { name: 'Import CSV…' }).click();
const dialog = page.getByRole('dialog');
const { results } = await server.ask('GET', '/v1/senders?size=3');
const lines = results.map((one, index) => `${one.senderId},${index + 2}`);
await dialog.getByLabel('or its text').fill(['senderId,weight', ...lines].join('\n'));
await dialog.getByRole('button', { name: 'Preview' }).click();
await dialog.getByRole('region', { name: 'Preview' }).waitFor();
await keep('console-import');

const phone = await open({ viewport: { width: 390, height: 780 }, colorScheme: 'dark' });
await signIn(phone, server);
await phone.goto(`${server.url}/console/#/try?applicationId=shop&entityId=acme-parcels&channels=SMS&to=%2B14155550123`);
await phone.locator('.picture').first().waitFor();
await phone.locator('.picture').first().evaluate((element) => scrollTo(0, element.getBoundingClientRect().top - 90));
await keep('console-phone', phone);
await close();
await server.end();
