// The pages of the authorization server in headless Chromium, by keyboard alone: axe-core finds no barrier, the policy of
// the pages stops nothing that they need, and a foreign page gets nowhere with them. The browser is CHROMIUM, or the one
// of the package @sparticuz/chromium (Linux on x64).
import { createHash, randomBytes } from 'node:crypto';
import axe from 'axe-core';
import chromium from '@sparticuz/chromium';
import puppeteer from 'puppeteer-core';
import { codeOf } from '../lib/codes.mjs';
import { baseUrl, config, need, Report } from '../lib/common.mjs';

const report = new Report('pages');
const given = config.oidc;
const app = new URL(given.redirectUri);
const evil = 'http://evil.example';
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM || (await chromium.executablePath()),
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  headless: 'shell',
});

function address(client, more = {}) {
  const verifier = randomBytes(48).toString('base64url');
  return `${baseUrl}/oauth/authorize?${new URLSearchParams({
    response_type: 'code', client_id: client, redirect_uri: given.redirectUri, scope: 'openid profile api', state: 's', nonce: 'n',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256', ...more,
  })}`;
}

// A window of its own; what lies outside the server is answered here, nothing leaves the machine.
async function open(language, foreign = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.said = [];
  page.on('console', (message) => page.said.push(message.text()));
  page.on('pageerror', (error) => page.said.push(String(error)));
  await page.setExtraHTTPHeaders({ 'accept-language': language });
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin === new URL(baseUrl).origin) return request.continue();
    const body = url.origin === app.origin ? '<!doctype html><title>app</title>' : foreign[url.pathname];
    return body ? request.respond({ contentType: 'text/html', body }) : request.respond({ status: 204 });
  });
  return page;
}

async function barriers(page, where) {
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  need(found.violations.length === 0, `${where}: ${found.violations.map((one) => `${one.id} (${one.nodes[0].html})`).join('; ')}`);
  need(found.passes.length > 10, `${where}: axe checked only ${found.passes.length} rules`);
}

async function typeAndEnter(page, field, text) {
  need((await page.evaluate(() => document.activeElement.id)) === field, `the field ${field} has no focus`);
  await page.keyboard.type(text);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
}

async function through(language, phone, each) {
  const page = await open(language);
  await page.goto(address(given.web.id));
  await each(page, 'phone');
  await typeAndEnter(page, 'phone', phone);
  await each(page, 'code');
  await typeAndEnter(page, 'code', 'abc');
  need(await page.$('[role=alert]'), 'a wrong code is not said');
  await each(page, 'wrong code');
  await typeAndEnter(page, 'code', await codeOf(phone, given.log));
  await each(page, 'consent');
  return page;
}

async function allow(page) {
  for (let tabs = 0; tabs < 10; tabs += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate(() => document.activeElement.value)) === 'allow') break;
  }
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  return new URL(page.url());
}

for (const [index, language] of ['zh-CN', 'en'].entries()) {
  await report.check(`${language}: phone, code and consent by keyboard, no barrier, back to the app`, async () => {
    const page = await through(language, given.phones[2 + index], async (shown, where) => {
      const spoken = await shown.evaluate(() => document.documentElement.lang);
      need(spoken === language, `${where} speaks ${spoken}: ${await shown.evaluate(() => document.body.innerText)}`);
      await barriers(shown, where);
      await shown.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
      await barriers(shown, `${where}, dark`);
      await shown.emulateMediaFeatures([]);
      await shown.setViewport({ width: 320, height: 640 });
      need((await shown.evaluate(() => document.documentElement.scrollWidth)) <= 320, `${where} is wider than a small phone`);
      need((await shown.evaluate(() => document.scripts.length)) === 0, `${where} has a script`);
    });
    const back = await allow(page);
    need(back.origin === app.origin && back.searchParams.get('code') && back.searchParams.get('state') === 's', `not back: ${back}`);
    need(back.searchParams.get('iss') === baseUrl, 'no iss');
    const complaints = page.said.filter((text) => !text.includes('status of 400')); // the wrong code
    need(complaints.length === 0, `the browser complained: ${complaints.join('; ')}`);
  });
}

await report.check('a page that explains an error has no barrier', async () => {
  const page = await open('en');
  await page.goto(address('nobody'));
  await barriers(page, 'error');
});

const attack = `<!doctype html><form method="post" action="${address(given.web.id).replaceAll('&', '&amp;')}"><input name="step" value="allow"><input name="form" value="x"></form><script>document.forms[0].submit()</script>`;
const frame = `<!doctype html><iframe src="${address(given.web.id).replaceAll('&', '&amp;')}"></iframe>`;
await report.check('a foreign page cannot press the buttons (CSRF)', async () => {
  const page = await open('en', { '/post': attack });
  const answers = [];
  page.on('response', (answer) => answers.push([answer.request().method(), answer.status()]));
  await page.goto(`${evil}/post`);
  await page.waitForFunction(() => document.title.includes('expired'), { timeout: 10_000 });
  need(answers.some(([method, status]) => method === 'POST' && status === 403), JSON.stringify(answers));
});
await report.check('a foreign page cannot frame them (clickjacking)', async () => {
  const page = await open('en', { '/frame': frame });
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${evil}/frame`, { waitUntil: 'networkidle0' });
  const inside = page.frames().find((one) => one !== page.mainFrame());
  need(!(await inside.content()).includes('<form'), 'the form stands in a foreign page');
  need(asked.some((url) => url.startsWith(`${baseUrl}/oauth/authorize`)), `the page was not asked for: ${asked}`);
});

await browser.close();
report.finish();
