/** The kernel has no more CPUs or nodes than this (CONFIG_NR_CPUS_RANGE_END is 8192); a larger number is nonsense. */
const MAX_NUMBER = 65_535;

/** `3`, `0-3` or `0-30:2/4`, blanks between the parts. */
const ENTRY = /^\s*(\d+)\s*(?:-\s*(\d+)\s*(?::\s*(\d+)\s*\/\s*(\d+)\s*)?)?$/;

/**
 * Numbers of a list such as `0-3,7`, ascending and without repetition; an empty list is `[]`. Blanks are
 * tolerated. `0-30:2/4` takes the first 2 of every 4, docs.kernel.org/admin-guide/kernel-parameters.html;
 * cpuset(7). Throws SyntaxError for anything else, such as a range that runs backwards.
 */
export function parseCpuList(text: string): readonly number[] {
  if (text.trim() === "") return [];
  const numbers = new Set<number>();
  for (const entry of text.split(",")) addEntry(entry, numbers);
  return [...numbers].sort((a, b) => a - b);
}

function addEntry(entry: string, numbers: Set<number>): void {
  const [matched, from, to = from, used = "1", group = "1"] = ENTRY.exec(entry) ?? [];
  const [first, last, take, every] = [from, to, used, group].map(Number) as [number, number, number, number];
  if (matched === undefined || last > MAX_NUMBER || first > last || take === 0 || take > every) {
    throw new SyntaxError(
      `Cannot read "${entry.trim()}" of a CPU list: it must be a number, a range such as 0-3 or 0-30:2/4`,
    );
  }
  for (let start = first; start <= last; start += every) {
    for (let number = start; number < start + take && number <= last; number++) numbers.add(number);
  }
}

/** The shortest list of the numbers, as the kernel prints it: `0-3,7`. */
export function formatCpuList(numbers: Iterable<number>): string {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const ranges: string[] = [];
  let first: number | undefined;
  sorted.forEach((number, index) => {
    first ??= number;
    if (sorted[index + 1] === number + 1) return;
    ranges.push(first === number ? `${number}` : `${first}-${number}`);
    first = undefined;
  });
  return ranges.join(",");
}
