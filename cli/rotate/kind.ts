import { Refusal } from "../../infra/refusal.ts";
import type { ConfigChange } from "./change-config.ts";
import { askUntil, type Credentials, type GatewayAnswer, inWords } from "./gateway.ts";
import { type Scene, type Surroundings, urlOf } from "./scene.ts";

/** What a new secret begins with. */
export interface Begun {
  readonly changes: readonly ConfigChange[];
  /** What has to be known later: the old secret, to see it refused. Nothing where the stack does not know it. */
  readonly kept: string | undefined;
}

/** What was seen in place of a real request, in words; nothing where it was one. */
export type Seen = string | undefined;

/** A secret of a stack that can be replaced: what is asked of the config, and how it is seen to be so. */
export interface Kind {
  /** Such as `api-key` or `service-token:phone`. */
  readonly target: string;
  readonly title: string;
  /** The old one goes on for a while. */
  readonly overlaps: boolean;
  /** @throws Refusal where it cannot be done in this stack */
  begin(scene: Scene, until: string): Promise<Begun> | Begun;
  /** What the config says when the old one is to go on until another time, before anything was built. */
  extend?(scene: Scene, until: string): readonly ConfigChange[];
  /** What belongs to it once the new one is built. */
  afterUp?(scene: Scene): Promise<void>;
  /** Why what was built is the old one still, which any proof would take for the new one; nothing where it is new. */
  notNew?(scene: Scene, kept: string | undefined): Promise<Refusal | undefined> | Refusal | undefined;
  /** A real request with the new one, or what comes nearest to it. @throws Refusal ROTATION_UNPROVEN */
  proveNew(scene: Scene, around: Surroundings): Promise<Seen>;
  /** What the config says once the old one is ended; nothing where it ends by itself. */
  end?(scene: Scene, around: Surroundings): readonly ConfigChange[];
  /** A real request with the old one, or what comes nearest to it. @throws Refusal ROTATION_OLD_ACCEPTED */
  proveOldRefused(scene: Scene, around: Surroundings, kept: string): Promise<Seen>;
  /** Where its programs find the new one, as it is typed. */
  readonly next?: string;
}

/** A refusal of a new secret that is not one. */
export const notNew = (what: string, ...mend: string[]): Refusal =>
  new Refusal("ROTATION_NOT_NEW", what, ...mend);

/** Asks with a new secret until it is taken. */
export async function requireTaken(
  scene: Scene,
  around: Surroundings,
  { title, path, credentials }: { title: string; path: string; credentials: Credentials },
  isTaken: (answer: GatewayAnswer) => boolean,
): Promise<void> {
  const url = urlOf(scene);
  const answer = await askUntil(() => around.ask(url, path, credentials), isTaken, {
    withinMs: around.patienceMs,
    signal: around.signal,
  });
  if (!isTaken(answer))
    throw new Refusal(
      "ROTATION_UNPROVEN",
      `with ${title} the new one, ${url}${path} gave ${inWords(answer)}; nothing of the old one was ended`,
      ...unprovenMend(scene),
    );
}

export const unprovenMend = ({ stack }: Scene): string[] => [
  `mend that (docs/errors.md has the codes), then go on: npm run rotate -- --stack ${stack.name}`,
];

/** Asks with an old secret until it is refused. */
export async function requireRefused(
  scene: Scene,
  around: Surroundings,
  { title, path, credentials }: { title: string; path: string; credentials: Credentials },
  isRefused: (answer: GatewayAnswer) => boolean,
): Promise<void> {
  const url = urlOf(scene);
  const answer = await askUntil(() => around.ask(url, path, credentials), isRefused, {
    withinMs: around.patienceMs,
    signal: around.signal,
  });
  if (!isRefused(answer)) throw stillAccepted(scene, title, `${url}${path} gave ${inWords(answer)}`);
}

export const stillAccepted = (scene: Scene, title: string, seen: string): Refusal =>
  new Refusal(
    "ROTATION_OLD_ACCEPTED",
    `with the old one of ${title}, ${seen}: it is not refused`,
    `try again in a minute: npm run rotate -- --stack ${scene.stack.name} --finish`,
  );
