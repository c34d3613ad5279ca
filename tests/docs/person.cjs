// A person with the mini-program in hand; what the screen showed is printed as JSON.

"use strict";
const { createInterface } = require("node:readline/promises");

module.exports = async ({ wx, page, until }) => {
  const shown = {};

  await until((page) => page.route === "pages/signin/signin");
  page().onPhone({ detail: { value: process.env.PHONE } });
  page().onCode({ detail: { value: "000000" } });
  await page().onSignIn();
  shown.wrongCode = page().data.message;
  await page().onSend();
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  page().onCode({ detail: { value: (await terminal.question("code: ")).trim() } });
  terminal.close();
  await page().onSignIn();

  const screen = await until((page) => page.route === "pages/bills/bills" && page.data.bills.length > 0);
  shown.pages = [screen.data.bills.length];
  while (screen.data.more) {
    await screen.onReachBottom();
    shown.pages.push(screen.data.bills.length);
  }
  await screen.onReachBottom();
  shown.total = screen.data.total;

  const bill = () => screen.data.bills[0];
  const label = () => screen.data.labels[bill().state];
  const touch = (dataset) => ({ currentTarget: { dataset: { id: bill().id, ...dataset } } });
  shown.states = [label()];
  await screen.onDispute(touch({ reason: "多算了一个月" }));
  shown.states.push(label());
  await screen.onDispute(touch({ reason: "多算了一个月" }));
  shown.refused = screen.data.message;
  await screen.onWithdraw(touch());
  shown.states.push(label());

  await screen.onAddPhoto();
  shown.photo = screen.data.photo.state;

  wx.setStorageSync("anju-token", "one that is no longer good");
  await screen.nextPage().catch((error) => {
    shown.signedOut = error.message;
  });
  await until((page) => page.route === "pages/signin/signin");
  process.stdout.write(JSON.stringify(shown));
};
