const anju = require("../../anju.js");

Page({
  data: { phone: "", code: "", message: "" },

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
