import { auditSuite } from "../pi/audit.suite.ts";
import { modelKeySuite } from "../pi/model-key.suite.ts";
import { openclawSuite } from "../pi/openclaw.suite.ts";
import { openclawAccessSuite } from "../pi/openclaw-access.suite.ts";
import { openclawAgentSuite } from "../pi/openclaw-agent.suite.ts";
import { openclawFaultsSuite } from "../pi/openclaw-faults.suite.ts";
import { openclawFoundSuite } from "../pi/openclaw-found.suite.ts";
import { openclawProxiesSuite } from "../pi/openclaw-proxies.suite.ts";
import { openclawStartSuite } from "../pi/openclaw-start.suite.ts";
import { sharedStage } from "./testing/shared-stage.ts";

// What the program does with OpenClaw on a Pi, and what watches over both.
const stage = sharedStage();
openclawSuite(stage);
openclawAccessSuite(stage);
openclawProxiesSuite(stage);
openclawAgentSuite(stage);
openclawFoundSuite(stage);
openclawStartSuite(stage);
openclawFaultsSuite(stage);
modelKeySuite(stage);
auditSuite(stage);
