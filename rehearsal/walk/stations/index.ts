import { chatPageAnswers } from "./chat-page.ts";
import { newBrowserIsApproved, ownerChats } from "./control-ui.ts";
import { guestOnlyChats, loginIsEnough, memberChats, pageComesBack } from "./identity.ts";
import { ownerSignsIn, strangerIsRefused } from "./sign-in.ts";
import { signOutEndsIt } from "./sign-out.ts";
import type { Station } from "./station.ts";

export type SignIn = "token" | "access";

/** What people do in a browser, in the order of a first visit. Each begins where the one before it ended. */
export const stations: Readonly<Record<SignIn, readonly Station[]>> = {
  token: [strangerIsRefused, ownerSignsIn, newBrowserIsApproved, ownerChats, chatPageAnswers, signOutEndsIt],
  access: [
    strangerIsRefused,
    ownerSignsIn,
    loginIsEnough,
    ownerChats,
    pageComesBack,
    memberChats,
    guestOnlyChats,
    chatPageAnswers,
    signOutEndsIt,
  ],
};
