// openid-client (certified OpenID relying party) and jose: discovery, code with PKCE through the server's own pages,
// refresh, client credentials, introspection, revocation, userinfo, extension grant, JWKS.
// Clients, phones and the server's log (where development prints one-time codes) come from `oidc` of HARNESS_CONFIG.
import { createRemoteJWKSet, importJWK, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { baseUrl, config, need, Report } from '../lib/common.mjs';
import { codeOf } from '../lib/codes.mjs';

const report = new Report('openid-client');
const given = config.oidc;
if (!given) throw new Error('HARNESS_CONFIG has no oidc entry');
const server = new URL(baseUrl);
const scope = 'openid profile api';

const discover = (id, auth, algorithm = 'oidc') =>
  oidc.discovery(server, id, { id_token_signed_response_alg: 'ES256' }, auth, {
    algorithm,
    execute: baseUrl.startsWith('http:') ? [oidc.allowInsecureRequests] : [],
  });
const signed = async () => oidc.PrivateKeyJwt({ key: await importJWK(given.partner.jwk, 'ES256'), kid: given.partner.jwk.kid });

const web = await report.check('discovery by openid-configuration', () => discover(given.web.id, oidc.ClientSecretBasic(given.web.secret)));
const app = await discover(given.app.id, oidc.None());
const partner = await report.check('discovery by oauth-authorization-server', async () => discover(given.partner.id, await signed(), 'oauth2'));

// -- a browser, as far as plain forms need one ----------------------------------------------------------------------

class Browser {
  cookies = new Map();
  async go(url, form) {
    for (let hops = 0; hops < 10; hops += 1) {
      if (!String(url).startsWith(baseUrl)) return { away: new URL(url) };
      const response = await fetch(url, {
        method: form ? 'POST' : 'GET',
        body: form && new URLSearchParams(form),
        headers: { cookie: [...this.cookies].map((pair) => pair.join('=')).join('; '), ...(form && { origin: server.origin }) },
        redirect: 'manual',
      });
      for (const line of response.headers.getSetCookie()) {
        const [name, value] = line.split(';')[0].split('=');
        this.cookies.set(name, value);
      }
      if (response.status !== 303) return { url, html: await response.text(), status: response.status };
      url = new URL(response.headers.get('location'), url).href;
      form = undefined;
    }
    throw new Error('redirected in a circle');
  }
  press(page, step, typed = {}) {
    need(page.html.includes(`value="${step}"`), `no button ${step} on: ${page.html.replace(/<[^>]*>/g, ' ').trim()}`);
    const fields = {};
    for (const [tag] of page.html.matchAll(/<input [^>]*>/g)) fields[tag.match(/name="([^"]*)"/)[1]] = tag.match(/value="([^"]*)"/)?.[1] ?? '';
    return this.go(page.url, { ...fields, ...typed, step });
  }
  async signIn(page, phone) {
    const asked = await this.press(page, 'phone', { phone });
    return this.press(asked, 'code', { code: await codeOf(phone, given.log) });
  }
}

async function ask(client, more = {}) {
  const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() };
  const url = oidc.buildAuthorizationUrl(client, {
    redirect_uri: given.redirectUri,
    scope,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...more,
  });
  return { url: url.href, checks };
}

const person = new Browser();
async function back(client, more) {
  const { url, checks } = await ask(client, more);
  let page = await person.go(url);
  if (page.html?.includes('value="phone"')) page = await person.signIn(page, given.phones[0]);
  if (page.html?.includes('value="allow"')) page = await person.press(page, 'allow');
  need(page.away, `no way back to the app: ${page.status} ${page.html}`);
  return { url: page.away, checks };
}
const refused = async (promise, error) => {
  const failure = await promise.then(() => null, (reason) => reason);
  need(failure, `nothing was refused, ${error} was expected`);
  need((failure.error ?? failure.code) === error, `${failure.error ?? failure.code ?? failure} instead of ${error}`);
};

// -- people ---------------------------------------------------------------------------------------------------------

let tokens;
await report.check('prompt=none without a sign-in: login_required', async () => {
  const { url, checks } = await ask(web, { prompt: 'none' });
  const { away } = await new Browser().go(url);
  await refused(oidc.authorizationCodeGrant(web, away, checks), 'login_required');
});
await report.check('code with PKCE, client_secret_basic, iss, state, nonce, ID token (ES256)', async () => {
  const { url, checks } = await back(web);
  need(url.searchParams.get('iss') === baseUrl, 'no iss in the response (RFC 9207)');
  tokens = await oidc.authorizationCodeGrant(web, url, { ...checks, idTokenExpected: true, maxAge: 600 });
  need(tokens.claims().aud.includes(given.web.id), 'the audience is another');
});
await report.check('a response of another issuer is noticed (RFC 9207)', async () => {
  const { url, checks } = await back(web);
  url.searchParams.set('iss', 'https://elsewhere.example');
  await refused(oidc.authorizationCodeGrant(web, url, checks), 'OAUTH_INVALID_RESPONSE');
});
await report.check('userinfo', async () => {
  const info = await oidc.fetchUserInfo(web, tokens.access_token, tokens.claims().sub);
  need(info.name && info.locale, `no name: ${JSON.stringify(info)}`);
});
await report.check('the token opens the API', async () => {
  const response = await oidc.fetchProtectedResource(
    web, tokens.access_token, new URL('/graphql', server), 'POST', JSON.stringify({ query: '{ viewer { displayName } }' }),
    new Headers({ 'content-type': 'application/json' }),
  );
  const { data } = await response.json();
  need(data?.viewer?.displayName, 'the viewer has no name');
});
await report.check('introspection', async () => {
  const told = await oidc.tokenIntrospection(web, tokens.access_token);
  need(told.active && told.sub === tokens.claims().sub && told.scope.includes('api'), JSON.stringify(told));
});
await report.check('refresh with rotation', async () => {
  const fresh = await oidc.refreshTokenGrant(web, tokens.refresh_token);
  need(fresh.refresh_token && fresh.refresh_token !== tokens.refresh_token, 'the refresh token stayed');
  tokens.next = fresh;
});
await report.check('a replayed refresh token kills its family', async () => {
  await refused(oidc.refreshTokenGrant(web, tokens.refresh_token), 'invalid_grant');
  await refused(oidc.refreshTokenGrant(web, tokens.next.refresh_token), 'invalid_grant');
  need(!(await oidc.tokenIntrospection(web, tokens.next.access_token)).active, 'the access token lives');
});
await report.check('public client without a secret', async () => {
  const { url, checks } = await back(app);
  tokens = await oidc.authorizationCodeGrant(app, url, checks);
});
await report.check('revocation of a refresh token ends the sign-in', async () => {
  await oidc.tokenRevocation(app, tokens.refresh_token);
  await refused(oidc.refreshTokenGrant(app, tokens.refresh_token), 'invalid_grant');
});
await report.check('two concurrent redemptions of one code yield one token', async () => {
  const { url, checks } = await back(app);
  const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => oidc.authorizationCodeGrant(app, url, checks)));
  const won = outcomes.filter((one) => one.status === 'fulfilled');
  need(won.length === 1, `${won.length} tokens`);
  for (const lost of outcomes.filter((one) => one.status === 'rejected')) need(lost.reason.error === 'invalid_grant', String(lost.reason));
  const info = await oidc.fetchUserInfo(app, won[0].value.access_token, won[0].value.claims().sub);
  need(info.sub, 'the one token is dead');
});
await report.check('a code needs its verifier', async () => {
  const { url, checks } = await back(app);
  await refused(oidc.authorizationCodeGrant(app, url, { ...checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }), 'invalid_grant');
});
await report.check('extension grant: phone and one-time code', async () => {
  const phone = given.phones[1];
  const sent = await fetch(new URL('/auth/code', server), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ phone }) });
  need(sent.status === 202, `the code was not sent: ${sent.status}`);
  const grant = 'urn:anju:oauth:grant-type:one-time-code';
  const first = await oidc.genericGrantRequest(app, grant, { phone, code: await codeOf(phone, given.log), scope: 'api' });
  need(first.refresh_token, 'no refresh token');
  await refused(oidc.genericGrantRequest(app, grant, { phone, code: await codeOf(phone, given.log), scope: 'api' }), 'invalid_grant');
});

// -- partners -------------------------------------------------------------------------------------------------------

await report.check('client credentials with private_key_jwt', async () => {
  tokens = await oidc.clientCredentialsGrant(partner);
});
await report.check('its access token is verified offline (RFC 9068, JWKS)', async () => {
  const jwks = createRemoteJWKSet(new URL(partner.serverMetadata().jwks_uri));
  const { payload } = await jwtVerify(tokens.access_token, jwks, {
    issuer: baseUrl, audience: `${baseUrl}/graphql`, typ: 'at+jwt', algorithms: ['ES256'], requiredClaims: ['jti', 'client_id', 'exp', 'iat', 'sub'],
  });
  need(payload.client_id === given.partner.id, 'somebody else');
});
await report.check('client credentials with client_secret_basic', async () => {
  const basic = await discover(given.partnerBasic.id, oidc.ClientSecretBasic(given.partnerBasic.secret), 'oauth2');
  const told = await oidc.tokenIntrospection(basic, (await oidc.clientCredentialsGrant(basic)).access_token);
  need(told.active && told.client_id === given.partnerBasic.id, JSON.stringify(told));
});
await report.check('more scope than agreed is refused', () => refused(oidc.clientCredentialsGrant(partner, { scope: 'everything' }), 'invalid_scope'));
await report.check('revocation of an access token', async () => {
  await oidc.tokenRevocation(partner, tokens.access_token);
  need(!(await oidc.tokenIntrospection(partner, tokens.access_token)).active, 'the token lives');
});

report.finish();
