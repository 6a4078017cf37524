const MAX_LENGTH = 256;
const PLAIN = /^[\x20-\x7e]{0,256}$/;

/** What ends a line, moves a cursor, colours a terminal, turns the reading direction or cannot be seen (UAX 9, UTS 39). */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Variation_Selector}]/gu;

/** A text as one line that shows all it holds, at most 256 characters long. */
export function oneLine(text: string): string {
  if (PLAIN.test(text)) return text;
  const seen = text
    .slice(0, 8 * MAX_LENGTH)
    .toWellFormed()
    .replace(UNSEEN, "");
  return seen.length > MAX_LENGTH ? `${seen.slice(0, MAX_LENGTH - 1)}…`.toWellFormed() : seen;
}

/** Twenty and more characters of a token's alphabet, a digit among them: keys, tokens, cookies, hashes. */
const LIKE_A_SECRET = /(?=[\w+/.=~-]*\d)[\w+/.=~-]{20,}/g;

/** Takes out of an error's text what could be a secret, and what is known to be one. */
export function withoutSecrets(text: string, known: readonly string[]): string {
  const unknown = known.reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), text);
  return unknown.slice(0, 8 * MAX_LENGTH).replace(LIKE_A_SECRET, "[long]"); // of which a line shows far less
}
