import { homedir } from "node:os";
import { join, relative, resolve } from "node:path";

/** The project's folder, where Pulumi.yaml is: npm runs its scripts there. */
export const projectFolder = (): string => process.cwd();

/** Where the set-up keeps a stack's own files, outside of the project, so that no git ever takes them along. */
export function settingsFolder(): string {
  return join(process.env.XDG_CONFIG_HOME || join(homedir(), ".config"), "openclaw-gateway");
}

/** The generated passphrase of a stack. */
export const passphrasePath = (stack: string): string => join(settingsFolder(), `${stack}.passphrase`);

/** Lines for a shell: the stack's backend and passphrase file, no secret. */
export const shellFilePath = (stack: string): string => join(settingsFolder(), `${stack}.env`);

/** A path as a person writes it, with `~` for the home folder. */
export const expanded = (path: string): string => resolve(path.replace(/^~(?=\/|$)/, homedir()));

export const isInProject = (path: string): boolean => {
  const way = relative(projectFolder(), resolve(path));
  return way === "" || !(way === ".." || way.startsWith("../") || way.startsWith("/"));
};

/** A word for a POSIX shell, quoted only where it has to be. */
export const quoted = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
