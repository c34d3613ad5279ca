// Somebody who opens the mini-program in WeChat, the first time and again; what the screen showed is printed as JSON.

"use strict";

/** The button getPhoneNumber, whose code comes from WeChat: here from the double. */
async function phoneButton() {
  const answer = await fetch(`${process.env.ANJU_URL}/dev/wechat/phone`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ person: process.env.WECHAT_USER, phone: process.env.PHONE }),
  });
  return { detail: await answer.json() };
}

module.exports = async ({ wx, page, until }) => {
  const shown = {};
  const bills = () => until((page) => page.route === "pages/bills/bills" && page.data.bills.length > 0);

  await until((page) => page.route === "pages/signin/signin" && page.data.needsPhone);
  await page().onPhoneNumber({ detail: { errMsg: "getPhoneNumber:fail user deny" } });
  shown.denied = page().route;
  await page().onPhoneNumber(await phoneButton());
  shown.first = (await bills()).data.total;

  wx.setStorageSync("anju-token", "one that is no longer good");
  await page().nextPage();
  shown.route = page().route;
  shown.later = page().data.bills.length;

  wx.removeStorageSync("anju-token");
  wx.reLaunch({ url: "/pages/signin/signin" });
  await until((page) => page.route === "pages/signin/signin");
  shown.again = (await bills()).data.total;
  process.stdout.write(JSON.stringify(shown));
};
