import { ROWS } from "../src/model/catalogue/rows.ts";
import { escapeHelp } from "../src/storages/exposition/label-set.ts";

/** The table that limit.c includes: the HELP and TYPE lines of every metric, as the agent writes them. */
export function familiesHeader(): string {
  const rows = Object.entries(ROWS).map(([name, { help, type }]) => {
    const header = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    return `\t{${JSON.stringify(name)}, ${JSON.stringify(header)}},\n`;
  });
  return `static const struct { const char *name, *header; } FAMILIES[] = {\n${rows.join("")}};\n`;
}
