import type { TestCloudflare } from "./account.ts";
import { type Page, visit } from "./browse.ts";

/** An application that a test signs in to. */
export interface SignInTarget {
  readonly hostname: string;
  readonly aud: string;
}

/** The cookies of someone who has signed in, as a `Cookie` header. */
export interface Session {
  /** The application's. */
  readonly cookie: string;
  /** The team's own, for its domain. */
  readonly team: string;
}

/** The team's login page for an application and a path of it. */
export const loginUrl = ({ local }: TestCloudflare, app: SignInTarget, path = "/"): string =>
  `https://${local.teamDomain}/cdn-cgi/access/login/${app.hostname}?kid=${app.aud}&redirect_url=${encodeURIComponent(path)}`;

/** Sends a form as a browser does. */
export const postForm = (
  { browser }: TestCloudflare,
  url: string,
  fields: Record<string, string>,
): Promise<Page> =>
  visit(browser, url, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(fields).toString(),
  });

/** Asks for a code, takes it from the inbox and enters it; the answer to that. */
export async function enterCode(
  cloudflare: TestCloudflare,
  app: SignInTarget,
  email: string,
  path = "/",
): Promise<Page> {
  const url = loginUrl(cloudflare, app, path);
  await postForm(cloudflare, url, { email });
  const code = cloudflare.local.loginCode(email);
  if (!code) throw new Error(`no code for ${email}`);
  return postForm(cloudflare, url, { email, code });
}

/** Signs a person in by a one-time code, as far as the application's cookie. */
export async function signIn(
  cloudflare: TestCloudflare,
  app: SignInTarget,
  email: string,
  path = "/",
): Promise<Session> {
  return finishSignIn(cloudflare, await enterCode(cloudflare, app, email, path));
}

/** Says who one is to one of the login services that the login page offers, by its name; the answer to that. */
export async function signInAt(
  cloudflare: TestCloudflare,
  app: SignInTarget,
  service: string,
  email: string,
): Promise<Page> {
  const { body } = await visit(cloudflare.browser, loginUrl(cloudflare, app));
  return postForm(cloudflare, hrefOf(cloudflare, body, `Sign in with ${service}`), { email });
}

const hrefOf = ({ local }: TestCloudflare, page: string, text: string): string =>
  `https://${local.teamDomain}${new RegExp(`href="([^"]+)">${text}`).exec(page)?.[1]?.replaceAll("&amp;", "&")}`;

/** Follows the last redirect of a login to the application's host. */
export async function finishSignIn(cloudflare: TestCloudflare, done: Page): Promise<Session> {
  if (done.status !== 302) throw new Error(`not let in: ${done.status} ${done.body}`);
  const back = await visit(cloudflare.browser, done.headers.location as string);
  return { cookie: cookieOf(back), team: cookieOf(done) };
}

/** The first cookie that a page sets, without its attributes. */
export const cookieOf = (page: Page): string =>
  (page.headers["set-cookie"]?.[0] ?? "").split(";")[0] as string;
