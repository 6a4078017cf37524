import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { type Result, untouched } from "./operation.ts";
import { resultTable } from "./report.ts";

const plain = Object.assign(new Writable(), { isTTY: false }) as unknown as NodeJS.WriteStream;
const ok = (stack: string, change: Partial<Result>): Result => ({ ...untouched(stack, "ok"), ...change });

test("a preview says what would be done, and to which resources; an up what was done", () => {
  const changes = { create: 1, update: 2, same: 9 };
  const changed = [
    { op: "update", name: "mia-script" },
    { op: "create", name: "mia-dns" },
    { op: "update", name: "mia-app" },
  ];
  const results = [ok("mia", { changes, changed }), ok("ben", { changes: { same: 12 } })];
  const preview = resultTable("preview", results, plain);
  expect(preview).toMatch(/^mia +ok +1 to create, 2 to update +0\.0\nben +ok +nothing to change +0\.0$/m);
  expect(preview).toContain("\nmia would:\n  create: mia-dns\n  update: mia-script, mia-app");
  expect(preview).not.toContain("ben would");
  const up = resultTable("up", results, plain);
  expect(up).toMatch(/^mia +ok +1 created, 2 updated/m);
  expect(up).not.toContain("would");
});

test("says what is to be known once, with the stacks that it is said of, and why some failed", () => {
  const bypass = "ACCESS_OVERLAP: the application admin has a Bypass policy";
  const text = resultTable(
    "up",
    [
      ok("ben", { notes: [bypass] }),
      ok("mia", { notes: ["PI_ABANDONED: what stays:\na file", bypass] }),
      untouched("tom", "failed", "CONFIG_INVALID: two\nlines"),
      untouched("zoe", "not started"),
    ],
    plain,
  );
  expect(text.split("\n\n").slice(1)).toEqual([
    `ben, mia:\n  ${bypass}`,
    "mia:\n  PI_ABANDONED: what stays:\n  a file",
    "tom:\n  CONFIG_INVALID: two\n  lines",
    "Not all is done. The same command again goes on where each stack stands.",
  ]);
});
