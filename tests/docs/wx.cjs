// WeChat's runtime as far as the sample uses it: pages, storage, and requests over real HTTP.
// Usage: node wx.cjs <folder of the mini-program> <script>; the script gets {wx, page, until} and plays the person.

"use strict";
const { readFileSync } = require("node:fs");
const path = require("node:path");

const [folder, script] = process.argv.slice(2).map((name) => path.resolve(name));
const stored = new Map();
let application;
let declared;
let current;

globalThis.App = (options) => {
  application = options;
};
globalThis.getApp = () => application;
globalThis.Page = (options) => {
  declared = options;
};

/** Open a page as the runtime does: a fresh copy of its data, then onLoad. */
async function open(url) {
  const file = path.join(folder, `${url}.js`);
  delete require.cache[file];
  require(file);
  const page = {
    ...declared,
    route: url.replace(/^\//, ""),
    data: structuredClone(declared.data),
    setData(changed) {
      Object.assign(this.data, structuredClone(changed));
    },
  };
  current = page;
  await page.onLoad?.({});
}

async function answered(response, { success, complete }, parse) {
  const text = await response.text();
  const isJson = (response.headers.get("content-type") || "").includes("json");
  success?.({
    statusCode: response.status,
    data: parse && isJson ? JSON.parse(text) : text,
    header: Object.fromEntries(response.headers),
    errMsg: "request:ok",
  });
  complete?.();
}

function failed({ fail }) {
  return (error) => fail?.({ errMsg: `request:fail ${error.cause?.code || error.message}` });
}

globalThis.wx = {
  /** WeChat asks its servers for a code; here the double that Anju runs in development is asked. */
  login({ success, fail }) {
    fetch(`${process.env.ANJU_URL}/dev/wechat/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ person: process.env.WECHAT_USER || "nobody" }),
    })
      .then(async (answer) => success?.({ ...(await answer.json()), errMsg: "login:ok" }))
      .catch(failed({ fail }));
  },
  getAccountInfoSync: () => ({ miniProgram: { appId: "wx0000000000000000", envVersion: "develop" } }),
  request(options) {
    const { url, method = "GET", data, header = {} } = options;
    const isForm = header["content-type"] === "application/x-www-form-urlencoded";
    const body = typeof data === "string" ? data : isForm ? new URLSearchParams(data) : JSON.stringify(data);
    fetch(url, { method, headers: header, body }).then((answer) => answered(answer, options, true)).catch(failed(options));
  },
  uploadFile(options) {
    const { url, filePath, name, formData = {}, header = {} } = options;
    const form = new FormData();
    for (const [field, value] of Object.entries(formData)) form.append(field, value);
    form.append(name, new Blob([readFileSync(filePath)]), path.basename(filePath));
    fetch(url, { method: "POST", headers: header, body: form })
      .then((answer) => answered(answer, options, false)) // its data is always a string
      .catch(failed(options));
  },
  /** The person confirms in WeChat: the double of WeChat Pay believes only what its provider has signed. */
  requestPayment({ success, fail, ...signed }) {
    const { appId } = globalThis.wx.getAccountInfoSync().miniProgram;
    fetch(`${process.env.ANJU_URL}/dev/wechat-pay/pay`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ appId, ...signed }),
    })
      .then((answer) => (answer.ok ? success?.({ errMsg: "requestPayment:ok" }) : fail?.({ errMsg: "requestPayment:fail" })))
      .catch(failed({ fail }));
  },
  chooseMedia({ success }) {
    const tempFilePath = process.env.PHOTO;
    success({ type: "image", tempFiles: [{ tempFilePath, size: readFileSync(tempFilePath).length, fileType: "image" }] });
  },
  getStorageSync: (key) => stored.get(key) ?? "",
  setStorageSync: (key, value) => void stored.set(key, value),
  removeStorageSync: (key) => void stored.delete(key),
  reLaunch({ url }) {
    void open(url);
  },
};

/** Wait until the page on the screen satisfies a condition. */
async function until(condition) {
  for (let waited = 0; waited < 600; waited++) {
    if (condition(current)) return current;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`the page stays as it is: ${current.route} ${JSON.stringify(current.data)}`);
}

require(path.join(folder, "app.js"));
application.globalData.url = process.env.ANJU_URL;
application.onLaunch?.({});
const { pages } = JSON.parse(readFileSync(path.join(folder, "app.json"), "utf8"));
open(`/${pages[0]}`)
  .then(() => require(script)({ wx: globalThis.wx, page: () => current, until }))
  .catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  });
