import type { Socket } from "node:net";

/** Longest line of the protocol; whoever sends more without a newline is no connector. */
const maxLineBytes = 8192;

/**
 * Calls `onLine` for each line that arrives, without its newline.
 *
 * @returns ends the reading and gives what came after the last line, for a socket whose bytes are raw from there on
 */
export function readLines(socket: Socket, onLine: (line: string) => void): () => Buffer {
  let pending: Buffer = Buffer.alloc(0);
  let reading = true;
  const onData = (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let end = pending.indexOf(10); reading && end >= 0; end = pending.indexOf(10)) {
      const line = pending.subarray(0, end).toString("utf8");
      pending = pending.subarray(end + 1);
      onLine(line);
    }
    if (reading && pending.length > maxLineBytes) socket.destroy();
  };
  socket.on("data", onData);
  return () => {
    reading = false;
    socket.off("data", onData);
    socket.pause();
    return pending;
  };
}
