import { expect, test } from "vitest";
import { configSchema } from "../../infra/config.ts";
import { EVERYONE } from "../../infra/config-access.ts";
import { stillLetIn } from "./still-let-in.ts";

const emails = ["ann@example.com"];

test.each<[object, RegExp | undefined]>([
  [{ emails }, undefined],
  [{ emails, emailDomains: ["ample.com"] }, undefined],
  [{ emails, emailDomains: ["example.com"] }, /everyone of example\.com/],
  [{ emails, groups: ["f174e90a-fafe-4643-bbbc-4a0ed4fc8415"] }, /an Access group/],
  [{ emails, identityProviders: ["f174e90a-fafe-4643-bbbc-4a0ed4fc8415"] }, /a login service/],
  [{ emails, everyone: EVERYONE }, /as a guest like anybody/],
])("says by what somebody who was removed may log in again: %j", (keys, words) => {
  const said = stillLetIn("bob@example.com", "home", configSchema.shape.access.parse(keys));
  expect(said).toEqual(words ? [expect.stringMatching(words)] : []);
});
