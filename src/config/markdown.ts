/** A table with a header; cells may hold anything but lines. */
export function markdownTable(header: readonly string[], rows: Iterable<readonly string[]>): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(" | ")} |`;
  return [line(header), `|${"---|".repeat(header.length)}`, ...[...rows].map(line)].join("\n");
}

/** Text set as code; empty text stays empty. */
export function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}

function escaped(cell: string): string {
  return cell.replaceAll("|", "\\|").replaceAll("\n", " ");
}
