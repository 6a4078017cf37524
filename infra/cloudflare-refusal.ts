import { permissionsToWrite, type TokenPermission, tokenPermissions } from "../contract/permissions.ts";
import { type CloudflareRefusal, cloudflareRefusals } from "./error-codes/in-cloudflares-words.ts";
import { addPermission, type Missing, tokenPage } from "./missing.ts";

/** A request that Cloudflare refused. */
export interface RefusedRequest {
  readonly method: string;
  /** Its address, or what stands below `/client/v4`. */
  readonly url: string;
  readonly status: number;
  readonly code: number;
  /** Cloudflare's message. */
  readonly words: string;
}

/** What a refusal for want of a permission, or of a good token, means and how to mend it; undefined for any other. */
export function explainRefusal(refused: RefusedRequest): Missing | undefined {
  const row = cloudflareRefusals.find((one) => fits(one, refused));
  if (!row) return undefined;
  const { means, meaning, mend } = row;
  const what = `Cloudflare's code ${refused.code} to ${refused.method} ${pathOf(refused.url)}: ${meaning.replace(/\.$/, "")}`;
  const lacking = means === "CLOUDFLARE_PERMISSION_MISSING" ? permissionsFor(refused) : [];
  return {
    code: means,
    what,
    mend:
      lacking.length > 0
        ? `${tokenPage}, the token, Edit: add ${lacking.map(addPermission).join(", or ")}; the token itself stays the same. Then run the same command again: it goes on where it stopped`
        : mend.replace(/\.$/, ""),
  };
}

const fits = ({ code, status, words }: CloudflareRefusal, refused: RefusedRequest): boolean =>
  code === refused.code && status.includes(refused.status) && refused.words.includes(words);

const pathOf = (url: string): string => url.replace(/^.*\/client\/v4(?=\/)/, "").replace(/\?.*$/, "");

const bind = (permission: TokenPermission): boolean => permission.level === "Bind";

function permissionsFor({ code, method, url }: RefusedRequest): TokenPermission[] {
  if (code === 10196) return tokenPermissions.filter(bind);
  const below = pathOf(url).replace(/^\/accounts\/[^/]+(?=\/)/, "");
  const lacking = permissionsToWrite(below);
  // Only an upload binds.
  return method === "PUT" || method === "POST" ? lacking : lacking.filter((one) => !bind(one));
}

const REQUEST = /\b(GET|POST|PUT|PATCH|DELETE) "(https?:\/\/[^"]+)": (\d{3})/g;
const ERROR = /"code":\s*(\d+)\s*,\s*"message":\s*"((?:[^"\\]|\\.)*)"/g;

/**
 * What to say to refusals in the provider's words, each once, such as
 * `PUT "https://api.cloudflare.com/client/v4/accounts/ID/workers/scripts/NAME": 403 Forbidden {"errors":[{"code":10196…`
 * (cloudflare-go, internal/apierror).
 */
export function explainProvider(text: string): string[] {
  const requests = [...text.matchAll(REQUEST)];
  const explained = requests.flatMap(
    ({ index, 0: { length }, 1: method = "", 2: url = "", 3: status }, at) => {
      const answer = text.slice(index + length, requests[at + 1]?.index);
      return [...answer.matchAll(ERROR)].flatMap(
        ([, code, words = ""]) =>
          explainRefusal({ method, url, status: Number(status), code: Number(code), words }) ?? [],
      );
    },
  );
  return [...new Set(explained.map(({ code, what, mend }) => `${code}: ${what}\n  ${mend}`))];
}
