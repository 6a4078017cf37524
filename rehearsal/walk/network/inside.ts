import { execFileSync } from "node:child_process";
import { connect, createServer } from "node:net";

// The part of a browser's network that runs in its namespace: `inside.ts EDGE_ADDRESS SOCKET`. Whoever connects to
// port 443 of that address comes out at the socket, which is a file and so reaches into any namespace. It lives as long
// as its standard input is open, and so never longer than who started it.
const [edgeAddress = "", socketPath = ""] = process.argv.slice(2);

const ip = (...args: string[]) => execFileSync("ip", args);
ip("link", "set", "lo", "up");
// With nothing but a loopback Chromium tells its pages that they are offline: a cable from nowhere to nowhere.
ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth1");
// Without IPv6 addresses of their own: those are tried for a second or two before they count (RFC 4862, 5.4), and then
// Chromium breaks off what it loads, for its network has changed.
for (const end of ["eth0", "eth1"]) ip("link", "set", end, "addrgenmode", "none");
ip("link", "set", "eth0", "up");
ip("link", "set", "eth1", "up");
ip("address", "add", "192.0.2.2/24", "dev", "eth0"); // documentation addresses (RFC 5737)
ip("route", "add", "default", "via", "192.0.2.1");

const server = createServer((browser) => {
  const edge = connect(socketPath);
  browser.pipe(edge).pipe(browser);
  browser.on("error", () => edge.destroy());
  edge.on("error", () => browser.destroy());
});
server.listen(443, edgeAddress, () => process.stdout.write("ready\n"));
process.stdin.on("end", () => process.exit(0)).resume();
