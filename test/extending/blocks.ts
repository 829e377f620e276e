/* The blocks of a tutorial in Markdown: files that it shows, and commands with what they print. */

/** A fenced block. */
export interface Block {
  /** Of the opening fence, counted from 1. */
  readonly line: number;
  readonly language: string;
  /** What stands behind the language: a file name, and attributes such as `exit=2`. */
  readonly words: readonly string[];
  readonly text: string;
}

/** A block of commands. */
export interface Session {
  readonly commands: string;
  /** `…` stands for anything in a line, and alone on a line for any lines. */
  readonly expected: readonly string[];
}

export function blocksOf(markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split("\n");
  for (let index = 0; index < lines.length; index += 1) {
    const [, fence, info] = /^(```+)(.*)$/.exec(lines[index] ?? "") ?? [];
    if (fence === undefined || info === undefined) continue;
    const end = lines.indexOf(fence, index + 1);
    if (end < 0) throw new SyntaxError(`Cannot find the end of the block in line ${index + 1}`);
    const [language = "", ...words] = info.trim().split(/\s+/);
    const text = lines.slice(index + 1, end).join("\n");
    blocks.push({ line: index + 1, language, words, text: `${text}\n` });
    index = end;
  }
  return blocks;
}

export function sessionOf({ text }: Block): Session {
  const lines = text.trimEnd().split("\n");
  return {
    commands: lines
      .filter((line) => line.startsWith("$ "))
      .map((line) => line.slice(2))
      .join("\n"),
    expected: lines.filter((line) => !line.startsWith("$ ")),
  };
}

/** Whether the output is as expected, see {@link Session}. */
export function matches(output: string, expected: readonly string[]): boolean {
  const lines = expected.map((line) =>
    line === "…" ? "(?:.*\n)*?" : `${line.split("…").map(RegExp.escape).join(".*")}\n`,
  );
  return new RegExp(`^${lines.join("")}$`).test(
    output === "" || output.endsWith("\n") ? output : `${output}\n`,
  );
}
