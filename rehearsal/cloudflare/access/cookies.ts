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
 * The application's session cookie. Lax unless the application says otherwise, as Strict can loop
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/).
 */
export function sessionCookie(app: AccessApp, jwt: string): string {
  const wanted = String(app.sent.same_site_cookie_attribute ?? "lax").toLowerCase();
  const sameSite = wanted === "none" ? "None" : wanted === "strict" ? "Strict" : "Lax";
  const httpOnly = app.sent.http_only_cookie_attribute === false ? "" : " HttpOnly;";
  return `CF_Authorization=${jwt}; Path=/; Secure;${httpOnly} SameSite=${sameSite}`;
}
