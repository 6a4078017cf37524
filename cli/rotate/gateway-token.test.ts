import { describe, expect, onTestFinished, test } from "vitest";
import { PiUnreachable } from "../../infra/ssh-refusal.ts";
import { Interrupted } from "../interruption.ts";
import { rotateGatewayToken } from "./gateway-token.ts";
import { readScene } from "./scene.ts";
import { standingIn } from "./standing.ts";
import { fakeStack, leastConfig } from "./testing/fake-stack.ts";

const goesOn = "npm run rotate -- --stack home gateway-token";
const tokenRefused = { status: 502, code: "OPENCLAW_TOKEN_REFUSED", byWorker: true };
const unreachable = new PiUnreachable("PI_UNREACHABLE", "192.168.1.20 does not answer", "is it on?");
const lost = new PiUnreachable("PI_CONNECTION_LOST", "the connection to the Pi was lost", "is it still on?");

/** A stack between a Pi and a Worker, each with a token; an up brings the Pi's to the Worker. */
async function home(own: Record<string, unknown> = leastConfig) {
  const fake = await fakeStack(own);
  onTestFinished(() => fake.remove());
  const tokens = { onPi: "first", atWorker: "first" };
  fake.resources = () => {
    const stdout = { plaintext: JSON.stringify(`${JSON.stringify({ token: tokens.atWorker })}\n`) };
    return [{ urn: "urn::Command::home-openclaw", outputs: { stdout } }];
  };
  fake.onUp = () => {
    tokens.atWorker = tokens.onPi;
  };
  const given: string[] = [];
  /** What happens on the Pi at the first, second ... time that it is given a token; by itself it takes it. */
  const onPi: ((take: () => void) => void)[] = [];
  const setOnPi = async (_pi: unknown, token: string) => {
    given.push(token === "first" ? "old" : "new");
    const take = () => {
      tokens.onPi = token;
    };
    (onPi[given.length - 1] ?? ((accept) => accept()))(take);
  };
  const interruption = new AbortController();
  const around = { ...fake.around, signal: interruption.signal };
  return {
    fake,
    given,
    onPi,
    tokens,
    interruption,
    rotated: (surroundings = around) => rotateGatewayToken(fake.stack, surroundings, setOnPi),
    record: async () => (await readScene(fake.stack)).record,
  };
}

const none = { pending: {}, kept: {}, rotated: {} };

describe("OpenClaw's own token", () => {
  test("is changed on the Pi first, then at the Worker", async () => {
    const { given, rotated, record, tokens } = await home();
    expect(await rotated()).toBeUndefined();
    expect(given).toEqual(["new"]);
    expect(tokens.atWorker).toBe(tokens.onPi);
    expect(await record()).toEqual({ ...none, rotated: { "gateway-token": "2030-01-01T00:00:00Z" } });
  });

  test("is put back on both when no request gets through", async () => {
    const { fake, given, rotated, record, tokens } = await home();
    fake.answer = () => tokenRefused;
    await expect(rotated()).rejects.toThrow(/^ROTATION_PUT_BACK.*OPENCLAW_TOKEN_REFUSED/s);
    expect(given).toEqual(["new", "old"]);
    expect(tokens).toEqual({ onPi: "first", atWorker: "first" });
    expect(await record()).toEqual(none);
  });

  test("is none with signIn access", async () => {
    const { rotated } = await home({ ...leastConfig, "openclaw-gateway:signIn": "access" });
    await expect(rotated()).rejects.toThrow("ROTATION_NOT_POSSIBLE");
  });

  test("without a service token is proven by the Pi and by what the up has read there, and that is said", async () => {
    const { fake, rotated, tokens } = await home({ ...leastConfig, "openclaw-gateway:serviceTokens": [] });
    let asked = 0;
    fake.answer = () => {
      asked++;
      return { status: 401, code: "", byWorker: false };
    };
    const seen = await rotated();
    expect(seen).toContain("refuses the old one there");
    expect(seen).toContain("no request was made through both: the stack has no service token");
    expect(asked).toBe(0);
    expect(tokens.atWorker).not.toBe("first");
  });

  test("without a service token is put back when the up has not read the new one", async () => {
    const { fake, rotated, tokens } = await home({ ...leastConfig, "openclaw-gateway:serviceTokens": [] });
    fake.onUp = () => {};
    await expect(rotated()).rejects.toThrow(/^ROTATION_PUT_BACK.*another token/s);
    expect(tokens).toEqual({ onPi: "first", atWorker: "first" });
  });
});

describe("OpenClaw's own token, with a Pi that is away", () => {
  test("at the start stays what it was, and nothing is left begun", async () => {
    const { fake, given, onPi, rotated, record } = await home();
    onPi[0] = () => {
      throw unreachable;
    };
    const rotating = rotated();
    await expect(rotating).rejects.toThrow(
      /^PI_UNREACHABLE: .*is the old one still, and nothing was changed/s,
    );
    await expect(rotating).rejects.toThrow(`is it on?\n  mend that, then: ${goesOn}`);
    expect(given).toEqual(["new"]);
    expect(fake.calls).not.toContain("up");
    expect(await record()).toEqual(none);
  });

  test("while it took the new one is put back", async () => {
    const { onPi, given, rotated, tokens } = await home();
    onPi[0] = (take) => {
      take();
      throw lost;
    };
    await expect(rotated()).rejects.toThrow(/^ROTATION_PUT_BACK.*PI_CONNECTION_LOST/s);
    expect(given).toEqual(["new", "old"]);
    expect(tokens).toEqual({ onPi: "first", atWorker: "first" });
  });

  test("for good after that keeps both tokens, and says that nobody knows which one it has", async () => {
    const { onPi, rotated, record, tokens } = await home();
    onPi[0] = (take) => {
      take();
      throw lost;
    };
    onPi[1] = () => {
      throw unreachable;
    };
    const rotating = rotated();
    await expect(rotating).rejects.toThrow(
      /^ROTATION_UNPROVEN.*could not be put back everywhere: PI_UNREACHABLE/s,
    );
    await expect(rotating).rejects.toThrow(
      "OpenClaw on the Pi has the old one or the new one, which was not seen; the Worker has the old one.",
    );
    await expect(rotating).rejects.toThrow("ends in OPENCLAW_TOKEN_REFUSED");
    await expect(rotating).rejects.toThrow(`go on: ${goesOn}`);
    const { kept } = await record();
    expect(JSON.parse(kept["gateway-token"] ?? "")).toEqual({ old: "first", new: tokens.onPi });

    // Still away: what a run before may have done is not taken for undone.
    onPi[2] = () => {
      throw unreachable;
    };
    await expect(rotated()).rejects.toThrow(
      /^ROTATION_UNPROVEN.*where a run was cut before: PI_UNREACHABLE/s,
    );
    expect((await record()).kept).toEqual(kept);
    // Back again: it goes on with the same new one.
    const made = tokens.onPi;
    await rotated();
    expect(tokens).toEqual({ onPi: made, atWorker: made });
  });

  test("is not put back in vain where OpenClaw has refused before any change", async () => {
    const { Refusal } = await import("../../infra/refusal.ts");
    const { given, onPi, rotated, record } = await home();
    onPi[0] = () => {
      throw new Refusal(
        "OPENCLAW_TOKEN_REFERENCE",
        "it refers to a secret kept elsewhere",
        "change it there",
      );
    };
    await expect(rotated()).rejects.toThrow(/^OPENCLAW_TOKEN_REFERENCE: .*nothing was changed/s);
    expect(given).toEqual(["new"]);
    expect(await record()).toEqual(none);
  });
});

describe("OpenClaw's own token, where the way back fails too", () => {
  test("at the Worker: the Pi has the old one, and of the Worker nothing is claimed", async () => {
    const { fake, rotated, record, tokens } = await home();
    fake.onUp = () => Promise.reject(new Error("no network"));
    const rotating = rotated();
    await expect(rotating).rejects.toThrow(
      /^ROTATION_UNPROVEN.*no network.*put back everywhere: no network/s,
    );
    await expect(rotating).rejects.toThrow(
      "OpenClaw on the Pi has the old one; the Worker has the old one or the new one, which was not seen",
    );
    expect(tokens).toEqual({ onPi: "first", atWorker: "first" });
    expect((await record()).pending).toHaveProperty("gateway-token");
  });

  test("on the Pi, after the Worker had the new one: both are said to have it", async () => {
    const { fake, onPi, rotated, tokens } = await home();
    fake.answer = () => tokenRefused;
    onPi[1] = () => {
      throw unreachable;
    };
    const rotating = rotated();
    await expect(rotating).rejects.toThrow("OpenClaw on the Pi has the new one; the Worker has the new one");
    await expect(rotating).rejects.not.toThrow("While they differ");
    expect(tokens.atWorker).toBe(tokens.onPi);
    expect(tokens.onPi).not.toBe("first");
  });
});

describe("Ctrl-C", () => {
  test("between the Pi and the Worker says which has which, that requests fail, and what goes on", async () => {
    const { fake, given, onPi, rotated, interruption, record, tokens } = await home();
    onPi[0] = (take) => {
      take();
      interruption.abort();
    };
    const rotating = rotated();
    await expect(rotating).rejects.toThrow(Interrupted);
    await expect(rotating).rejects.toThrow(
      "Interrupted. OpenClaw on the Pi has the new one; the Worker has the old one. While they differ, every request through the gateway ends in OPENCLAW_TOKEN_REFUSED",
    );
    await expect(rotating).rejects.toThrow(`go on: ${goesOn}`);
    expect(given).toEqual(["new"]);
    expect(fake.calls).not.toContain("up");
    expect(standingIn("home", await record())).toEqual([
      expect.stringMatching(/^gateway-token: begun, and both .*gateway-token$/),
    ]);
    const made = tokens.onPi;
    await rotated(fake.around);
    expect(tokens).toEqual({ onPi: made, atWorker: made });
  });

  test("after the up says that both have the new one", async () => {
    const { fake, rotated, interruption, tokens } = await home();
    fake.onUp = () => {
      tokens.atWorker = tokens.onPi;
      interruption.abort();
    };
    const rotating = rotated();
    await expect(rotating).rejects.toThrow(Interrupted);
    await expect(rotating).rejects.toThrow("OpenClaw on the Pi has the new one; the Worker has the new one");
  });

  test("and a step that fails then: it is not put back, and what stands is said", async () => {
    const { fake, given, rotated, interruption } = await home();
    fake.onUp = () => {
      interruption.abort();
      return Promise.reject(new Error("no network"));
    };
    const rotating = rotated();
    await expect(rotating).rejects.toThrow(/^ROTATION_UNPROVEN.*was stopped there: no network/s);
    await expect(rotating).rejects.toThrow(
      "OpenClaw on the Pi has the new one; the Worker has the old one or",
    );
    expect(given).toEqual(["new"]);
  });
});
