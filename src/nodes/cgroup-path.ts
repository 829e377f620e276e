import { z } from "zod";

/** A cgroup path as users write it: with or without a leading slash, below the mount points. */
export function cgroupPath(): z.ZodString {
  return z
    .string()
    .max(4096)
    .refine((value) => !value.split("/").includes(".."), { error: 'a cgroup path without ".."' })
    .refine((value) => !value.includes("\0"), { error: "a cgroup path without NUL" })
    .meta({ words: "a cgroup path" });
}

/** A path that names a cgroup other than the root. */
export function cgroupName(): z.ZodString {
  return cgroupPath()
    .refine((value) => plainPath(value) !== "", {
      error: "a cgroup path that is not the root",
    })
    .meta({ words: "a cgroup path" });
}

/** The one spelling of a path: leading slash, none at the end, none doubled; empty for the root. */
export function plainPath(written: string): string {
  const parts = written.split("/").filter((part) => part !== "" && part !== ".");
  return parts.map((part) => `/${part}`).join("");
}
