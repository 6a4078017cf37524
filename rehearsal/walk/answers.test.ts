import { expect, test } from "vitest";
import type { Host } from "../host/host.ts";
import { NotWalked } from "../progress.ts";
import { expectAnswer, expectModel } from "./answers.ts";

const rehearsed = { ownModel: false } as Host;
const owners = { ownModel: true } as Host;
const failed = { status: 500, body: '{"error":{"message":"internal error","type":"api_error"}}' };

test("the rehearsal's model has to repeat the question, an owner's only to say something", () => {
  expect(() => expectAnswer(rehearsed, "heard: count the cats", "count the cats")).not.toThrow();
  expect(() => expectAnswer(rehearsed, "Seven.", "count the cats")).toThrow("it said: Seven.");
  expect(() => expectAnswer(owners, "Seven.", "count the cats")).not.toThrow();
  expect(() => expectAnswer(owners, " ", "count the cats")).toThrow();
});

test("an error of OpenClaw's behind an owner's model is not walked, one of the gateway's is no excuse", () => {
  expect(() => expectModel(owners, failed)).toThrow(NotWalked);
  expect(() => expectModel(rehearsed, failed)).not.toThrow();
  const gateways = { status: 502, body: '{"error":{"message":"…","code":"TUNNEL_DOWN"}}' };
  expect(() => expectModel(owners, gateways)).not.toThrow();
  expect(() => expectModel(owners, { status: 502, body: "<html>" })).not.toThrow();
});
