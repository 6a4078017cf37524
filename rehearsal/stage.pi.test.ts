import { rehearsePiSuite } from "../cli/rehearse-pi.suite.ts";
import { piFaultsSuite } from "../infra/pi-faults.suite.ts";
import { piLookSuite } from "../infra/pi-look.suite.ts";
import { connectorSuite } from "../pi/connector.suite.ts";
import { openclawSuite } from "../pi/openclaw.suite.ts";
import { openclawAccessSuite } from "../pi/openclaw-access.suite.ts";
import { openclawAgentSuite } from "../pi/openclaw-agent.suite.ts";
import { openclawFaultsSuite } from "../pi/openclaw-faults.suite.ts";
import { openclawFoundSuite } from "../pi/openclaw-found.suite.ts";
import { openclawStartSuite } from "../pi/openclaw-start.suite.ts";
import { sharedStage } from "./testing/shared-stage.ts";

// What the program does on a Pi, and a Pi that is not as it should be.
const stage = sharedStage();
piLookSuite(stage);
connectorSuite(stage);
openclawSuite(stage);
openclawAccessSuite(stage);
openclawAgentSuite(stage);
openclawFaultsSuite(stage);
openclawFoundSuite(stage);
openclawStartSuite(stage);
piFaultsSuite(stage);
rehearsePiSuite(stage);
