import { expect, test } from "vitest";
import { newKeyPair } from "./keys.ts";

test("an ed25519 key is always whole, also where it begins with a zero", () => {
  const lengths = Array.from(
    { length: 2000 },
    () => Buffer.from(newKeyPair("ed25519").public.split(" ")[1] ?? "", "base64").length,
  );
  expect([...new Set(lengths)]).toEqual([51]);
});
