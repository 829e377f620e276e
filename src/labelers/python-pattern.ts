/*
 * Python's regular expressions (module `re`, 3.6, text patterns) as JavaScript source for the flag `v`.
 * Every character class and anchor is spelled out, since the same sign means other characters: `\d` and
 * `\w` are Unicode, `.` is all but a newline, `$` comes before a last newline too.
 *
 * Differences that are left: a reference to a group that took no part matches the empty text (in Python
 * nothing), a group inside a repetition is forgotten in each turn, and a repeated group does not take a
 * last, empty turn: `(b*)*` on `b` leaves `b` in the group, in Python nothing.
 */

export interface PythonPattern {
  /** For `new RegExp(source, flags)`. */
  readonly source: string;
  readonly flags: string;
  readonly groups: number;
  readonly groupNumbers: ReadonlyMap<string, number>;
}

/** Throws SyntaxError for what Python 3.6 refuses, and for what JavaScript cannot do. */
export function translatePattern(pattern: string): PythonPattern {
  return new Translator(pattern).translate();
}

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly x: boolean;
  readonly a: boolean;
}

const NO_FLAGS: Flags = { i: false, m: false, s: false, x: false, a: false };

const SPACES =
  "\\t-\\r\\u{1c}-\\u{20}\\u{85}\\u{a0}\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}\\u{202f}\\u{205f}\\u{3000}";

/** Contents of a class, by Python's category letter. */
const CATEGORIES: Readonly<Record<string, string>> = { d: "\\p{Nd}", w: "\\p{L}\\p{N}_", s: SPACES };
const ASCII_CATEGORIES: Readonly<Record<string, string>> = { d: "0-9", w: "a-zA-Z0-9_", s: "\\t-\\r\\u{20}" };

const START = "(?<![\\s\\S])";
const END = "(?![\\s\\S])";

/** Escapes for one character, in patterns and in replacements. */
export const CHARACTER_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

/** Digits of `\xhh`, `\uhhhh`, `\Uhhhhhhhh`. */
const HEX_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** Groups that are no captures, by what follows `(?`; the longest first. */
const ASSERTIONS = ["<=", "<!", "=", "!"];

const REPETITION = /^(?:[*+?]|\{(?:(?<exact>\d+)|(?<min>\d*),(?<max>\d*))\})/;

class Translator {
  readonly #text: string;
  readonly #names = new Map<string, number>();
  readonly #open = new Set<number>();
  #at = 0;
  #groups = 0;
  #flags = NO_FLAGS;

  constructor(pattern: string) {
    this.#text = pattern;
  }

  translate(): PythonPattern {
    const inline = /^\(\?([aiLmsux]+)\)/.exec(this.#text);
    if (inline?.[1] !== undefined) {
      this.#flags = this.#withFlags(inline[1], true);
      this.#at = inline[0].length;
    }
    const flags = this.#flags.i ? "iv" : "v";
    const source = this.#alternatives();
    if (this.#at < this.#text.length) throw this.#error("unbalanced parenthesis");
    const { size } = this.#names;
    try {
      new RegExp(source, flags);
    } catch (error) {
      throw new SyntaxError(`Cannot use pattern "${this.#text}": ${(error as Error).message}`, {
        cause: error,
      });
    }
    return { source, flags, groups: this.#groups, groupNumbers: size === 0 ? new Map() : this.#names };
  }

  #error(what: string): SyntaxError {
    return new SyntaxError(`Cannot use pattern "${this.#text}": ${what} at position ${this.#at}`);
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(expression: RegExp): RegExpExecArray | undefined {
    const found = expression.exec(this.#text.slice(this.#at)) ?? undefined;
    if (found !== undefined) this.#at += found[0].length;
    return found;
  }

  #character(): string {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) throw this.#error("unexpected end of pattern");
    const character = String.fromCodePoint(code);
    this.#at += character.length;
    return character;
  }

  /** Up to a closing parenthesis or the end. */
  #alternatives(): string {
    let out = "";
    while (this.#at < this.#text.length && this.#text[this.#at] !== ")") {
      out += this.#take("|") ? "|" : this.#item();
    }
    return out;
  }

  #item(): string {
    if (this.#flags.x && this.#match(/^(?:\s+|#[^\n]*)/)) return "";
    if (this.#match(/^\(\?#[^)]*\)/)) return "";
    if (REPETITION.test(this.#text.slice(this.#at))) throw this.#error("nothing to repeat");
    const { atom, repeats } = this.#atom();
    return atom + this.#repetition(repeats);
  }

  #repetition(repeats: boolean): string {
    if (this.#flags.x) this.#match(/^(?:\s+|#[^\n]*)+/);
    const found = REPETITION.exec(this.#text.slice(this.#at));
    if (found === null) return "";
    if (!repeats) throw this.#error("nothing to repeat");
    this.#at += found[0].length;
    const lazy = this.#take("?") ? "?" : "";
    if (REPETITION.test(this.#text.slice(this.#at))) {
      throw this.#error("multiple repeat (possessive quantifiers are not supported)");
    }
    const { min, max } = found.groups ?? {};
    if (min === undefined) return found[0] + lazy;
    if (max !== "" && Number(min) > Number(max)) throw this.#error("min repeat greater than max repeat");
    return `{${min === "" ? "0" : min},${max}}${lazy}`;
  }

  #atom(): { readonly atom: string; readonly repeats: boolean } {
    const character = this.#character();
    const { m, s } = this.#flags;
    switch (character) {
      case "^":
        return { atom: m ? "(?<![^\\n])" : START, repeats: false };
      case "$":
        return { atom: m ? "(?![^\\n])" : `(?=\\n?${END})`, repeats: false };
      case ".":
        return { atom: s ? "[\\s\\S]" : "[^\\n]", repeats: true };
      case "[":
        return { atom: this.#set(), repeats: true };
      case "(":
        return { atom: this.#group(), repeats: true };
      case "\\":
        return this.#escape();
      default:
        return { atom: literal(character), repeats: true };
    }
  }

  #group(): string {
    if (!this.#take("?")) return this.#capture();
    if (this.#take(":")) return `(?:${this.#body()})`;
    const assertion = ASSERTIONS.find((sign) => this.#take(sign));
    // In a group of its own: JavaScript does not repeat an assertion, Python does.
    if (assertion !== undefined) return `(?:(?${assertion}${this.#body()}))`;
    const name = this.#match(/^P<([^>]*)>/)?.[1];
    if (name !== undefined) return this.#capture(name);
    const reference = this.#match(/^P=([^)]*)\)/)?.[1];
    if (reference !== undefined) return this.#reference(this.#names.get(reference), reference);
    if (this.#take("(")) throw this.#error("conditional groups are not supported");
    if (this.#take(">")) throw this.#error("atomic groups are not supported");
    const scoped = this.#match(/^(?<on>[aimsx]*)(?:-(?<off>[imsx]+))?(?<end>[:)])/)?.groups;
    if (scoped === undefined) throw this.#error("unknown extension after (?");
    if (scoped["end"] === ")")
      throw this.#error("flags stand at the start of the pattern or have a group, (?i:...)");
    return this.#scoped(scoped["on"] ?? "", scoped["off"] ?? "");
  }

  #scoped(on: string, off: string): string {
    const outer = this.#flags;
    this.#flags = this.#withFlags(on, true);
    this.#flags = this.#withFlags(off, false);
    const modifier = this.#flags.i === outer.i ? "" : this.#flags.i ? "i" : "-i";
    const body = this.#body();
    this.#flags = outer;
    return `(?${modifier}:${body})`;
  }

  #withFlags(letters: string, value: boolean): Flags {
    if (letters.includes("L")) throw this.#error("the flag L is for patterns of bytes");
    const changes = [...letters].filter((letter) => letter !== "u").map((letter) => [letter, value]);
    return { ...this.#flags, ...Object.fromEntries(changes) };
  }

  #capture(name?: string): string {
    const number = ++this.#groups;
    if (name !== undefined) {
      if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) throw this.#error(`bad group name "${name}"`);
      if (this.#names.has(name)) throw this.#error(`group name "${name}" used twice`);
      this.#names.set(name, number);
    }
    this.#open.add(number);
    const body = this.#body();
    this.#open.delete(number);
    return `(${body})`;
  }

  #body(): string {
    const body = this.#alternatives();
    if (!this.#take(")")) throw this.#error("missing ), unterminated group");
    return body;
  }

  #reference(number: number | undefined, written: string): string {
    if (number === undefined || number > this.#groups) throw this.#error(`unknown group "${written}"`);
    if (this.#open.has(number)) throw this.#error(`group "${written}" refers to itself`);
    return `(?:\\${number})`;
  }

  #escape(): { readonly atom: string; readonly repeats: boolean } {
    const letter = this.#text[this.#at] ?? "";
    const word = `[${this.#category("w")}]`;
    const anchors: Readonly<Record<string, string>> = {
      A: START,
      Z: END,
      b: `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`,
      // Not in an empty text (until Python 3.14).
      B: `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word})(?:(?<=[\\s\\S])|(?=[\\s\\S])))`,
    };
    const anchor = anchors[letter];
    if (anchor !== undefined) {
      this.#at++;
      return { atom: anchor, repeats: false };
    }
    const number = this.#groupNumber();
    if (number !== undefined) return { atom: this.#reference(number, String(number)), repeats: true };
    const category = this.#categoryEscape();
    if (category !== undefined) return { atom: category, repeats: true };
    return { atom: literal(this.#characterEscape()), repeats: true };
  }

  /** `\1` to `\99`; three octal digits are a character. */
  #groupNumber(): number | undefined {
    const rest = this.#text.slice(this.#at);
    if (/^[0-7]{3}/.test(rest)) return undefined;
    const digits = this.#match(/^[1-9]\d?/)?.[0];
    return digits === undefined ? undefined : Number(digits);
  }

  #category(letter: string): string | undefined {
    return (this.#flags.a ? ASCII_CATEGORIES : CATEGORIES)[letter];
  }

  #categoryEscape(): string | undefined {
    const letter = this.#text[this.#at] ?? "";
    const content = this.#category(letter.toLowerCase());
    if (content === undefined) return undefined;
    this.#at++;
    return letter === letter.toLowerCase() ? `[${content}]` : `[^${content}]`;
  }

  /** After a backslash: what stands for one character. */
  #characterEscape(): string {
    const octal = this.#match(/^(?:0[0-7]{0,2}|[1-7][0-7]{2})/)?.[0];
    if (octal !== undefined) {
      const code = Number.parseInt(octal, 8);
      if (code > 0o377) throw this.#error(`octal escape \\${octal} is larger than \\377`);
      return String.fromCharCode(code);
    }
    if (this.#at === this.#text.length) throw this.#error("backslash at the end");
    const letter = this.#character();
    const known = CHARACTER_ESCAPES[letter];
    if (known !== undefined) return known;
    const length = HEX_LENGTHS[letter];
    if (length !== undefined) return this.#hexadecimal(letter, length);
    if (/[a-zA-Z0-9]/.test(letter)) throw this.#error(`bad escape \\${letter}`);
    return letter;
  }

  #hexadecimal(letter: string, length: number): string {
    const digits = this.#match(new RegExp(`^[0-9a-fA-F]{${length}}`))?.[0];
    const code = Number.parseInt(digits ?? "", 16);
    if (!(code <= 0x10_ffff)) throw this.#error(`incomplete escape \\${letter}`);
    return String.fromCodePoint(code);
  }

  /** After `[`. */
  #set(): string {
    const negated = this.#take("^") ? "^" : "";
    let out = "";
    for (let first = true; first || !this.#take("]"); first = false) {
      if (this.#at === this.#text.length) throw this.#error("unterminated character set");
      out += this.#member();
    }
    return `[${negated}${out}]`;
  }

  #member(): string {
    const low = this.#setItem();
    if (!/^-[^\]]/.test(this.#text.slice(this.#at))) return low.category ?? literal(low.character);
    this.#at++;
    const high = this.#setItem();
    if (low.category !== undefined || high.category !== undefined || low.character > high.character) {
      throw this.#error("bad character range");
    }
    return `${literal(low.character)}-${literal(high.character)}`;
  }

  #setItem(): { readonly category?: string; readonly character: string } {
    const character = this.#character();
    if (character !== "\\") return { character };
    const category = this.#categoryEscape();
    return category === undefined ? { character: this.#characterEscape() } : { category, character: "" };
  }
}

function literal(character: string): string {
  if (/[a-zA-Z0-9 ]/.test(character)) return character;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
