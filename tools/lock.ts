/** Waits for the file's lock of flock(1), which the kernel releases when its holder dies. */
export async function lock(file: string): Promise<AsyncDisposable> {
  // The holder says when it has the lock, then keeps it until its standard input ends.
  const child = Bun.spawn(["flock", "--no-fork", file, "sh", "-c", "echo locked && exec cat"], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const { value } = await child.stdout.getReader().read();
  if (value === undefined) {
    await child.exited;
    throw new Error(`Cannot lock "${file}": ${(await child.stderr.text()).trim()}`);
  }
  return {
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await child.exited;
    },
  };
}
