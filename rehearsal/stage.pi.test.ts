import { rehearsePiSuite } from "../cli/rehearse-pi.suite.ts";
import { piFaultsSuite } from "../infra/pi-faults.suite.ts";
import { piLookSuite } from "../infra/pi-look.suite.ts";
import { piReachSuite } from "../infra/pi-reach.suite.ts";
import { connectorSuite } from "../pi/connector.suite.ts";
import { openclawSuite } from "../pi/openclaw.suite.ts";
import { openclawAccessSuite } from "../pi/openclaw-access.suite.ts";
import { sharedStage } from "./testing/shared-stage.ts";

// What the program does on a Pi, and a Pi that is not as it should be.
const stage = sharedStage();
piLookSuite(stage);
connectorSuite(stage);
openclawSuite(stage);
openclawAccessSuite(stage);
piFaultsSuite(stage);
piReachSuite(stage);
rehearsePiSuite(stage);
