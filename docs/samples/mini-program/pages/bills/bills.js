const anju = require("../../anju.js");

const BILLS = /* GraphQL */ `
  query Bills($first: Int!, $after: String) {
    feeBills(first: $first, after: $after) {
      totalCount
      nodes { id title state amount dueOn isOverdue availableActions unitId company { id } }
      pageInfo { hasNextPage endCursor }
    }
    enumLabels(name: "BillState") { value label }
  }
`;

const DISPUTE = /* GraphQL */ `
  mutation Dispute($input: BillDisputeInput!) {
    billDispute(input: $input) {
      bill { id state availableActions }
      userErrors { code message field retryable }
    }
  }
`;

const WITHDRAW = /* GraphQL */ `
  mutation Withdraw($input: BillDisputeWithdrawInput!) {
    billDisputeWithdraw(input: $input) {
      bill { id state availableActions }
      userErrors { code message field retryable }
    }
  }
`;

Page({
  data: { bills: [], labels: {}, total: 0, end: null, more: true, photo: null, order: null, message: "" },

  async onLoad() {
    if (anju.signedIn()) await this.nextPage();
    else wx.reLaunch({ url: "/pages/signin/signin" });
  },

  async onReachBottom() {
    if (this.data.more) await this.nextPage();
  },

  async nextPage() {
    const { feeBills, enumLabels } = await anju.run(BILLS, { first: 3, after: this.data.end });
    this.setData({
      bills: [...this.data.bills, ...feeBills.nodes],
      labels: Object.fromEntries(enumLabels.map(({ value, label }) => [value, label])),
      total: feeBills.totalCount,
      end: feeBills.pageInfo.endCursor,
      more: feeBills.pageInfo.hasNextPage,
    });
  },

  async onDispute(event) {
    const { id, reason } = event.currentTarget.dataset;
    await this.act("billDispute", DISPUTE, { id, reason });
  },

  async onWithdraw(event) {
    await this.act("billDisputeWithdraw", WITHDRAW, { id: event.currentTarget.dataset.id });
  },

  /** Take the bill from the answer: its new state and which buttons to show now. */
  async act(name, query, input) {
    try {
      const { bill } = await anju.intend(name, query, input);
      const bills = this.data.bills.map((known) => (known.id === bill.id ? { ...known, ...bill } : known));
      this.setData({ bills, message: "" });
    } catch (error) {
      if (!(error instanceof anju.Refused)) throw error;
      this.setData({ message: error.message });
    }
  },

  /** The server's word counts: the list shows the bill as it is then. */
  async onPay(event) {
    const { id, unitId, company } = this.data.bills.find((bill) => bill.id === event.currentTarget.dataset.id);
    const order = await anju.pay({ unitId, companyId: company.id, billIds: [id] });
    this.setData({ order, bills: [], end: null });
    await this.nextPage();
  },

  async onAddPhoto() {
    const { tempFiles } = await new Promise((success, fail) => wx.chooseMedia({ count: 1, mediaType: ["image"], success, fail }));
    this.setData({ photo: await anju.uploadPhoto(tempFiles[0]) });
  },
});
