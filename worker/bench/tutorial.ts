import { Hono } from "hono";
import { createRemoteJWKSet, jwtVerify } from "jose";

interface Env {
  readonly VPC_SERVICE: Fetcher;
  readonly TEAM_DOMAIN: string;
  readonly POLICY_AUD: string;
}

/**
 * What a first gateway looks like: a middleware that verifies the token anew for each request, with keys that it
 * fetches anew too, and a request that is handed on as it is. Only here to be compared with.
 */
const app = new Hono<{ Bindings: Env }>();

app.use(async (c, next) => {
  const { TEAM_DOMAIN: issuer, POLICY_AUD: audience } = c.env;
  const keys = createRemoteJWKSet(new URL(`${issuer}/cdn-cgi/access/certs`));
  await jwtVerify(c.req.header("cf-access-jwt-assertion") ?? "", keys, { issuer, audience });
  return next();
});

app.all("*", (c) => {
  const { pathname, search } = new URL(c.req.url);
  return c.env.VPC_SERVICE.fetch(new Request(`http://openclaw.invalid${pathname}${search}`, c.req.raw));
});

export default app;
