/** Waits for the promise, at most so long; a late one is left alone and `onLate`'s error thrown. */
export async function withDeadline<T>(
  promise: Promise<T>,
  milliseconds: number,
  onLate: () => Error,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(onLate()), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
