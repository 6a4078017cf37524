import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { configSchema, type PiConfig } from "../../infra/config.ts";
import { quiet } from "../../rehearsal/progress.ts";
import { type DevicesOptions, devicesText, orderDevices } from "./devices.ts";
import { type DevicesPi, startDevicesPi } from "./testing/devices-pi.ts";

const requests = ["b6f0c1aa-1", "b6f0c1bb-2"].map((requestId, index) => ({
  requestId,
  deviceId: `d${index}`,
}));
const paired = [{ deviceId: "0123abcd", displayName: "phone" }];

describe("npm run family -- devices", () => {
  let openclaw: DevicesPi;
  let pi: PiConfig;
  let before: number;
  beforeAll(async () => {
    openclaw = await startDevicesPi();
    pi = configSchema.shape.pi.parse({ ...openclaw.config, privateKey: openclaw.host.privateKey });
  });
  afterAll(() => openclaw?.close());
  beforeEach(async () => {
    await openclaw.has({ pending: requests, paired });
    before = (await openclaw.asked()).length;
  });
  const order = (options: DevicesOptions) => orderDevices("mia", pi, options, quiet);
  const asked = async () => (await openclaw.asked()).slice(before);
  const now = async () => {
    const { pending, paired } = await openclaw.devices();
    return [pending.map(({ requestId }) => requestId), paired.map(({ deviceId }) => deviceId)];
  };

  test.each<[DevicesOptions, string, string[][]]>([
    [{ approve: "b6f0c1aa-1" }, "approve b6f0c1aa-1", [["b6f0c1bb-2"], ["0123abcd", "d0"]]],
    [{ reject: "b6f0c1bb-2" }, "reject b6f0c1bb-2", [["b6f0c1aa-1"], ["0123abcd"]]],
    [{ remove: "0123abcd" }, "remove 0123abcd", [["b6f0c1aa-1", "b6f0c1bb-2"], []]],
  ])("%j reaches OpenClaw with this id and no other", async (options, words, left) => {
    await order(options);
    expect(await asked()).toEqual([`devices ${words} --json`]);
    expect(await now()).toEqual(left);
  });

  test.each<[DevicesOptions, RegExp]>([
    [{ approve: "nobody" }, /no request nobody: it has b6f0c1aa-1, b6f0c1bb-2\n.* -- devices mia$/],
    [{ reject: "b6f0c1" }, /no request b6f0c1: it is how b6f0c1aa-1 and b6f0c1bb-2 begin, .* whole/],
    [{ remove: "b6f0c1aa-1" }, /no device b6f0c1aa-1: it is the id of a request/],
  ])("%j is refused in words, and nothing is changed", async (options, words) => {
    const error = await order(options).catch((one: Error) => one);
    expect(error).toMatchObject({ code: "DEVICE_UNKNOWN", message: expect.stringMatching(words) });
    expect(await now()).toEqual([requests.map(({ requestId }) => requestId), ["0123abcd"]]);
  });

  test("an id that a shell or OpenClaw would read otherwise does not reach it", async () => {
    for (const id of ["--latest", "$(id)"])
      await expect(order({ approve: id })).rejects.toMatchObject({ code: "DEVICE_UNKNOWN" });
    expect(await asked()).toEqual([]);
  });

  test("shows who waits, with the line that lets the first one in", () => {
    const text = devicesText(
      "mia",
      { pending: [{ requestId: "r-1", deviceId: "d", ts: 0 }], paired },
      180_000,
    );
    expect(text).toMatch(/r-1 .*3 min ago[\s\S]*devices mia --approve r-1[\s\S]*0123abcd +phone/);
  });
});
