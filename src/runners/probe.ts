import { reasonOf } from "../config/reason.ts";
import type { Probing, Support } from "../model/support.ts";
import type { Task } from "../model/task.ts";

/**
 * What a component finds out about this host: rows of `wca doctor`. One that cannot, as where /proc is not
 * mounted or when it is the user's, costs only its own rows.
 */
export async function probe(
  instance: object,
  { component, tasks }: { readonly component: string; readonly tasks: readonly Task[] },
): Promise<readonly Support[]> {
  try {
    return (await (instance as Partial<Probing>).probe?.(tasks)) ?? [];
  } catch (error) {
    return [{ component, feature: "all of it", supported: false, detail: reasonOf(error) }];
  }
}
