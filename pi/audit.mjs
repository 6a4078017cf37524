/**
 * Carries what is new in OpenClaw's audit ledger and in the connector's journal into the audit trail, once. Run by
 * OpenClaw's own Node as OpenClaw's user, from a timer.
 *
 * The trail is standard output: systemd has opened it, to be appended to, and this user cannot open it itself but to
 * read. OpenClaw's ledger is asked by its command: the database behind it is no interface of OpenClaw's.
 *
 * Arguments: STACK PATH ENTRY CONFIG; in the environment STATE_DIRECTORY.
 */
import { spawnSync } from "node:child_process";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";

const [stack, path, entry, configFile] = process.argv.slice(2);
const stateFile = `${process.env.STATE_DIRECTORY}/state.json`;

/** Where nothing is known yet, what led to this up belongs to the trail. */
const FIRST_LOOK_BACK_MS = 10 * 60_000;
const PAGE = 500;
/** Far more than what comes between two runs. */
const TAIL_BYTES = 2 * 1024 * 1024;

const run = (command, args) =>
  spawnSync(command, args, {
    encoding: "utf8",
    timeout: 120_000,
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, OPENCLAW_NO_AUTO_UPDATE: "1", OPENCLAW_CONFIG_PATH: configFile },
  });

function readState() {
  try {
    return JSON.parse(readFileSync(stateFile, "utf8"));
  } catch {
    return { since: Date.now() - FIRST_LOOK_BACK_MS };
  }
}

/** Whole or not at all, and on the disk: a Pi loses power. */
function writeState(state) {
  const draft = openSync(`${stateFile}.draft`, "w", 0o600);
  writeSync(draft, JSON.stringify(state));
  fsyncSync(draft);
  closeSync(draft);
  renameSync(`${stateFile}.draft`, stateFile);
}

/** Texts of OpenClaw's config that open something: whoever sends one as a name is not to find it in the trail. */
function knownSecrets() {
  try {
    const texts = readFileSync(configFile, "utf8").matchAll(
      /["']?(?:token|password|apiKey)["']?\s*:\s*["']([^"'\\]{8,})["']/gi,
    );
    return [...texts].map(([, text]) => text);
  } catch {
    return [];
  }
}

/** The end of a file, or nothing where it cannot be read. */
function tailOf(file) {
  try {
    const fd = openSync(file, "r");
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    closeSync(fd);
    return bytes.toString("utf8");
  } catch {
    return "";
  }
}

/**
 * The newest events of the ledger, oldest first, and what to go on from. The sequence only grows; where it is smaller
 * than before, it is another ledger (a new installation), of which everything since the last event counts.
 */
function ledgerEvents(state) {
  const from = new Date((state.ledgerTime ?? state.since) - 3_600_000).toISOString();
  const events = [];
  let cursor;
  do {
    const args = ["audit", "--json", "--limit", String(PAGE), "--after", from];
    const { status, stdout } = run(process.execPath, [
      entry,
      ...args,
      ...(cursor ? ["--cursor", cursor] : []),
    ]);
    if (status !== 0) return undefined;
    const page = JSON.parse(stdout);
    events.push(...page.events);
    cursor =
      page.nextCursor && !page.events.some(({ sequence }) => sequence <= state.sequence) && page.nextCursor;
  } while (cursor);
  const newest = events[0]?.sequence;
  const renewed = newest !== undefined && newest < state.sequence;
  const isNew = ({ sequence, occurredAt }) =>
    state.sequence === undefined || renewed
      ? occurredAt >= (state.ledgerTime ?? state.since)
      : sequence > state.sequence;
  return events.filter(isNew).sort((a, b) => a.sequence - b.sequence);
}

/** The connector's journal since the last entry seen: what cloudflared wrote, and what systemd says of its unit. */
function journalEntries(state) {
  const from = state.journal
    ? [`--after-cursor=${state.journal}`]
    : [`--since=@${Math.floor(state.since / 1000)}`];
  const args = ["-q", "--no-pager", "-o", "json", "-u", `cloudflared-${stack}.service`, ...from];
  const { status, stdout, stderr } = run("journalctl", args);
  if (status !== 0) throw new Error(`journalctl: ${stderr}`);
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** A sign in the trail that OpenClaw's ledger could not be asked, and that it could be again: what is in between comes late. */
const reachability = (event) => ({
  time: new Date().toISOString(),
  source: "openclaw",
  stack,
  event,
  id: `${event} ${Date.now()}`,
});

const state = readState();
const events = ledgerEvents(state);
const entries = journalEntries(state);
const secrets = knownSecrets();
const lines = [
  ...(events === undefined && !state.unreachable ? [reachability("ledger.unreachable")] : []),
  ...(events !== undefined && state.unreachable ? [reachability("ledger.reachable")] : []),
  ...entries.flatMap((entry) => journalLine(entry, stack) ?? []),
  ...(events ?? []).map((event) => ledgerLine(event, stack, secrets)),
];

// A run that was cut between the trail and its state has written what this one would write again.
const tail = tailOf(path);
const before = `${tailOf(`${path}.1`)}\n${tail}`;
const missing = lines
  .filter(({ id }) => !before.includes(`"id":${JSON.stringify(id)}`))
  .sort((a, b) => a.time.localeCompare(b.time));
// A line that was cut in the middle ends here, and is written again.
let text = Buffer.from(
  `${missing.length > 0 && tail && !tail.endsWith("\n") ? "\n" : ""}${missing.map((line) => `${JSON.stringify(line)}\n`).join("")}`,
);
while (text.length > 0) text = text.subarray(writeSync(1, text));
if (missing.length > 0) fsyncSync(1);
writeState({
  ...state,
  ...(entries.length > 0 && { journal: entries.at(-1).__CURSOR }),
  ...(events?.length > 0 && { sequence: events.at(-1).sequence, ledgerTime: events.at(-1).occurredAt }),
  unreachable: events === undefined,
});
