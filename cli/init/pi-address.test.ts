import { describe, expect, test } from "vitest";
import { parsePiAddress, piAddressText } from "./pi-address.ts";

describe("parsePiAddress", () => {
  test.each([
    ["raspberrypi.local", { user: "pi", host: "raspberrypi.local", port: 22 }],
    ["ada@10.0.0.7:2222", { user: "ada", host: "10.0.0.7", port: 2222 }],
    ["ada@fd00::7", { user: "ada", host: "fd00::7", port: 22 }],
    ["[fd00::7]:2222", { user: "pi", host: "fd00::7", port: 2222 }],
  ])("reads %s, and writes it so that it reads the same", (text, address) => {
    expect(parsePiAddress(text)).toEqual(address);
    expect(parsePiAddress(piAddressText(address))).toEqual(address);
  });

  test.each(["", "pi@", "pi@host:0", "pi@host:x", "a b@host", "ssh://pi@host", "pi@-oProxyCommand=x"])(
    "refuses %j, and says what is wanted",
    (text) => {
      expect(() => parsePiAddress(text)).toThrow(/PI_ADDRESS[\s\S]*\[USER@\]HOST\[:PORT\]/);
    },
  );
});
