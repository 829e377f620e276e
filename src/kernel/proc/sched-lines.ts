/** What one number is of. */
export type SchedCell =
  | { readonly metric: "stat"; readonly levels: readonly [key: string] }
  | { readonly metric: "numaFaults"; readonly levels: readonly [node: string, type: string] };

/** The text before a number, its padding left out, and what the number is of. */
export interface SchedNumber {
  readonly head: string;
  readonly cell: SchedCell;
}

const NUMBER = /^ *-?\d+(?:\.\d+)? *$/;
/** On the line with the name of the thread. */
const THREADS = "#threads";
const FAULTS = /^numa_faults node=(\d+)((?: [^ =]+=\d+){4})$/;

/**
 * The numbers on a line of `/proc/TID/sched`: one behind the only colon, or four of page faults. None on a
 * line of another form.
 */
export function schedNumbersOf(line: string): readonly SchedNumber[] {
  const [, node, fields] = FAULTS.exec(line) ?? [];
  if (node !== undefined && fields !== undefined) return faultsOf(node, fields);
  const [head = "", number, ...more] = line.split(":");
  const key = head.trim();
  if (key === "" || key.includes(THREADS) || number === undefined || more.length > 0 || !NUMBER.test(number))
    return [];
  return [{ head: `${head}:`, cell: { metric: "stat", levels: [key] } }];
}

function faultsOf(node: string, fields: string): readonly SchedNumber[] {
  return fields
    .trim()
    .split(" ")
    .map((field, index) => {
      const [type = ""] = field.split("=");
      return {
        head: `${index === 0 ? `numa_faults node=${node}` : ""} ${type}=`,
        cell: { metric: "numaFaults", levels: [node, type] },
      };
    });
}
