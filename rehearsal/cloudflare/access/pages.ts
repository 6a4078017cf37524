import { html } from "hono/html";

const style = html`<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
body { max-width: 26rem; margin: 12vh auto; padding: 0 1rem }
h1 { font-size: 1.3rem; line-height: 1.3 }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit }
input, button { margin: .3rem 0 1rem; padding: .6rem; border: 1px solid #888; border-radius: .4rem }
button { background: #1f58c7; border-color: #1f58c7; color: #fff }
footer { margin-top: 3rem; font-size: .85rem; opacity: .7 }
</style>`;

const page = (title: string, content: unknown) => html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>${style}</head>
<body>
<main>${content}</main>
<footer>A rehearsal: this page stands in for Cloudflare Access.</footer>
</body>
</html>`;

/** Keeps the fragment of the page that sent the person here, as Access does: redirects inherit the form's. */
const keepFragment = html`<script>
for (const form of document.forms) form.action += location.hash;
for (const link of document.links) if (link.target === "") link.href += location.hash;
</script>`;

/** Offers the login methods: the address for a one-time code, and a link for each identity provider. */
export const loginPage = (
  hostname: string,
  action: string,
  byCode: boolean,
  providers: readonly { readonly name: string; readonly href: string }[],
) =>
  page(
    "Sign in",
    html`<h1>Sign in to ${hostname}</h1>
${byCode ? codeForm(action) : ""}
${providers.length > 0 ? html`<nav aria-label="Identity providers">${providers.map(providerLink)}</nav>` : ""}
${byCode || providers.length > 0 ? keepFragment : html`<p>No login method is set up for this application.</p>`}`,
  );

const codeForm = (action: string) => html`<form method="post" action="${action}">
<label>Email <input type="email" name="email" autocomplete="email" required autofocus></label>
<button>Send me a code</button>
</form>`;

const providerLink = ({ name, href }: { readonly name: string; readonly href: string }) =>
  html`<p><a href="${href}">Sign in with ${name}</a></p>`;

/** An identity provider as the rehearsal plays it. */
export const identityProviderPage = (name: string, action: string, problem: string) =>
  page(
    name,
    html`<h1>${name}</h1>
<p role="status">${problem}</p>
<p>In this rehearsal ${name} believes who you say you are.</p>
<form method="post" action="${action}">
<label>Email <input type="email" name="email" autocomplete="email" required autofocus></label>
<button>Continue</button>
</form>${keepFragment}`,
  );

/** Asks for the code. It says the same whether or not one was sent, so that addresses cannot be tried out. */
export const codePage = (email: string, action: string, problem: string) =>
  page(
    "Enter code",
    html`<h1>Enter the code</h1>
<p role="status">${problem}</p>
<p>If ${email} may sign in, a code is on its way. In this rehearsal it lies in
<a href="/rehearsal/inbox?email=${encodeURIComponent(email)}" target="_blank">the inbox</a>.</p>
<form method="post" action="${action}">
<input type="hidden" name="email" value="${email}">
<label>Code <input name="code" inputmode="numeric" autocomplete="one-time-code" required autofocus></label>
<button>Sign in</button>
</form>${keepFragment}`,
  );

/** Asks for a second factor that the person has enrolled with Access. */
export const secondFactorPage = (hostname: string, action: string, authenticators: readonly string[]) =>
  page(
    "Second factor",
    html`<h1>Verify that it is you, for ${hostname}</h1>
<p>In this rehearsal whoever has enrolled something has it at hand.</p>
${authenticators.map(
  (name) => html`<form method="post" action="${action}">
<input type="hidden" name="authenticator" value="${name}">
<button>Use ${name}</button>
</form>`,
)}${keepFragment}`,
  );

/** For someone who is signed in to the team and may not use this application. */
export const forbiddenPage = (email: string, hostname: string) =>
  page(
    "Forbidden",
    html`<h1>That account does not have access.</h1><p>${email} may not use ${hostname}.</p>`,
  );

/** The rehearsal's stand-in for a mailbox. */
export const inboxPage = (email: string, code: string | undefined) =>
  page(
    "Inbox",
    html`<h1>Inbox of ${email}</h1>${code ? html`<p>Your code: <output id="code">${code}</output></p>` : html`<p>No mail.</p>`}`,
  );

export const messagePage = (title: string, text: string) =>
  page(title, html`<h1>${title}</h1><p>${text}</p>`);
