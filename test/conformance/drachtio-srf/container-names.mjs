// Loaded into the engine's process before its own code (`node --import`): answers for the names of the suite's
// containers, as Docker's DNS does. The names and their addresses are this module's query.
import dns from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';

const addresses = new URL(import.meta.url).searchParams;
const { lookup } = dns;

/** @type {(name: string, options: object) => Promise<unknown>} */
const lookupContainer = async (name, options) => {
  const address = addresses.get(name);
  return address === null ? lookup(name, options) : [{ address, family: 4 }];
};
Object.assign(dns, { lookup: lookupContainer });
syncBuiltinESMExports();
