// What a court's system does: a token with its own key, then the filings of a company that were in effect.
//
//   npm install
//   ANJU_URL=http://127.0.0.1:8000 CLIENT_ID=court KEY=private.json CREDIT_CODE=91990303MA00000075 node --experimental-strip-types filings.ts

import { readFile } from "node:fs/promises";
import * as oauth from "openid-client";

import { Anju, Failed, operation, type Page } from "../typescript/anju.ts";

const { ANJU_URL = "http://127.0.0.1:8000", CLIENT_ID = "", KEY = "", CREDIT_CODE = "" } = process.env;

type Filing = {
  kind: string;
  certificateNumber: string | null;
  isEffective: boolean;
  effectiveFrom: string | null;
  effectiveTo: string | null;
  company: { name: string } | null;
};
type Asked = {
  purpose: { caseNumber?: string; purpose?: string; legalBasis: string };
  where: { creditCode?: string; certificateNumber?: string; asOf?: string };
  after?: string | null;
};

const FILINGS = operation<{ filings: Page<Filing> | null }, Asked>(/* GraphQL */ `
  query EffectiveFilings($purpose: PurposeInput!, $where: FilingFilter!, $after: String) {
    filings(purpose: $purpose, where: $where, orderBy: CHANGED, first: 500, after: $after) {
      nodes { kind certificateNumber isEffective effectiveFrom effectiveTo company { name } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

/** Proves itself by private_key_jwt (RFC 7523) with an ES256 key. */
async function discovered(clientId: string, jwk: JsonWebKey & { kid: string }): Promise<oauth.Configuration> {
  const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  return oauth.discovery(new URL(ANJU_URL), clientId, undefined, oauth.PrivateKeyJwt({ key, kid: jwk.kid }), {
    algorithm: "oauth2",
    execute: ANJU_URL.startsWith("http:") ? [oauth.allowInsecureRequests] : [], // a server on this machine
  });
}

const server = await discovered(CLIENT_ID, JSON.parse(await readFile(KEY, "utf-8")));
const anju = new Anju(ANJU_URL);
const newToken = async () => {
  anju.token = (await oauth.clientCredentialsGrant(server)).access_token;
};

/** Busy servers are asked again by `anju`; a token that has ended is replaced, and the pages begin anew. */
async function filings(asked: Asked): Promise<Filing[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      const found: Filing[] = [];
      for await (const page of anju.pages(FILINGS, asked, (data) => data.filings)) found.push(...page);
      return found;
    } catch (error) {
      if (!(error instanceof Failed && error.signedOut) || attempt > 1) throw error;
      await newToken();
    }
  }
}

await newToken();
const purpose = { caseNumber: "（2026）鲁0303执1号", legalBasis: "民事诉讼法（演示）" };
for (const filing of await filings({ purpose, where: { creditCode: CREDIT_CODE } })) {
  const held = filing.isEffective ? `${filing.effectiveFrom} – ${filing.effectiveTo ?? "…"}` : "not in effect";
  console.log(`${filing.certificateNumber} ${filing.kind} ${filing.company?.name}: ${held}`);
}
