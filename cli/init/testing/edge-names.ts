/**
 * Loaded before a command under test (`node --import`): every name leads to the local edge, whose address EDGE_ADDRESS
 * is, so that nothing that a test starts asks a resolver.
 */
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";

const address = process.env.EDGE_ADDRESS ?? "127.0.0.1";
type Answer = (error: null, address: string | dns.LookupAddress[], family?: number) => void;

const lookup = (name: string, ...rest: readonly unknown[]): void => {
  const answer = rest.at(-1) as Answer;
  const { all } = (rest.length > 1 ? rest[0] : {}) as dns.LookupOptions;
  const found = /^[\d.]+$/.test(name) ? name : name === "localhost" ? "127.0.0.1" : address;
  if (all) answer(null, [{ address: found, family: 4 }]);
  else answer(null, found, 4);
};
Object.assign(dns, { lookup });
syncBuiltinESMExports();
