import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { explainFullDisk } from "./room.ts";

const folders = { [`${tmpdir()}/not/there/yet`]: "what is kept" };

test("an error of a full disk names the folders and the room that they have", async () => {
  const error = await explainFullDisk(new Error("cp failed: No space left on device"), folders);
  expect((error as Error).message).toMatch(
    /^cp failed.*\nA disk was full\.[\s\S]*not\/there\/yet \(what is kept\): \d+ of \d+ MB free$/,
  );
});

test("any other error is left as it is", async () => {
  const error = new Error("no route to host");
  expect(await explainFullDisk(error, folders)).toBe(error);
});
