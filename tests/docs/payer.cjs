// Somebody signed in who pays the first open bill with WeChat Pay; what the screen showed is printed as JSON.

"use strict";

module.exports = async ({ wx, page, until }) => {
  wx.setStorageSync("anju-token", process.env.TOKEN);
  wx.reLaunch({ url: "/pages/bills/bills" });
  const screen = await until((page) => page.route === "pages/bills/bills" && page.data.bills.length > 0);
  const { id } = screen.data.bills.find((bill) => bill.state === "ISSUED");
  await screen.onPay({ currentTarget: { dataset: { id } } });
  const { state, amount, payment } = screen.data.order;
  process.stdout.write(JSON.stringify({ id, state, amount, payment, total: screen.data.total }));
};
