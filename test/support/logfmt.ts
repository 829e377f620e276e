/** Escapes of one letter in a quoted value. */
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** Pairs of one line of logfmt, letter by letter. Throws on anything that is not such a line. */
export function parseLogfmt(line: string): Readonly<Record<string, string>> {
  const pairs: Record<string, string> = {};
  let at = 0;
  const fail = (what: string) => new SyntaxError(`${what} at ${at} of ${JSON.stringify(line)}`);
  function quoted(): string {
    let value = "";
    for (at++; line[at] !== '"'; at++) {
      const letter = line[at];
      if (letter === undefined || letter < " ") throw fail("open quote");
      if (letter !== "\\") {
        value += letter;
        continue;
      }
      const kind = line[++at] ?? "";
      if (kind === "u") {
        value += String.fromCharCode(Number.parseInt(line.slice(at + 1, at + 5), 16));
        at += 4;
      } else if (kind in ESCAPES) value += ESCAPES[kind];
      else throw fail("unknown escape");
    }
    at++;
    return value;
  }
  function until(ends: string): string {
    const start = at;
    while (at < line.length && !ends.includes(line[at] ?? "")) at++;
    return line.slice(start, at);
  }
  while (at < line.length) {
    const key = until("= ");
    if (!/^[a-z]+$/.test(key) || line[at] !== "=" || key in pairs) throw fail("no new key");
    at++;
    pairs[key] = line[at] === '"' ? quoted() : until(' "=');
    if (at === line.length) break;
    if (line[at] !== " ") throw fail("no space");
    at++;
  }
  return pairs;
}

/** Lines of a log as `LEVEL [logger] message`, without their times. */
export function logLines(text: string): readonly string[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const { level = "", logger, msg } = parseLogfmt(line);
    return `${level.toUpperCase()} [${logger}] ${msg}`;
  });
}
