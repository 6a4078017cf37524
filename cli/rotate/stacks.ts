import { readdirSync } from "node:fs";
import { projectFolder, settingsFolder } from "../init/places.ts";

const namesIn = (folder: string, pattern: RegExp): string[] => {
  try {
    return readdirSync(folder).flatMap((file) => pattern.exec(file)?.[1] ?? []);
  } catch {
    return [];
  }
};

/** All stacks of the project that the set-up has made on this machine, wherever their states are. */
export function stacksHere(): string[] {
  const withFile = namesIn(projectFolder(), /^Pulumi\.(.+)\.yaml$/);
  return namesIn(settingsFolder(), /^(.+)\.env$/)
    .filter((name) => withFile.includes(name))
    .sort();
}
