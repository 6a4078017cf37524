// `openclaw devices` as far as pi/devices.sh asks it, with OpenClaw 2026.9.6's answers: what it was asked stands in
// asked.json beside it, its devices in devices.json. A whole id alone counts.
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";

const [, order, id] = process.argv.slice(2);
const beside = (name) => new URL(name, import.meta.url);
appendFileSync(beside("asked"), `${process.argv.slice(2).join(" ")}\n`);
const devices = JSON.parse(readFileSync(beside("devices.json"), "utf8"));
const keep = () => writeFileSync(beside("devices.json"), JSON.stringify(devices));
const answer = (json) => process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
const refuse = (message) => {
  answer({
    ok: false,
    error: { type: "gateway_request_error", code: "INVALID_REQUEST", message, retryable: false },
  });
  process.exitCode = 1;
};
const request = devices.pending.find(({ requestId }) => requestId === id);
const device = devices.paired.find(({ deviceId }) => deviceId === id);

if (order === "list") answer(devices);
else if (order === "approve" && !request) {
  process.stderr.write(`No pending device request matches ${id}. Run openclaw devices list and retry.\n`);
  process.exitCode = 1;
} else if (order === "reject" && !request) refuse("unknown requestId");
else if (order === "remove" && !device) refuse("unknown deviceId");
else {
  devices.pending = devices.pending.filter((one) => one !== request);
  devices.paired = devices.paired.filter((one) => one !== device);
  if (order === "approve") devices.paired.push({ deviceId: request.deviceId });
  keep();
  answer({ requestId: id, deviceId: (request ?? device).deviceId });
}
