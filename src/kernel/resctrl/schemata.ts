/** Resource → domain → value as it stands there: `L3` → `0` → `7ff`. */
export type Schemata = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * Parses a group's `schemata`, filesystems/resctrl.rst. Names and values may be padded (`    MB:0=  100`);
 * domains are numbers the kernel gives to caches, with gaps. Lines of another form are left out.
 */
export function parseSchemata(text: string): Schemata {
  const schemata = new Map<string, ReadonlyMap<string, string>>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    schemata.set(line.slice(0, colon).trim(), parseDomains(line.slice(colon + 1)));
  }
  return schemata;
}

/** Parses `0=32;1=32`, the form of every file that has a value for each domain. */
export function parseDomains(text: string): ReadonlyMap<string, string> {
  const domains = new Map<string, string>();
  for (const part of text.split(";")) {
    const [domain = "", value] = part.split("=");
    if (value !== undefined) domains.set(domain.trim(), value.trim());
  }
  return domains;
}
