import { expect, test } from "vitest";
import { connected } from "./connectors.ts";

test("counts the connectors that are connected, each with its addresses, and not what is left of a former one", () => {
  const conn = (origin_ip: string, is_pending_reconnect = false) => ({ origin_ip, is_pending_reconnect });
  const listed = [
    { id: "own", conns: [conn("192.0.2.1"), conn("192.0.2.1"), conn("192.0.2.9", true)] },
    { id: "former", conns: [conn("192.0.2.1", true)] },
    { id: "gone", conns: [] },
    { id: "stranger", conns: [conn("198.51.100.1"), conn("198.51.100.2")] },
    { id: "untold" },
    { id: "empty", conns: null },
  ];
  expect(connected(listed)).toEqual([
    { connectorId: "own", originIps: ["192.0.2.1"] },
    { connectorId: "stranger", originIps: ["198.51.100.1", "198.51.100.2"] },
    { connectorId: "untold", originIps: [] },
    { connectorId: "empty", originIps: [] },
  ]);
  expect([connected(null), connected(undefined)]).toEqual([[], []]);
});
