// A service in a process of its own, and a browser.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PROGRAM = process.env.CALLSIGN ?? path.join(ROOT, 'target/debug/callsign');
const BROWSERS = process.env.CHROMIUM ? [process.env.CHROMIUM] : ['/usr/bin/chromium', '/usr/bin/google-chrome'];
// How long anything may take before a test gives up: far longer than it takes on a loaded machine.
const PATIENCE = Number(process.env.PATIENCE ?? 120_000);

export const component = path.join(ROOT, 'guest/component/standard.wasm');

// A port below the range that the system gives to whoever connects: nobody has it while a service is down that is to come back, and
// a browser that tries to reach it is not connected to itself. Browsers refuse 10,080.
const [FIRST, PORTS] = [11_000, 21_000];
let next = (process.pid * 97) % PORTS;
async function freePort() {
  for (let tried = 0; tried < PORTS; tried++) {
    next = (next + 1) % PORTS;
    const port = FIRST + next;
    const isFree = await new Promise((done) => {
      const server = net.createServer().once('error', () => done(false));
      server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
    });
    if (isFree) return port;
  }
  throw new Error('no port is free');
}

export class Server {
  // `isRecording`: with a decision log beside its data.
  static async start({ catalog, isRecording } = {}) {
    const server = new Server();
    server.more = {};
    server.data = fs.mkdtempSync(path.join(os.tmpdir(), 'callsign-console-'));
    server.address = `127.0.0.1:${await freePort()}`;
    if (isRecording) server.more.CALLSIGN_SERVE_LOG_DIRECTORY = path.join(server.data, 'log');
    await server.run(catalog ? ['--catalog', catalog] : []);
    return server;
  }

  // Starts it, on the data and the port that it had.
  run(more = []) {
    // A busy machine may keep a quick policy from its core for the 200 ms that it has by default.
    const own = { CALLSIGN_SERVE_RATE_MANAGEMENT_PER_SECOND: '0', CALLSIGN_SERVE_POLICY_DEADLINE_MILLISECONDS: '10000' };
    const env = { ...process.env, ...own, ...this.more, CALLSIGN_SERVE_DATA: this.data, CALLSIGN_SERVE_LISTEN_ADDRESS: this.address };
    this.child = spawn(PROGRAM, ['serve', ...more], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [log, said] = ['', ''];
    return new Promise((done, fail) => {
      this.child.on('exit', () => fail(new Error(`the service does not start:\n${log}`)));
      // The first key comes through another pipe than the address, and may be read after it.
      const look = () => {
        const found = /listening on http:\/\/([\d.:]+)[^\d.:]/.exec(log);
        if (!found || !this.key) return;
        this.address = found[1];
        this.url = `http://${found[1]}`;
        done();
      };
      this.child.stdout.on('data', (text) => {
        said += text;
        this.key ??= /(cs_[0-9a-f]+_[0-9a-f]+)\n/.exec(said)?.[1];
        look();
      });
      this.child.stderr.on('data', (text) => {
        log += text;
        look();
      });
    });
  }

  // Ends it at once, as a crash would.
  async kill() {
    const ended = new Promise((done) => this.child.once('exit', done));
    this.child.kill('SIGKILL');
    await ended;
  }

  async end() {
    await this.kill();
    fs.rmSync(this.data, { recursive: true });
  }

  async ask(method, where, body, { key = this.key, headers = {} } = {}) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const type = text === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(this.url + where, { method, headers: { authorization: `App ${key}`, ...type, ...headers }, body: text });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${method} ${where}: ${response.status} ${answer}`);
    return answer ? JSON.parse(answer) : null;
  }

  // Sends a text of another type than JSON.
  async send(where, text, type) {
    const response = await fetch(this.url + where, { method: 'POST', headers: { authorization: `App ${this.key}`, 'content-type': type }, body: text });
    if (!response.ok) throw new Error(`POST ${where}: ${response.status} ${await response.text()}`);
  }

  // An application with two numbers and a strategy, a customer of it, and a name that carries the rest.
  async fill() {
    const coverage = [{ channel: 'SMS', countries: ['US', 'CA'] }];
    await this.ask('POST', '/provisioning/1/applications', { applicationId: 'shop', applicationName: 'Shop' });
    await this.ask('POST', '/provisioning/1/entities', { entityId: 'acme', entityName: 'Acme' });
    for (const [senderId, sender] of [['SF', '+14155550100'], ['NY', '+12125550100']]) {
      await this.ask('POST', '/v1/senders', { senderId, sender, senderType: 'VIRTUAL_LONG_NUMBER', coverage });
      await this.ask('POST', '/provisioning/1/associations', { resourceType: 'NUMBER', channel: 'SMS', applicationId: 'shop', entityId: null, resourceId: senderId });
    }
    await this.ask('POST', '/v1/strategies', { platform: { applicationId: 'shop' }, channel: 'SMS', useGeolocatedSender: true });
  }
}

let browser;

export async function open(options = {}) {
  const program = BROWSERS.find((one) => fs.existsSync(one));
  if (!program) {
    throw new Error(`no browser at ${BROWSERS.join(' or ')}: install Debian's chromium (apt-get install chromium), or name one in CHROMIUM`);
  }
  browser ??= await chromium.launch({ executablePath: program, args: ['--no-sandbox'], timeout: PATIENCE });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.wrong = [];
  page.foreign = [];
  page.on('pageerror', (error) => page.wrong.push(error.stack));
  page.on('console', (message) => {
    // What the browser blocks is an error of the page; an answer of the service that is an error is none.
    if (message.type() === 'error' && !/Failed to load resource|net::ERR/.test(message.text())) page.wrong.push(message.text());
  });
  page.on('request', (request) => {
    const { hostname } = new URL(request.url());
    if (hostname !== '127.0.0.1' && !request.url().startsWith('data:')) page.foreign.push(request.url());
  });
  return page;
}

export const close = async () => browser?.close();

export async function signIn(page, server, key = server.key) {
  await page.goto(server.url);
  await page.getByLabel('Key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

// Shows a page of the console, by its place in the menu.
export async function show(page, name) {
  // What a test that failed left open is not in the way of the next one.
  if (await page.getByRole('dialog').count()) await page.reload();
  await page.getByRole('navigation', { name: 'Pages of the console' }).getByRole('link', { name, exact: true }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

// Fills a form: a text for each field that has one, `true` for a box to check.
export async function fill(place, values) {
  for (const [label, value] of Object.entries(values)) {
    // With or without the star of what is needed.
    const field = place.getByLabel(new RegExp(`^${label}( \\*)?$`));
    if (value === true) await field.check();
    else if (await field.evaluate((element) => element.tagName === 'SELECT')) await field.selectOption(value);
    else await field.fill(value);
  }
}

// Makes an element by clicking: `name` is what the button says after `New`.
export async function make(page, place, name, values) {
  await show(page, place);
  await page.getByRole('button', { name: `New ${name}` }).click();
  const dialog = page.getByRole('dialog');
  await fill(dialog, values);
  await dialog.getByRole('button', { name: 'Create' }).click();
  await dialog.waitFor({ state: 'detached' });
}

export async function attempt(page, values) {
  await show(page, 'Try a message');
  const message = page.getByRole('region', { name: 'Message', exact: true });
  // The page begins anew: what is filled into the one before would be lost, and its answer would be taken for the next.
  await message.locator('.outcome').first().waitFor({ state: 'detached' });
  await fill(message, values);
  await message.getByRole('button', { name: 'Decide' }).click();
  await message.locator('.outcome').first().waitFor();
  return message.locator('.outcome').first();
}
