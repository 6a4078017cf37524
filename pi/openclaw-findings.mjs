/**
 * What OpenClaw's own security audit says of a change. infra/pi-script.ts puts this in front of openclaw.mjs.
 */

/**
 * Critical findings that a stack causes knowingly; docs/security-guide.md lists them. With `signIn: access` the
 * identity that the gateway vouches for is the login, which is what that finding says.
 */
const expectedFindings = ({ access }) => (access ? ["gateway.trusted_proxy_auth"] : []);

/** Critical findings that were not there before a change and are not meant; none where the audit did not answer. */
function newFindings(before, after, wanted) {
  if (!before || !after) return [];
  const known = new Set([...before.map(({ checkId }) => checkId), ...expectedFindings(wanted)]);
  return after.filter(({ checkId }) => !known.has(checkId));
}

const criticalChange = (found) =>
  new Refusal(
    "OPENCLAW_AUDIT_CRITICAL",
    `with these settings OpenClaw's security audit finds something critical; its config was put back:\n    ${found.map(({ checkId, title }) => `${checkId}: ${title}`).join("\n    ")}`,
    "see what OpenClaw says of it as it is, on the Pi: openclaw security audit; mend that, then run npx pulumi up again",
  );

export { criticalChange, newFindings };
