// Sends what documented examples send to http://localhost:4000 to the gateway that BURSAR_URL names.
const fetchAsIs = globalThis.fetch;
globalThis.fetch = (address, options) =>
  fetchAsIs(String(address).replace(/http:\/\/(localhost|0\.0\.0\.0):4000/, process.env.BURSAR_URL), options);
