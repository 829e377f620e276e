/** Series by name and labels, as written → value. */
export type Samples = ReadonlyMap<string, number>;

/** The batches in what a storage appended to a file: each begins with the same family. */
export function batchesIn(text: string): readonly Samples[] {
  const first = /^# HELP \S+ /.exec(text)?.[0];
  if (first === undefined) return [];
  return text
    .split(new RegExp(`^(?=${first})`, "m"))
    .filter((batch) => batch !== "")
    .map(samplesIn);
}

export function samplesIn(text: string): Samples {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, series, value] = /^([a-z_]+(?:\{.*\})?) (\S+)(?: \d+)?$/.exec(line) ?? [];
    if (series !== undefined) samples.set(series, Number(value));
  }
  return samples;
}

/** Values of one task by metric name; a further label's value stands behind a slash: `task_mem_numa_pages/0`. */
export function taskValues(samples: Samples, taskId: string): Readonly<Record<string, number>> {
  const values: Record<string, number> = {};
  for (const [series, value] of samples) {
    if (!series.includes(`task_id="${taskId}"`)) continue;
    const further = [...series.matchAll(/\b(numa_node|resource|kind)="([^"]*)"/g)].map(
      ([, , level]) => level,
    );
    values[[series.split("{")[0], ...further].join("/")] = value;
  }
  return values;
}
