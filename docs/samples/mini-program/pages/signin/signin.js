const anju = require("../../anju.js");

Page({
  data: { phone: "", code: "", message: "", needsPhone: false },

  /** Whoever was here before is signed in without a touch. */
  async onLoad() {
    try {
      await anju.signInWithWeChat();
      wx.reLaunch({ url: "/pages/bills/bills" });
    } catch (error) {
      this.setData({ needsPhone: error.errors?.[0].code === "phone_required" });
    }
  },

  /** <button wx:if="{{needsPhone}}" open-type="getPhoneNumber" bindgetphonenumber="onPhoneNumber"> */
  async onPhoneNumber(event) {
    if (!event.detail.code) return; // the person said no; the one-time code remains
    await this.attempt(async () => {
      await anju.signInWithWeChat(event.detail.code);
      wx.reLaunch({ url: "/pages/bills/bills" });
    });
  },

  onPhone(event) {
    this.setData({ phone: event.detail.value });
  },

  onCode(event) {
    this.setData({ code: event.detail.value });
  },

  async onSend() {
    await this.attempt(() => anju.requestCode(this.data.phone));
  },

  async onSignIn() {
    await this.attempt(async () => {
      await anju.signIn(this.data.phone, this.data.code);
      wx.reLaunch({ url: "/pages/bills/bills" });
    });
  },

  async attempt(work) {
    try {
      await work();
      this.setData({ message: "" });
    } catch (error) {
      this.setData({ message: error.message });
    }
  },
});
