import { z } from "zod";
import { OtlpStorage } from "../../../src/storages/otlp/otlp.ts";
import { type TestContext, testContext } from "../../support/context.ts";
import { tempTree } from "../../support/tree.ts";

export interface MadeStorage {
  readonly storage: OtlpStorage;
  readonly context: TestContext;
}

/** A storage with these options, as a configuration file would give them. */
export function makeStorage(
  options: z.input<z.ZodObject<typeof OtlpStorage.component.options>>,
): MadeStorage {
  using tree = tempTree({});
  const context = testContext(tree.host);
  const parsed = z.object(OtlpStorage.component.options).parse(options);
  return { storage: new OtlpStorage(parsed, context), context };
}
