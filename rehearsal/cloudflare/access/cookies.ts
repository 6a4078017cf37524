import type { AccessApp } from "../account.ts";

/** All cookies of this name: a neighbour on the same site may have set a second one. */
export function cookiesOf(
  request: { readonly headers: Readonly<Record<string, unknown>> },
  name: string,
): string[] {
  return String(request.headers.cookie ?? "")
    .split(";")
    .map((pair) => pair.trim().split("="))
    .filter(([key]) => key === name)
    .map(([, ...value]) => value.join("="));
}

/**
 * The application's session cookie. Access says None where the application says nothing
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/).
 */
export function sessionCookie(app: AccessApp, jwt: string): string {
  const wanted = String(app.sent.same_site_cookie_attribute ?? "none").toLowerCase();
  const sameSite = wanted === "lax" ? "Lax" : wanted === "strict" ? "Strict" : "None";
  const httpOnly = app.sent.http_only_cookie_attribute === false ? "" : " HttpOnly;";
  return `CF_Authorization=${jwt}; Path=/; Secure;${httpOnly} SameSite=${sameSite}`;
}

/** Its name: what ties a session to a browser goes as far as the edge alone, and no Worker sees it. */
const BINDING = "CF_Binding";

/** What ties a session to its browser, where the application asks for it. */
export const bindingCookie = (value: string): string =>
  `${BINDING}=${value}; Path=/; Secure; HttpOnly; SameSite=None`;

/** Whether a session comes from the browser that it was given to, as far as its application asks. */
export const isBound = (app: AccessApp, request: Parameters<typeof cookiesOf>[0], value: string): boolean =>
  !app.sent.enable_binding_cookie || cookiesOf(request, BINDING).includes(value);

/** A Cookie header as a Worker gets it; undefined when nothing of it is for the Worker. */
export function cookiesForWorker(header: string): string | undefined {
  const kept = header.split(";").filter((pair) => pair.trim().split("=")[0] !== BINDING);
  return kept.length === 0 ? undefined : kept.join(";").trim();
}
