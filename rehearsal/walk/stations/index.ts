import { chatPageAnswers } from "./chat-page.ts";
import { newBrowserIsApproved, ownerChats } from "./control-ui.ts";
import { ownerSignsIn, strangerIsRefused } from "./sign-in.ts";
import { signOutEndsIt } from "./sign-out.ts";
import type { Station } from "./station.ts";

/** What people do in a browser, in the order of a first visit. Each begins where the one before it ended. */
export const stations: readonly Station[] = [
  strangerIsRefused,
  ownerSignsIn,
  newBrowserIsApproved,
  ownerChats,
  chatPageAnswers,
  signOutEndsIt,
];
