import { once } from "node:events";
import { expect, test } from "vitest";
import { rehearse, traces, until } from "../rehearsal/testing/rehearse.ts";

const bound = 10 * 60_000;

/** A rehearsal to its end. */
async function whole(): Promise<{ code: number; stderr: string }> {
  const { child, said } = rehearse("--json");
  const [code] = await once(child, "exit");
  return { code, stderr: said.stderr };
}

test.each([1, 2, 3])(
  "ends well every time (%i)",
  async () => {
    expect(await whole()).toMatchObject({ code: 0 });
  },
  bound,
);

test(
  "two at once do not disturb each other",
  async () => {
    const before = traces();
    const both = await Promise.all([whole(), whole()]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(traces()).toEqual(before);
  },
  bound,
);

test.each(["… host raspberrypi", "… pulumi up builds the chain", "… OpenClaw answers curl (JSON)"])(
  'what a rehearsal left that was killed at "%s" is cleared by the next',
  async (moment) => {
    const before = traces();
    const { child, said } = rehearse();
    await until(child, said, moment);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await whole()).toMatchObject({ code: 0 });
    expect(traces()).toEqual(before);
  },
  bound,
);
