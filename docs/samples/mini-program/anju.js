// Anju from a WeChat mini-program: nothing but wx.login, wx.request, wx.uploadFile and wx.requestPayment.

const TOKEN = "anju-token";
const BY_WECHAT = "anju-by-wechat";

function url() {
  return getApp().globalData.url;
}

function request(path, data, headers) {
  return new Promise((resolve, reject) => {
    wx.request({
      url: url() + path,
      method: "POST",
      data,
      header: { "content-type": "application/json", "accept-language": "zh-CN", ...headers },
      success: resolve,
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    });
  });
}

/** Why the server said no, for the person: `message` is in their language, `field` names the input at fault. */
class Refused extends Error {
  constructor(errors) {
    super(errors.map((error) => error.message).join("\n"));
    this.errors = errors;
  }
}

async function requestCode(phone) {
  const { data } = await request("/auth/code", { phone });
  if (data.error) throw new Refused([data.error]);
}

async function signIn(phone, code) {
  const { data } = await request("/auth/token", { phone, code });
  if (data.error) throw new Refused([data.error]);
  wx.setStorageSync(TOKEN, data.access_token);
}

/**
 * Sign in as the user of this WeChat, which asks the person nothing. The first time Anju answers `phone_required`: then let
 * the person press <button open-type="getPhoneNumber">, and pass the code of its event.
 */
async function signInWithWeChat(phoneCode) {
  const { code } = await new Promise((success, fail) => wx.login({ success, fail }));
  const asked = {
    grant_type: "urn:anju:oauth:grant-type:wechat",
    client_id: getApp().globalData.clientId,
    appid: wx.getAccountInfoSync().miniProgram.appId,
    code,
    ...(phoneCode && { phone_code: phoneCode }),
  };
  const { data } = await request("/oauth/token", asked, { "content-type": "application/x-www-form-urlencoded" });
  if (data.error) throw new Refused([{ code: data.error, message: data.error_description, field: null }]);
  wx.setStorageSync(TOKEN, data.access_token);
  wx.setStorageSync(BY_WECHAT, true);
}

function signedIn() {
  return Boolean(wx.getStorageSync(TOKEN));
}

/**
 * Run an operation. Sends it again when the server is busy. When the token is no longer good, WeChat's user is signed in
 * anew in silence; others are led to the sign-in page.
 */
async function run(query, variables = {}, attempt = 1) {
  const headers = { accept: "application/graphql-response+json", authorization: `Bearer ${wx.getStorageSync(TOKEN)}` };
  const { statusCode, data, header } = await request("/graphql", { query, variables }, headers);
  if ((statusCode === 429 || statusCode === 503) && attempt < 4) {
    const seconds = Number(header["Retry-After"] || header["retry-after"] || attempt);
    await new Promise((wake) => setTimeout(wake, seconds * 1000));
    return run(query, variables, attempt + 1);
  }
  if (statusCode === 401) {
    wx.removeStorageSync(TOKEN);
    if (attempt === 1 && wx.getStorageSync(BY_WECHAT)) {
      await signInWithWeChat();
      return run(query, variables, attempt + 1);
    }
    wx.reLaunch({ url: "/pages/signin/signin" });
  }
  if (data.errors) throw new Error(`${data.errors[0].extensions.code}: ${data.errors[0].message}`);
  return data.data;
}

/** Do something under a key of its own, so that sending it twice does it once. */
async function intend(name, query, input) {
  const idempotencyKey = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  const payload = (await run(query, { input: { ...input, idempotencyKey } }))[name];
  if (payload.userErrors.length > 0) throw new Refused(payload.userErrors);
  return payload;
}

const UPLOAD_CREATE = /* GraphQL */ `
  mutation UploadCreate($input: UploadCreateInput!) {
    uploadCreate(input: $input) {
      document { id upload { url fileField formFields { name value } } }
      userErrors { code message field retryable }
    }
  }
`;

const UPLOAD_CONFIRM = /* GraphQL */ `
  mutation UploadConfirm($input: UploadConfirmInput!) {
    uploadConfirm(input: $input) {
      document { id state }
      userErrors { code message field retryable }
    }
  }
`;

/** A picture of wx.chooseMedia becomes a document: announced, sent as a form of one file, confirmed. */
async function uploadPhoto({ tempFilePath, size }) {
  const mediaType = /\.png$/i.test(tempFilePath) ? "image/png" : "image/jpeg";
  const name = tempFilePath.split("/").pop();
  const { document } = await intend("uploadCreate", UPLOAD_CREATE, { kind: "PHOTO", name, mediaType, size });
  await new Promise((resolve, reject) => {
    wx.uploadFile({
      url: document.upload.url,
      filePath: tempFilePath,
      name: document.upload.fileField,
      formData: Object.fromEntries(document.upload.formFields.map((field) => [field.name, field.value])),
      success: ({ statusCode, data }) => (statusCode === 201 ? resolve() : reject(new Error(data))),
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    });
  });
  return (await intend("uploadConfirm", UPLOAD_CONFIRM, { id: document.id })).document;
}

const CHECKOUT_OPEN = /* GraphQL */ `
  mutation CheckoutOpen($input: CheckoutOpenInput!) {
    checkoutOpen(input: $input) {
      checkout { id state amount expiresAt }
      userErrors { code message field retryable }
    }
  }
`;

const CHECKOUT = /* GraphQL */ `
  query Checkout($id: ID!) {
    node(id: $id) {
      ... on Checkout {
        state
        failure
        amount
        wechatPay { timeStamp nonceStr package signType paySign }
        payment { amount prepaid receivedOn }
      }
    }
  }
`;

/** Ask for an order each second while it is in a state, for half a minute at most. */
async function whileIn(state, id) {
  for (let asked = 0; ; asked++) {
    const { node } = await run(CHECKOUT, { id });
    if (node.state !== state || asked === 30) return node;
    await new Promise((wake) => setTimeout(wake, 1000));
  }
}

/**
 * Pay bills of one unit to one company through WeChat Pay. The order as the server has it at the end: only SUCCEEDED is paid,
 * whatever wx.requestPayment says; PENDING is not known yet. Rejects when the person gives up: the order can be paid again.
 */
async function pay({ unitId, companyId, billIds }) {
  const { code } = await new Promise((success, fail) => wx.login({ success, fail }));
  const { appId: appid } = wx.getAccountInfoSync().miniProgram;
  const { checkout } = await intend("checkoutOpen", CHECKOUT_OPEN, { unitId, companyId, billIds, appid, code });
  const placed = await whileIn("CREATED", checkout.id);
  if (placed.state !== "PENDING") return placed;
  await new Promise((success, fail) => wx.requestPayment({ ...placed.wechatPay, success, fail }));
  return whileIn("PENDING", checkout.id);
}

module.exports = { Refused, requestCode, signIn, signInWithWeChat, signedIn, run, intend, pay, uploadPhoto };
