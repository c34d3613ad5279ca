App({
  // An HTTPS address; its domain must be on the mini-program's lists for request and uploadFile.
  globalData: { url: "http://127.0.0.1:8000", clientId: "anju-mini" },
});
