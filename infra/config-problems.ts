import { distance } from "fastest-levenshtein";
import { z } from "zod";

/** One thing that is wrong with a stack's config, in words for the person who can mend it. */
export interface ConfigProblem {
  /** Path of the key as `pulumi config set --path` takes it. */
  readonly key: string;
  readonly got: string;
  readonly wanted: string;
  readonly mend: string;
}

/** What is being checked: the schema, the namespace of its keys, and the raw values, secrets in clear. */
export interface Checked {
  readonly schema: z.core.$ZodType;
  readonly namespace: string;
  readonly stack: string;
  readonly raw: unknown;
}

type Path = readonly PropertyKey[];

/**
 * Zod's issues as problems, each once. A key that is only misspelt is one problem and not two: what it was meant for is
 * then not said to be missing as well.
 */
export function explainIssues(issues: readonly z.core.$ZodIssue[], checked: Checked): ConfigProblem[] {
  const strays = issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" ? issue.keys.map((name) => strayKey(issue.path, name, checked)) : [],
  );
  const meant = strays.flatMap(({ target }) => (target ? [target] : []));
  const others = issues
    .filter(({ code, path }) => code !== "unrecognized_keys" && !isMeant(path, meant, checked))
    .map((issue) => wrongValue(issue, checked));
  return [...strays.map(({ problem }) => problem), ...others];
}

const isMeant = (path: Path, meant: readonly Path[], { raw }: Checked): boolean =>
  isAbsent(valueAt(raw, path)) && meant.some((target) => target.every((part, index) => part === path[index]));

function strayKey(path: Path, name: string, checked: Checked): { problem: ConfigProblem; target?: Path } {
  const key = keyPath([...path, name], checked);
  const near = nearest(name, knownKeys(path, checked));
  if (near === undefined) {
    const mend = `npx pulumi config rm --path '${key}'`;
    return {
      problem: { key, got: "not a key of this project", wanted: "one that docs/config.md lists", mend },
    };
  }
  const target = [...path, near];
  const got = `not a key of this project; did you mean "${near}"?`;
  const wanted = `"${near}", or one that docs/config.md lists`;
  return { problem: { key, got, wanted, mend: renaming(key, [...path, name], target, checked) }, target };
}

/** Lines that give the value to the right key as it stands; a secret goes through a pipe and never through arguments. */
function renaming(key: string, path: Path, target: Path, checked: Checked): string {
  const value = valueAt(checked.raw, path);
  if (typeof value === "object" || !isAbsent(valueAt(checked.raw, target)))
    return `rename it in Pulumi.${checked.stack}.yaml, or: npx pulumi config rm --path '${key}'`;
  const right = keyPath(target, checked);
  const secret = isSecret(target, checked) ? "--secret " : "";
  return `npx pulumi config get --path '${key}' | npx pulumi config set --path ${secret}'${right}' && npx pulumi config rm --path '${key}'`;
}

/** The known key that a misspelt one is likely to be: at most a third of its letters differ. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((key) => ({ key, letters: distance(name.toLowerCase(), key.toLowerCase()) }))
    .sort((a, b) => a.letters - b.letters);
  const [best] = ranked;
  return best && best.letters <= Math.max(2, Math.floor(best.key.length / 3)) ? best.key : undefined;
}

function wrongValue(issue: z.core.$ZodIssue, checked: Checked): ConfigProblem {
  const { path } = issue;
  const key = keyPath(path, checked);
  const value = valueAt(checked.raw, path);
  const secret = isSecret(path, checked);
  return {
    key,
    got: described(value, secret),
    wanted: wantedBy(issue, value),
    mend: setting(key, value, unwrapped(schemaAt(path, checked)), secret),
  };
}

/** The line that sets a key. A text where a list or keys are wanted has to go first: Pulumi adds nothing to a text. */
function setting(key: string, value: unknown, schema: z.core.$ZodType | undefined, secret: boolean): string {
  const set = (path: string) =>
    `npx pulumi config set --path ${secret ? "--secret " : ""}'${path}' ${secret ? "< FILE" : "VALUE"}`;
  const away = isAbsent(value) ? "" : `npx pulumi config rm --path '${key}' && `;
  if (schema instanceof z.ZodArray && !Array.isArray(value))
    return `${away}${set(schema.element instanceof z.ZodObject ? `${key}[0].name` : `${key}[0]`)}`;
  if (schema instanceof z.ZodObject) return `${away}${set(`${key}.${Object.keys(schema.shape)[0]}`)}`;
  return set(key);
}

const isAbsent = (value: unknown): boolean =>
  value === undefined ||
  value === "" ||
  (typeof value === "object" && value !== null && Object.keys(value).length === 0);

/** What looks like a credential is not shown either: someone may have given it to the wrong key. */
const looksSecret = (text: string): boolean =>
  text.length > 120 || text.includes("\n") || /PRIVATE KEY|^cf(ut|at|ast|k)_/.test(text);

function described(value: unknown, secret: boolean): string {
  if (isAbsent(value)) return "not set";
  if (secret) return "something else (not shown: it is a secret)";
  if (typeof value === "object") return Array.isArray(value) ? "got a list" : "got keys of its own";
  const text = String(value);
  return looksSecret(text) ? `got ${text.length} letters (not shown)` : `got ${JSON.stringify(value)}`;
}

const kinds: Readonly<Record<string, string>> = {
  string: "a text",
  array: "a list",
  object: "keys of its own",
};

function wantedBy(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code !== "invalid_type" || issue.expected === "boolean") return issue.message;
  const quoted = typeof value === "string" && /^[0-9]+$/.test(value) ? ", without quotes" : "";
  return issue.expected === "int" || issue.expected === "number"
    ? `${issue.message}${quoted}`
    : (kinds[issue.expected] ?? issue.expected);
}

const isSecret = (path: Path, checked: Checked): boolean =>
  z.globalRegistry.get(schemaAt(path, checked) ?? z.never())?.secret === true;

const knownKeys = (path: Path, checked: Checked): string[] => {
  const schema = unwrapped(schemaAt(path, checked));
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
};

/** The schema of what stands at a path, with its wrappers. */
function schemaAt(path: Path, { schema }: Checked): z.core.$ZodType | undefined {
  return path.reduce<z.core.$ZodType | undefined>((outer, part) => {
    const at = unwrapped(outer);
    if (at instanceof z.ZodArray) return at.element;
    return at instanceof z.ZodObject ? at.shape[String(part)] : undefined;
  }, schema);
}

function unwrapped(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return unwrapped(schema.unwrap());
  return schema instanceof z.ZodPipe ? unwrapped(schema.in) : schema;
}

const keyPath = (path: Path, { namespace }: Checked): string =>
  `${namespace}:${path.map((part, index) => (typeof part === "number" ? `[${part}]` : `${index ? "." : ""}${String(part)}`)).join("")}`;

const valueAt = (raw: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], raw);
