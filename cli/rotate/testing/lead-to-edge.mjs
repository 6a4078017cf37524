// For `node --import`: a gateway's name leads to the edge of a test's Cloudflare, as its DNS would.
import dns from "node:dns";

const { lookup } = dns;
dns.lookup = (hostname, options, callback) =>
  lookup(
    hostname.endsWith(".workers.dev") ? (process.env.TEST_EDGE_ADDRESS ?? hostname) : hostname,
    options,
    callback,
  );
