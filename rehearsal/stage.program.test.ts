import { recipesSuite } from "../cli/docs/recipes.suite.ts";
import { initSuite } from "../cli/init/init.suite.ts";
import { rotateSuite } from "../cli/rotate/rotate.suite.ts";
import { examplesSuite } from "../examples/examples.suite.ts";
import { hostnamesSuite } from "../infra/hostnames.suite.ts";
import { interruptedSuite } from "../infra/interrupted.suite.ts";
import { programSuite } from "../infra/program.suite.ts";
import { programFailsSuite } from "../infra/program-fails.suite.ts";
import { sharedStage } from "./testing/shared-stage.ts";

// The program as a whole, from its set-up to its end, and what the documentation says of it.
const stage = sharedStage();
programSuite(stage);
programFailsSuite(stage);
examplesSuite(stage);
recipesSuite(stage);
initSuite(stage);
rotateSuite(stage);
interruptedSuite(stage);
hostnamesSuite(stage);
