import { statfs } from "node:fs/promises";
import { dirname } from "node:path";

/** In the words of Node, of libc (strerror) and of programs that pass them on. */
const fullDisk = /ENOSPC|No space left on device|Disk quota exceeded|not enough free space/i;

/**
 * Adds to an error of a full disk which of the folders has no room left, since the error itself often names a program
 * and not a place. Any other error is given back as it is.
 *
 * @param folders what each is for, by its path
 */
export async function explainFullDisk(
  error: unknown,
  folders: Readonly<Record<string, string>>,
): Promise<unknown> {
  if (!(error instanceof Error) || !fullDisk.test(error.message)) return error;
  const lines = await Promise.all(
    Object.entries(folders).map(async ([folder, use]) => {
      const { free, size } = await roomIn(folder);
      return `  ${folder} (${use}): ${free} of ${size} MB free`;
    }),
  );
  return new Error(
    `${error.message}\nA disk was full. What was half made is gone again, and there is now, where a rehearsal writes:\n${lines.join("\n")}`,
    {
      cause: error,
    },
  );
}

/** Megabytes of the file system that a folder is on, or will be on once it is made. */
async function roomIn(folder: string): Promise<{ free: number; size: number }> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { free: Math.floor((bavail * bsize) / 2 ** 20), size: Math.floor((blocks * bsize) / 2 ** 20) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" && folder !== "/") return roomIn(dirname(folder));
    throw error;
  }
}
