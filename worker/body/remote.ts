import type { Body } from "./read.ts";

/**
 * Whether a body asks OpenClaw to fetch something for it: an image or a file that is given by its address. OpenClaw
 * fetches those of /v1/responses unless it is told not to (`allowUrl`), from the Pi and so from inside the home.
 */
export function hasRemoteContent({ input, messages }: Body): boolean {
  return [input, messages].some(
    (items) => Array.isArray(items) && items.some((item) => partsOf(item).some(isRemote)),
  );
}

/** The item itself too: an image may stand in a list without a message around it. */
function partsOf(item: unknown): readonly unknown[] {
  const { content, output } = (item ?? {}) as Body;
  return [item, content, output].flat();
}

function isRemote(part: unknown): boolean {
  const { source, image_url: image, file_url: file, file: data } = (part ?? {}) as Body;
  return [source, image, file, data].some((value) => {
    const { type, url = value, file_data: inner } = (value ?? {}) as Body;
    return type === "url" || isAddress(url) || isAddress(inner);
  });
}

/**
 * `data:` holds what it names (RFC 2397); everything else has to be fetched. By its colon alone, which base64 has not:
 * before a scheme and within it, who reads a URL overlooks line ends and control characters (URL, 4.4).
 */
const isAddress = (value: unknown): boolean =>
  typeof value === "string" && value.includes(":") && !/^\s*data:/i.test(value);
