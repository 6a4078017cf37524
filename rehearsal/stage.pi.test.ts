import { rehearsePiSuite } from "../cli/rehearse-pi.suite.ts";
import { piFaultsSuite } from "../infra/pi-faults.suite.ts";
import { piLookSuite } from "../infra/pi-look.suite.ts";
import { piOptionsSuite } from "../infra/pi-options.suite.ts";
import { piReachSuite } from "../infra/pi-reach.suite.ts";
import { connectorSuite } from "../pi/connector.suite.ts";
import { connectorPackageSuite } from "../pi/connector-package.suite.ts";
import { connectorStartSuite } from "../pi/connector-start.suite.ts";
import { firewallSuite } from "../pi/firewall.suite.ts";
import { openclawProfilesSuite } from "../pi/openclaw-profiles.suite.ts";
import { sharedStage } from "./testing/shared-stage.ts";

// What the program does on a Pi, and a Pi that is not as it should be.
const stage = sharedStage();
piLookSuite(stage);
connectorSuite(stage);
connectorPackageSuite(stage);
connectorStartSuite(stage);
piFaultsSuite(stage);
firewallSuite(stage);
piOptionsSuite(stage);
piReachSuite(stage);
openclawProfilesSuite(stage);
rehearsePiSuite(stage);
