// What an owner's app does: sign in, look at the home's bills, dispute one, add a photo, see what changed.
//
//   ANJU_URL=http://127.0.0.1:8000 PHONE=13900000001 PHOTO=meter.png node --experimental-strip-types main.ts

import { readFile } from "node:fs/promises";
import { stdin, stdout } from "node:process";
import { createInterface } from "node:readline/promises";

import { Anju, Refused } from "./anju.ts";
import { type Bill, BILLS, DISPUTE, STATE_LABELS, VIEWER } from "./operations.ts";
import { uploadPhoto } from "./photo.ts";

const { ANJU_URL = "http://127.0.0.1:8000", PHONE = "", PHOTO = "" } = process.env;
const anju = new Anju(ANJU_URL, "en");

// The code arrives by SMS; in development it is printed where Anju runs.
await anju.requestCode(PHONE);
const terminal = createInterface({ input: stdin, output: stdout });
await anju.signIn(PHONE, (await terminal.question("code: ")).trim());
terminal.close();

const { viewer } = await anju.run(VIEWER, {});
const homes = viewer?.grants.flatMap((grant) => (grant.unit ? [grant.unit.name] : []));
console.log(`signed in: ${viewer?.displayName}, ${homes?.join(", ")}`);

// Show states as people call them, and money from fen.
const labels = new Map((await anju.run(STATE_LABELS, {})).enumLabels?.map(({ value, label }) => [value, label]));
const yuan = (fen: number) => `¥${(fen / 100).toFixed(2)}`;

const bills: Bill[] = [];
for await (const page of anju.pages(BILLS, { first: 3 }, (data) => data.feeBills)) {
  console.log(`page of ${page.length}`);
  bills.push(...page);
}
for (const bill of bills) {
  console.log(`${bill.dueOn} ${bill.title} ${yuan(bill.amount)} ${labels.get(bill.state)}${bill.isOverdue ? ", overdue" : ""}`);
}
const seenUntil = bills.map((bill) => bill.updatedAt).sort().at(-1) ?? new Date(0).toISOString();

// The server says which buttons to show.
const open = bills.find((bill) => bill.availableActions.includes("DISPUTE"));
if (open) {
  const reason = { id: open.id, reason: "The meter reading is wrong" };
  const disputed = await anju.intend("billDispute", DISPUTE, reason);
  console.log(`disputed: ${disputed.bill && labels.get(disputed.bill.state)}`);
  // A second dispute is refused by the rules: the answer says why, in the person's language, and nothing is changed.
  await anju.intend("billDispute", DISPUTE, reason).catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error;
    for (const { code, message } of error.errors) console.log(`refused: ${code}: ${message}`);
  });
}

const photo = await uploadPhoto(anju, "meter.png", new Uint8Array(await readFile(PHOTO)));
console.log(`photo: ${photo?.state}`);

// Instead of subscribing: ask what changed since the newest row that is known. That row itself comes again.
for await (const page of anju.pages(BILLS, { first: 50, updatedSince: seenUntil }, (data) => data.feeBills)) {
  for (const bill of page.filter((bill) => bill.state === "DISPUTED")) console.log(`changed: ${bill.title}`);
}

await anju.signOut();
