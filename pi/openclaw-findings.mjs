/**
 * What OpenClaw's own security audit says of a change. infra/pi-script.ts puts this in front of openclaw.mjs.
 */

/**
 * Critical findings that were not there before a change; none where the audit did not answer.
 * @param expected ids of findings that are meant (infra/openclaw-wanted.ts)
 */
function newFindings(before, after, expected) {
  if (!before || !after) return [];
  const known = new Set([...before.map(({ checkId }) => checkId), ...expected]);
  return after.filter(({ checkId }) => !known.has(checkId));
}

const criticalChange = (found) =>
  new Refusal(
    "OPENCLAW_AUDIT_CRITICAL",
    `with these settings OpenClaw's security audit finds something critical; its config was put back:\n    ${found.map(({ checkId, title }) => `${checkId}: ${title}`).join("\n    ")}`,
    "see what OpenClaw says of it as it is, on the Pi: openclaw security audit; mend that, then run npx pulumi up again",
  );

export { criticalChange, newFindings };
