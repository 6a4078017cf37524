/**
 * The variables of a file that `npm run init` wrote for a shell (cli/init/write.ts): `export NAME=VALUE`, the value
 * quoted where it has to be. Anything else in it is a person's own, and left out.
 */
export function parseShellFile(text: string): Record<string, string> {
  const lines = [...text.matchAll(/^export ([A-Z_]+)=(.*)$/gm)];
  return Object.fromEntries(lines.map(([, name = "", word = ""]) => [name, unquoted(word)]));
}

const unquoted = (word: string): string =>
  word.startsWith("'") ? word.slice(1, -1).replaceAll(String.raw`'\''`, "'") : word;
