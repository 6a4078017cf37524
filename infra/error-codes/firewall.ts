import type { ErrorEntry } from "./entry.ts";

/** What can go wrong with the firewall option. */
export const firewallCodes = {
  FIREWALL_SHUTS_OUT: {
    meaning:
      "With the firewall as configured the machine that runs pulumi cannot reach the Pi by SSH. The rules were taken back.",
    mend: "Add its address or network to firewall.sshFrom, with the line that is shown.",
  },
  FIREWALL_TAKEN_BACK: {
    meaning:
      "The firewall's rules were not confirmed in time over a new SSH connection, and were taken back.",
    mend: "Run `npx pulumi up` again.",
  },
  FIREWALL_OTHER: {
    meaning: "Another firewall (ufw or firewalld) is on; two of them drop each what the other lets in.",
    mend: "Keep that one and set firewall.enabled to false, or switch it off.",
  },
  FIREWALL_NO_NFT: { meaning: "The Pi has no nft.", mend: "On the Pi: `sudo apt-get install nftables`." },
  FIREWALL_FAILED: {
    meaning: "nftables on the Pi does not take the rules; its words are shown. Nothing was changed.",
    mend: "See that the kernel has nftables with connection tracking: `sudo modprobe nf_conntrack`.",
  },
} as const satisfies Record<string, ErrorEntry>;
